"""manage.py import_fills: bring a file of trades into a user's account."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledgers.collecting.errors import BadValueError
from ledgers.exchange.importing.cells import asset_of
from ledgers.exchange.importing.formats import FORMATS, HOME_ZONE
from ledgers.exchange.importing.reading import FileRefusedError
from ledgers.exchange.importing.reporting import as_json, as_text
from ledgers.exchange.importing.service import ImportAsk, ImportRefusedError, import_file
from ledgers.exchange.models import Account


class Command(BaseCommand):
    """Import one file.

    Exit code 0 if every line is usable, or at least one: the rejected ones are named on stderr
    and in the summary. Exit code 1 if the file was refused or none of its lines is usable.
    """

    help = "Import a file of trades into a user's account; importing it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a file, its format, and whose it is."""
        parser.add_argument("file", help="a CSV")
        parser.add_argument("--format", required=True, choices=sorted(FORMATS))
        parser.add_argument("--user", required=True, help="whose trades they are")
        parser.add_argument(
            "--create-user", action="store_true", help="make the user if missing, without password"
        )
        parser.add_argument("--account", default="", help="default: named after the format")
        parser.add_argument("--base-currency", help="of a new account; default: AUD")
        parser.add_argument(
            "--fees", choices=Account.Fees.values, help="how a new account counts; default: basis"
        )
        parser.add_argument(
            "--time-zone", default=HOME_ZONE, help=f"of times without one; default: {HOME_ZONE}"
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would happen")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and report."""
        path = Path(options["file"])
        try:
            report = import_file(_content(path), _ask(path, options), now=timezone.now())
        except (FileRefusedError, ImportRefusedError) as error:
            raise CommandError(f"{error} Nothing was imported.") from error
        told = json.dumps(as_json(report), indent=2) if options["json"] else as_text(report)
        self.stdout.write(told)
        for one in report.rejected:
            self.stderr.write(f"line {one.line}: {one.reason}: {one.detail}")
        if report.is_unusable:
            sys.exit(1)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}. Check the path.") from error


def _ask(path: Path, options: dict[str, Any]) -> ImportAsk:
    if options["time_zone"] not in available_timezones():
        raise CommandError(
            f"There is no time zone {options['time_zone']!r}. Write one like {HOME_ZONE}."
        )
    currency = options["base_currency"]
    try:
        currency = asset_of(currency, "--base-currency") if currency else None
    except BadValueError as error:
        raise CommandError(error.detail) from error
    return ImportAsk(
        file=path.name,
        format=options["format"],
        user=options["user"],
        account=options["account"],
        currency=currency,
        fees=options["fees"],
        zone=options["time_zone"],
        creates_user=options["create_user"],
        is_dry_run=options["dry_run"],
    )
