"""manage.py score: score now, in this process, what has no score of the lexicon's version."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ledgers.collecting.reporting import COMPLETE, report
from ledgers.human.services import score_items


class Command(BaseCommand):
    """Score articles and posts once; after a change of the lexicon that is all of them.

    Exit code 0 if everything known is scored, 1 if not.
    """

    help = "Score the articles and posts that the lexicon's version has not scored yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Score, and say how it ended."""
        run = score_items()
        if options["json"]:
            self.stdout.write(json.dumps(report(run.feed_id, [run]).as_json(), indent=2))
        else:
            self.stdout.write(f"{run.feed_id}: {run.outcome}. {run.fetched} scored.")
        if run.error:
            self.stderr.write(run.error)
        if run.outcome not in COMPLETE:
            sys.exit(1)
