"""manage.py reparse: read kept payloads again after a parser was mended."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledgers.collecting.errors import BadValueError
from ledgers.collecting.registry import collectors
from ledgers.collecting.reparsing import Reread, reparse
from ledgers.collecting.values import iso_of
from ledgers.management.bar import Bar


class Command(BaseCommand):
    """Read again what an older parser read, and what left rejects; a second time changes nothing.

    Exit code 0, also where payloads are missing or still not readable: the summary counts them.
    """

    help = "Read kept payloads again with the parsers of today; no source is asked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a source and a start."""
        parser.add_argument("--slug", help="only this source; default: all")
        parser.add_argument("--since", help="only looks since then, with a time zone")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, source by source."""
        since = _moment(options["since"])
        done = [one for slug in _slugs(options["slug"]) for one in self._reparse(slug, since)]
        if options["json"]:
            self.stdout.write(json.dumps({"feeds": [asdict(one) for one in done]}, indent=2))
            return
        for one in done:
            self.stdout.write(_told(one))
        if not done:
            self.stdout.write("Nothing to read again: today's parsers have read all that is kept.")

    def _reparse(self, slug: str, since: datetime | None) -> list[Reread]:
        bar = Bar(sys.stderr)

        def show(feed: str, looks: int, whole: int) -> None:
            bar.show(looks / whole, feed)

        try:
            return list(reparse(collectors[slug], since=since, progress=show))
        finally:
            bar.clear()


def _slugs(slug: str | None) -> list[str]:
    if slug is None:
        return sorted(collectors)
    if slug not in collectors:
        known = ", ".join(sorted(collectors))
        raise CommandError(f"No source is called {slug!r}. There are: {known}.")
    return [slug]


def _moment(written: str | None) -> datetime | None:
    try:
        return iso_of(written, "--since") if written else None
    except BadValueError as error:
        raise CommandError(f"{error.detail} Write it as 2026-06-30T00:00:00+10:00.") from error


def _told(done: Reread) -> str:
    told = (
        f"{done.feed}: {done.payloads} payloads of {done.looks} looks: {done.new} new, "
        f"{done.revised} revised, {done.resolved} rejects resolved, {done.rejected} still rejected."
    )
    if done.unreadable:
        told += f" {done.unreadable} are still not readable: see the replay's run."
    if done.missing:
        told += f" {done.missing} are no longer kept."
    if done.gone:
        told += (
            f" Of {done.gone} more looks nothing is kept any more: OMC_PAYLOAD_DAYS and "
            "OMC_UNREAD_DAYS say how long it is."
        )
    return told
