"""manage.py doctor: what is wrong with this installation, from the engines to the feeds."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ledgers.collecting.registry import expected_feeds
from ledgers.feeds import State, states
from ledgers.models import Schedule
from ledgers.reading import pair
from omc_project.health import Answer, dependencies


class Command(BaseCommand):
    """Ask every dependency and every feed; exit code 1 if anything is not as it should be."""

    help = "Say what is wrong with this installation: engines, migrations, beat, schedules, feeds."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON list")

    def handle(self, *args: Any, **options: Any) -> None:
        """Ask and print."""
        found = list(diagnose(timezone.now()))
        if options["json"]:
            rows = [{"name": one.name, "ok": one.is_good, "detail": one.detail} for one in found]
            self.stdout.write(json.dumps(rows, indent=2))
        else:
            for one in found:
                mark = self.style.SUCCESS("ok ") if one.is_good else self.style.ERROR("BAD")
                self.stdout.write(f"{mark}  {one.name:32}  {one.detail}")
        if not all(one.is_good for one in found):
            sys.exit(1)


def diagnose(now: datetime) -> Iterator[Answer]:
    """Yield the dependencies, then, if the tables can be read, paused jobs and every feed."""
    needed = dependencies(now)
    yield from needed
    if not all(one.is_good for one in needed if one.is_needed):
        return
    for job in Schedule.objects.filter(is_paused=True).values_list("job", flat=True):
        yield Answer(name=job, is_good=False, detail="Paused. Resume it among the schedules.")
    for state in states(expected_feeds(), pair()):
        is_good = state.state == State.FRESH
        detail = state.reason if is_good else f"{state.label}: {state.reason}"
        yield Answer(name=state.feed, is_good=is_good, detail=detail)
