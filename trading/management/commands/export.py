"""manage.py export: an account for an accountant, or for beancount."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trading.explaining import explain
from trading.exporting import FORMATS
from trading.histories import UnbookableError
from trading.management.asking import add_question, moment_of, pair_of, user_id_of
from trading.services import QuestionError, UnknownAccountError, find_account


class Command(BaseCommand):
    """Write what happened in an account into a file."""

    help = "Write an account's disposals as CSV, or all of it as a beancount file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which account, when, in which form and where to."""
        add_question(parser, needs_account=True)
        parser.add_argument("--format", choices=[*FORMATS], default="csv")
        parser.add_argument("--out", type=Path, help="the file; default: the terminal")

    def handle(self, *_: Any, **options: Any) -> None:
        """Explain, then write."""
        user_id = user_id_of(options["user"])
        try:
            explained = explain(
                user_id,
                find_account(user_id, options["account"]).pk,
                pair=pair_of(options["as_of"]),
                method=options["method"],
                at=moment_of(options["at"], "--at"),
            )
        except (QuestionError, UnbookableError, UnknownAccountError) as error:
            raise CommandError(str(error)) from error
        text = FORMATS[options["format"]](explained)
        out: Path | None = options["out"]
        if out is None:
            self.stdout.write(text, ending="")
            return
        try:
            out.write_text(text, newline="")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        self.stdout.write(f"Wrote {len(explained.disposals)} disposals to {out}.")
