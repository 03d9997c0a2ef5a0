"""manage.py seed: plant an example world, or remove it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import iso_of
from omc_project.seeding import Cleared, Seeded, SeedRefusedError, clear, seed
from omc_project.worlds.planting import WORLDS


class Command(BaseCommand):
    """Plant an example world once; a second run changes nothing.

    Exit code 0 when the world is there (or, with --clear, gone), 1 when it was refused.
    """

    help = "Plant an example world of data, every name of it beginning with seed:, or remove it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the world and its end, or --clear."""
        parser.add_argument(
            "--world",
            choices=WORLDS,
            help="year (default): a year that ends now; eval: the world that questions are "
            "scored in. It takes the place of what is planted.",
        )
        parser.add_argument("--until", help="where the year ends, with a zone; default: now")
        parser.add_argument("--clear", action="store_true", help="remove what was planted")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Plant or clear."""
        try:
            until = _moment(options["until"])
            now, world = timezone.now(), options["world"]
            done = clear() if options["clear"] else seed(until, now=now, world=world)
        except SeedRefusedError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(done), indent=2))
        elif options["verbosity"]:
            self.stdout.write(_told(done))


def _moment(written: str | None) -> datetime | None:
    try:
        return iso_of(written, "--until") if written else None
    except BadValueError as error:
        raise CommandError(f"{error.detail} Write it as 2026-06-30T00:00:00+10:00.") from error


def _as_json(done: Seeded | Cleared) -> dict[str, Any]:
    if isinstance(done, Cleared):
        return {"cleared": done.rows, "kept": list(done.kept)}
    return {
        "world": done.world,
        "until": done.until.isoformat(),
        "is_new": done.is_new,
        "rows": done.rows,
    }


def _told(done: Seeded | Cleared) -> str:
    if isinstance(done, Cleared):
        kept = (
            f" Kept, because something else needs it: {', '.join(done.kept)}." if done.kept else ""
        )
        return f"Removed {sum(done.rows.values())} rows of example data.{kept}"
    word = "Planted" if done.is_new else "Nothing to do: there are"
    rows = sum(done.rows.values())
    return f"{word} {rows} rows, {_world(done)} that ends at {done.until:%F %T} UTC."


def _world(done: Seeded) -> str:
    return "a year" if done.world == "year" else WORLDS[done.world].title
