"""Checks of the sources themselves: which rest, and which could not be started at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from ledgers import breaker
from ledgers.collecting.needs import missing, variable_of
from ledgers.collecting.registry import active, broken, collectors, expected_feeds, job_name
from ledgers.models import CollectorRun
from quality.findings import Finding, Level
from quality.registry import register


@register("sources.resting", ledger=None)
def no_source_rests(now: datetime) -> Iterator[Finding]:
    """No source has failed so often that it is left alone for a while.

    Its breaker closes by itself when the run that tries it again succeeds.
    """
    on = {job_name(collector): collector for collector in active().values()}
    for schedule in breaker.resting(now).filter(is_paused=False, job__in=on):
        collector = on[schedule.job]
        slug = collector.slug
        last = CollectorRun.objects.filter(feed__source=slug, finished_at__isnull=False).first()
        said = f" Its last look ended {last.outcome}: {last.error}" if last else ""
        yield Finding(
            ledger=collector.ledger,
            subject=slug,
            level=Level.ERROR,
            message=(
                f"{slug} rests until {schedule.rests_until:%F %T} UTC. "
                f"Failed rounds in a row: {schedule.failures}.{said}"
            ),
            hint="It is tried again by itself. To try it now: Run now in the admin, under Sources.",
        )


@register("sources.broken", ledger=None)
def no_source_is_broken(now: datetime) -> Iterator[Finding]:  # noqa: ARG001  # a check takes now
    """Every source that should be on could be started, and has what it needs."""
    expected_feeds()  # whoever cannot name its feeds is noted as broken
    for name, error in sorted(broken.items()):
        yield Finding(
            ledger="",
            subject=name,
            level=Level.CRITICAL,
            message=f"{name} is left out, because it could not be started: {error}",
            hint="Mend or remove its file, then start worker, beat and web again.",
        )
    for slug in sorted(set(settings.OMC_PLUG_INS)):
        yield from _wanted(slug)


def _wanted(slug: str) -> Iterator[Finding]:
    """Say what keeps a plug-in that somebody switched on from working."""
    collector = collectors.get(slug)
    if collector is None:
        known = sorted(name for name, one in collectors.items() if one.is_plug_in)
        yield Finding(
            ledger="",
            subject=slug,
            level=Level.WARNING,
            message=f"OMC_PLUG_INS names {slug}, and no source is called so.",
            hint=f"There are: {', '.join(known) or 'none'}.",
        )
    elif lacking := missing(collector):
        variables = ", ".join(variable_of(collector, name) for name in lacking)
        yield Finding(
            ledger=collector.ledger,
            subject=slug,
            level=Level.ERROR,
            message=f"OMC_PLUG_INS names {slug}, which lacks {', '.join(lacking)}.",
            hint=f"Set {variables}, or enter the values in the admin under Sources.",
        )
