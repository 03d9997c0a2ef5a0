"""manage.py backfill: ask a source for the past that nobody has looked at."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from psycopg.types.range import Range

from ledgers.collecting.backfilling import (
    BackfillRefusedError,
    Filled,
    backfill,
    ends_of,
    scopes_to_fill,
    that_backfill,
    width_of,
)
from ledgers.collecting.collector import Collector, Window
from ledgers.collecting.errors import BadValueError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.reporting import report
from ledgers.collecting.values import iso_of
from ledgers.management.bar import Bar
from ledgers.serializers import written

MAX_SHOWN = 5


class Command(BaseCommand):
    """Fill the gaps of one source's coverage, and only those; after a kill, start it again.

    Exit code 0 if nothing failed, also where the source does not reach back so far; 1 if a feed
    stopped at a failure.
    """

    help = "Ask a source for the parts of a window that nobody has looked at."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a source and a window."""
        parser.add_argument("slug", help="which source")
        parser.add_argument("--scope", help="only this feed of it; default: all")
        parser.add_argument("--since", required=True, help="where to begin, with a time zone")
        parser.add_argument("--until", help="where to end, with a time zone; default: now")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill, feed by feed."""
        window = _window(options["since"], options["until"], timezone.now())
        collector = collectors.get(options["slug"])
        if collector is None:
            can = ", ".join(that_backfill()) or "none"
            raise CommandError(
                f"No source is called {options['slug']!r}. Sources that can backfill: {can}."
            )
        done = self._fill(collector, options["scope"], window)
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(collector, done), indent=2))
        else:
            for filled in done:
                self.stdout.write(_told(filled))
        failed = [filled.failed for filled in done if filled.failed]
        for run in failed:
            self.stderr.write(f"{run.feed_id}: {run.error}")
        if failed:
            sys.exit(1)

    def _fill(self, collector: Collector, scope: str | None, window: Window) -> list[Filled]:
        bar = Bar(sys.stderr)
        http = RequestsHttp(collector)

        def show(feed: str, asked: timedelta, whole: timedelta) -> None:
            bar.show(asked / whole, feed)

        try:
            return [
                backfill(collector, one, http, window, show)
                for one in scopes_to_fill(collector, scope)
            ]
        except BackfillRefusedError as error:
            raise CommandError(str(error)) from error
        finally:
            bar.clear()


def _window(since: str, until: str | None, now: datetime) -> Window:
    """Return the window that was asked for; nobody has looked at the future."""
    try:
        start = iso_of(since, "--since")
        end = iso_of(until, "--until") if until else now
    except BadValueError as error:
        raise CommandError(f"{error.detail} Write it as 2026-06-30T00:00:00+10:00.") from error
    if end > now:
        raise CommandError(f"--until is {written(end)}, which is to come. It is {written(now)}.")
    if start >= end:
        raise CommandError(f"The window is empty: {written(start)} is not before {written(end)}.")
    return Range(start, end)


def _told(filled: Filled) -> str:
    if not filled.found:
        return f"{filled.feed}: no gap. Everything was looked at before."
    brought = report(filled.feed, filled.runs).counts
    asked = sum((width_of(gap) for gap in filled.found), timedelta(0))
    told = f"{filled.feed}: asked for {asked} in {len(filled.runs)} chunks: {brought}."
    if not filled.left:
        return told
    named = ", ".join(_span(gap) for gap in filled.left[:MAX_SHOWN])
    more = f" and {len(filled.left) - MAX_SHOWN} more" if len(filled.left) > MAX_SHOWN else ""
    why = "It stopped" if filled.failed else "The source does not tell"
    return f"{told} {why}: {named}{more} still not observed."


def _span(gap: Window) -> str:
    start, end = ends_of(gap)
    return f"{written(start)} to {written(end)}"


def _as_json(collector: Collector, done: list[Filled]) -> dict[str, Any]:
    return {
        "source": collector.slug,
        "feeds": [
            {
                "feed": filled.feed,
                "found": [_pair(gap) for gap in filled.found],
                "left": [_pair(gap) for gap in filled.left],
                "chunks": len(filled.runs),
                "failed": filled.failed.error if filled.failed else "",
                **report(filled.feed, filled.runs).as_json(),
            }
            for filled in done
        ],
    }


def _pair(gap: Window) -> list[str]:
    return [written(moment) for moment in ends_of(gap)]
