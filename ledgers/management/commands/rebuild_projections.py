"""manage.py rebuild_projections: make the caches over the facts anew."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from ledgers.checks import fact_models
from ledgers.management.bar import Bar


class Command(BaseCommand):
    """Make the newest quotes and the bars of hours and days anew; stores wait meanwhile."""

    help = "Make the caches over the facts anew, and say how many rows each has."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rebuild one after the other."""
        every = [(model, one) for model in fact_models() for one in model.projections]
        bar, rows = Bar(sys.stderr), {}
        for place, (model, projection) in enumerate(every):
            name = f"{type(projection).__name__} of {model._meta.verbose_name_plural}"
            bar.show(place / len(every), name)
            rows[name] = projection.rebuild()
        bar.clear()
        if options["json"]:
            print(json.dumps(rows))
            return
        for name, number in rows.items():
            print(f"{name}: {number:,} rows")
