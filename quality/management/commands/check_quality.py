"""manage.py check_quality: run the checks now, in this process, and say what is wrong."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from typing import Any, TypedDict

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from quality.delivering import deliver_due
from quality.describing import CheckText, described
from quality.findings import Finding, Level
from quality.registry import checks
from quality.services import Checked, UnknownCheckError, run_check, run_checks

FOUND, FAILED = 1, 2


class FindingText(TypedDict):
    """One finding, as --json prints it."""

    check: str
    ledger: str
    subject: str
    level: str
    message: str
    hint: str


class Command(BaseCommand):
    """Run every check once, without a worker, and bring the alerts up to what they found.

    Exit code 0 if nothing is wrong, 1 if something was found, 2 if a check did not run to its
    end or does not exist: then not everything that is wrong may be known.
    """

    help = (
        "Run the quality checks now and print what is wrong. "
        "Exit code: 0 nothing, 1 something was found, 2 a check failed or does not exist."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a check, --list and --json."""
        parser.add_argument("--list", action="store_true", help="print the checks and stop")
        parser.add_argument("--json", action="store_true", help="print JSON")
        parser.add_argument("--check", metavar="ID", help="run this one only")

    def handle(self, *args: Any, **options: Any) -> None:
        """List or run."""
        if options["list"]:
            self._list(as_json=options["json"])
            return
        ran = _run(options["check"])
        deliver_due(timezone.now())
        if options["json"]:
            self.stdout.write(json.dumps([_text(*one) for one in _found(ran)], indent=2))
        else:
            self._print(ran)
        for checked in ran:
            if checked.run.error:
                self.stderr.write(f"{checked.run.check_id}: {checked.run.error}")
        if any(checked.run.error for checked in ran):
            sys.exit(FAILED)
        if any(checked.findings for checked in ran):
            sys.exit(FOUND)

    def _list(self, *, as_json: bool) -> None:
        texts = [described(check) for _, check in sorted(checks.items())]
        if as_json:
            self.stdout.write(json.dumps(texts, indent=2))
            return
        for text in texts:
            self.stdout.write("\n".join(_lines(text)))

    def _print(self, ran: Sequence[Checked]) -> None:
        for check_id, finding in _found(ran):
            self.stdout.write(f"{finding.level.name:8} {check_id} {finding.subject}")
            self.stdout.write(f"         {finding.message}")
            self.stdout.write(f"         {finding.hint}")
        total = sum(len(checked.findings) for checked in ran)
        self.stdout.write(f"Checks: {len(ran)}. Findings: {total}.")


def _run(check_id: str | None) -> list[Checked]:
    now = timezone.now()
    if check_id is None:
        return run_checks(now)
    try:
        return [run_check(check_id, now)]
    except UnknownCheckError as error:
        raise CommandError(str(error), returncode=FAILED) from error


def _found(ran: Sequence[Checked]) -> Iterator[tuple[str, Finding]]:
    """Yield what was found, the worst first."""
    every = [(checked.run.check_id, one) for checked in ran for one in checked.findings]
    yield from sorted(every, key=lambda pair: -pair[1].level)


def _text(check_id: str, finding: Finding) -> FindingText:
    return FindingText(
        check=check_id,
        ledger=finding.ledger,
        subject=finding.subject,
        level=Level(finding.level).label,
        message=finding.message,
        hint=finding.hint,
    )


def _lines(text: CheckText) -> Iterator[str]:
    yield f"{text['id']}  every {text['every']}"
    yield f"    {text['asserts']}"
    if text["explains"]:
        yield f"    {text['explains']}"
    for one in text["thresholds"]:
        changed = "" if one["value"] == one["default"] else f", here {one['value']}"
        yield f"    {one['variable']} (default {one['default']}{changed}): {one['why']}"
