"""Runs of checks: look, read-only and bounded; then bring the alerts up to what was found.

A check that cannot run to its end is itself a finding: what it would have said is not known, and
silence would be taken for good news.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from django.conf import settings
from django.db import connection, transaction

from ledgers.slots import Claim, fenced, finish
from quality.alerting import Trouble, retire, troubles_of, write_alerts
from quality.channels import Notice
from quality.delivering import enqueue, tell_at_once
from quality.findings import Finding, Level
from quality.models import CheckRun
from quality.registry import Check, checks

logger = logging.getLogger(__name__)

# Two keys: one-key advisory locks are announcements of the ledgers.
LOCK = "SELECT pg_advisory_xact_lock(hashtext('quality'), hashtext(%s))"
TIMEOUT = "SELECT set_config('statement_timeout', %s, true)"


class UnknownCheckError(ValueError):
    """Say which check does not exist, and which do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One run, and what it found."""

    run: CheckRun
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What a check said; `error` if it did not get to its end."""

    findings: Sequence[Finding]
    troubles: Mapping[str, Trouble]
    error: str = ""


def run_check(check_id: str, now: datetime, *, claim: Claim | None = None) -> Checked:
    """Run one check and write its alerts; with a claim, also close its slot.

    Raises `FencedError`, and changes nothing, if another worker took the slot meanwhile.
    """
    check = _known(check_id)
    run = CheckRun.objects.create(check_id=check.id, started_at=now)
    started = monotonic()
    look = _look(check, now)
    run.duration = timedelta(seconds=monotonic() - started)
    run.findings, run.error = len(look.findings), look.error
    run.worst = max((finding.level for finding in look.findings), default=None)
    with _open(claim):
        _write(run, look, now)
    return Checked(run=run, findings=look.findings)


def run_checks(now: datetime) -> list[Checked]:
    """Run every check, each for itself, and close the alerts of those that exist no more."""
    with transaction.atomic():
        _tell(retire(checks, now), now)
    return [run_check(check_id, now) for check_id in sorted(checks)]


def _known(check_id: str) -> Check:
    if check_id not in checks:
        known = ", ".join(sorted(checks))
        raise UnknownCheckError(f"No check is called {check_id!r}. There are: {known}.")
    return checks[check_id]


def _look(check: Check, now: datetime) -> _Look:
    """Ask the check; an error of its own becomes its one finding."""
    try:
        with _read_only():
            found = check.findings(now)
        return _Look(findings=found, troubles=troubles_of(found))
    except Exception as error:
        logger.exception("Check %s did not run to its end.", check.id)
        failed = [_failed(check, error)]
        said = f"{type(error).__name__}: {error}"
        return _Look(findings=failed, troubles=troubles_of(failed), error=said)


def _failed(check: Check, error: Exception) -> Finding:
    return Finding(
        ledger=check.ledger or "",
        subject=check.id,
        level=Level.ERROR,
        message=f"{check.id} did not run to its end: {type(error).__name__}.",
        hint="What it asserts is not known until it does. Its runs in the admin have the error.",
    )


@contextmanager
def _read_only() -> Iterator[None]:
    """Open a transaction in which PostgreSQL refuses every write and every long query."""
    patience = int(settings.OMC_CHECK_TIMEOUT.total_seconds() * 1000)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(TIMEOUT, [f"{patience}ms"])
        yield


@contextmanager
def _open(claim: Claim | None) -> Iterator[None]:
    """Open the transaction that writes; the slot's newest claim alone may commit it."""
    if claim is None:
        with transaction.atomic():
            yield
    else:
        with fenced(claim) as slot:
            yield
            finish(slot)


def _write(run: CheckRun, look: _Look, now: datetime) -> None:
    """Keep the run, and its alerts unless a run that looked later has written them."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [run.check_id])
    run.save()
    later = CheckRun.objects.filter(check_id=run.check_id, pk__gt=run.pk)
    if later.filter(duration__isnull=False).exists():
        return
    notices = write_alerts(run.check_id, look.troubles, now, is_whole=not look.error)
    _tell(notices, now)


def _tell(notices: Sequence[Notice], now: datetime) -> None:
    """Write down who is told, and tell at once, when it is committed, whom one can."""
    if told := enqueue(notices, now):
        transaction.on_commit(partial(tell_at_once, told, now))
