"""Checks of the sources themselves: which could not be started, or lack what they need."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from ledgers.collecting.needs import missing, variable_of
from ledgers.collecting.registry import broken, collectors, expected_feeds
from quality.findings import Finding, Level
from quality.registry import register


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
