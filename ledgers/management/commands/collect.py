"""manage.py collect: look at one source now, in this process."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors, is_on
from ledgers.collecting.reporting import report
from ledgers.collecting.runner import run_collector


class Command(BaseCommand):
    """Run one collector once, without a worker.

    Exit code 0 if at least one of its feeds was looked at completely, 1 if none was.
    """

    help = "Run one collector once, in this process, and say what it brought."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a slug, or --list."""
        parser.add_argument("slug", nargs="?", help="which source; --list prints them")
        parser.add_argument("--list", action="store_true", help="print the slugs and stop")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """List or run."""
        if options["list"]:
            self._list(as_json=options["json"])
            return
        collector = collectors.get(options["slug"] or "")
        if collector is None:
            known = ", ".join(sorted(collectors))
            raise CommandError(f"No source is called {options['slug']!r}. There are: {known}.")
        runs = run_collector(collector, RequestsHttp(collector), now=timezone.now())
        if not runs:
            raise CommandError(
                f"{collector.slug} has nothing to look at yet. docs/sources.md says what it needs."
            )
        result = report(collector.slug, runs)
        if options["json"]:
            self.stdout.write(json.dumps(result.as_json(), indent=2))
        else:
            self.stdout.write(f"{result.source}: {result.outcome}. {result.counts}.")
        for feed in result.feeds:
            if feed.error:
                self.stderr.write(f"{feed.feed}: {feed.error}")
        if not result.complete:
            sys.exit(1)

    def _list(self, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(sorted(collectors)))
            return
        for slug, collector in sorted(collectors.items()):
            off = "" if is_on(collector) else " (off)"
            self.stdout.write(f"{slug:20} {collector.ledger:10} every {collector.every}{off}")
