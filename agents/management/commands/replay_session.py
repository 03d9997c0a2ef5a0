"""manage.py replay_session: ask again what the answers of a session were made of."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from pydantic import TypeAdapter

from agents.journal import Replayed, entries_of, replay

DIFFERS = 1
REPLAYED = TypeAdapter(list[Replayed])


class Command(BaseCommand):
    """Make the tool calls of a session again, at their pairs, and compare them bit for bit.

    Exit code 0 if every call returned the same bytes, 1 if one did not.
    """

    help = "Make a session's tool calls again and compare; tell what was revised since."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the session."""
        parser.add_argument("session", help="id of a session")
        parser.add_argument("--turn", type=int, help="only this question")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Replay and print; the texts of the answers are not shown."""
        entries = entries_of(options["session"], options["turn"])
        if not entries:
            raise CommandError("The journal has no answer of this session. Look at its id.")
        found = [one for entry in entries for one in replay(entry)]
        if options["json"]:
            self.stdout.write(REPLAYED.dump_json(found, indent=2).decode())
        else:
            self._print(found)
        if not all(one.is_same for one in found):
            sys.exit(DIFFERS)

    def _print(self, found: list[Replayed]) -> None:
        for one in found:
            verdict = "same" if one.is_same else f"differs: {one.difference}"
            args = ", ".join(f"{name}={value}" for name, value in one.args.items())
            self.stdout.write(f"{one.turn}. {one.tool}({args}) {one.recorded[:12]} {verdict}")
            for row in one.revised:
                told = "; ".join(row.changes) or "withdrawn"
                self.stdout.write(
                    f"   revised since: {row.id} revision {row.revision}, "
                    f"known {row.known_at:%F %T} UTC: {told}"
                )
        same = sum(one.is_same for one in found)
        self.stdout.write(f"{same} of {len(found)} calls returned the same bytes.")
