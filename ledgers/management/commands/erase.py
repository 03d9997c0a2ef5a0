"""manage.py erase: forget what a law or a source's terms demand."""

from __future__ import annotations

import getpass
import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledgers.erasing import Erased, ErasureRefusedError, erase
from ledgers.management.bar import Bar
from ledgers.public_ids import UnknownIdError, find
from ledgers.serializers import written


class Command(BaseCommand):
    """Erase the texts of one fact, for good, and write down who did it and why.

    Exit code 0 when they are gone, also if they were before; after a kill, start it again.
    """

    help = "Erase the texts of one fact in every revision, payload, reject and journal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take an id and a reason."""
        parser.add_argument("fact", help="a public id, such as human.article.7")
        parser.add_argument("--reason", required=True, help="which law or terms, and who asked")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase and tell."""
        bar = Bar(sys.stderr)
        try:
            fact = find(options["fact"])
            done = erase(
                fact,
                reason=options["reason"],
                actor=f"{getpass.getuser()} (manage.py)",
                progress=lambda done, whole: bar.show(done / whole, "runs looked through"),
            )
        except (UnknownIdError, ErasureRefusedError) as error:
            raise CommandError(str(error)) from error
        finally:
            bar.clear()
        if options["json"]:
            self.stdout.write(json.dumps(_as_json(options["fact"], done), indent=2))
        else:
            self.stdout.write(_told(options["fact"], done))


def _as_json(fact: str, done: Erased) -> dict[str, Any]:
    return {
        "fact": fact,
        "is_new": done.is_new,
        "erased_at": written(done.erasure.erased_at),
        "columns": done.erasure.columns,
        "revisions": done.erasure.revisions,
        "payloads": done.payloads,
        "rejects": done.rejects,
        "quotes": done.quotes,
    }


def _told(fact: str, done: Erased) -> str:
    erasure = done.erasure
    when = "is erased" if done.is_new else f"was erased before, at {written(erasure.erased_at)}"
    return (
        f"{fact} {when}: {', '.join(erasure.columns)} of {erasure.revisions} revisions. Purged "
        f"now: {done.payloads} payloads, {done.rejects} rejects, {done.quotes} journal entries. "
        "It is refused from now on."
    )
