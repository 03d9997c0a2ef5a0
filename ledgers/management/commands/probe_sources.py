"""manage.py probe_sources: ask every source once, and say how its answers differ from the known."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledgers.collecting.collector import Collector
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.probing import Probe, probe
from ledgers.collecting.registry import active, broken, collectors
from ledgers.collecting.replaying import SHIPPED, Replay, ReplayError, load


class Command(BaseCommand):
    """Make one polite call per source, store nothing, and compare shapes.

    Exit code 0 if all that answered have the recorded shape, 1 if one failed or differs.
    """

    help = "Ask each source that is on once, and print how its answer's shape differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take slugs, and where recordings lie."""
        parser.add_argument("slugs", nargs="*", help="which sources; default: all that are on")
        parser.add_argument(
            "--samples", type=Path, help="a folder with ROUTES.tsv whose recordings come first"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Probe, source by source."""
        known, probes = _known(options["samples"]), list[Probe]()
        for collector in _chosen(options["slugs"]):
            http = RequestsHttp(collector, attempts=1)
            probes.append(probe(collector, http, known, now=timezone.now()))
            if not options["json"]:
                self._tell(probes[-1])
        if options["json"]:
            told = {"sources": [asdict(one) for one in probes], "broken": broken}
            self.stdout.write(json.dumps(told, indent=2))
        elif broken:
            self._tell_broken()
        if broken or not all(one.is_good for one in probes):
            sys.exit(1)

    def _tell(self, one: Probe) -> None:
        """Write a line a source, and a line a difference below it."""
        counts = f" {one.records} records, {one.rejects} rejected." if one.url else ""
        error = f" {one.error}" if one.error else ""
        self.stdout.write(f"{one.feed or one.source}: {one.state}.{counts}{error}")
        for difference in one.differences:
            self.stdout.write(f"  {difference}")
        self.stdout.flush()

    def _tell_broken(self) -> None:
        for module, error in broken.items():
            self.stderr.write(f"{module} is broken: {error}")


def _chosen(slugs: Sequence[str]) -> list[Collector]:
    """Return the sources to ask: those that are named, else all that are on."""
    if unknown := sorted(set(slugs) - set(collectors)):
        known = ", ".join(sorted(collectors))
        raise CommandError(f"No source is called {', '.join(unknown)}. There are: {known}.")
    return [collectors[slug] for slug in slugs] or list(active().values())


def _known(samples: Path | None) -> list[Replay]:
    """Return what was recorded: the samples first, then what ships with the house."""
    try:
        folders = [samples, SHIPPED] if samples else [SHIPPED]
        return [Replay(load(folder)) for folder in folders]
    except ReplayError as error:
        raise CommandError(str(error)) from error
