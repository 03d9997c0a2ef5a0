"""manage.py explain: what the numbers of an account are made from."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trading.explaining import explain
from trading.explanation_serializers import ExplanationSerializer
from trading.histories import UnbookableError
from trading.management.asking import add_question, moment_of, pair_of, user_id_of
from trading.services import QuestionError, UnknownAccountError, find_account


class Command(BaseCommand):
    """Print every entry, lot, disposal, fee, flow and price behind an account's numbers."""

    help = "Print as one JSON object all that an account's profit and loss is made from."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take which account, when, and of which asset."""
        add_question(parser, needs_account=True)
        parser.add_argument("--asset", help="only this asset's share")
        parser.add_argument("--json", action="store_true", help="it always prints JSON")

    def handle(self, *_: Any, **options: Any) -> None:
        """Explain and print."""
        user_id = user_id_of(options["user"])
        try:
            explained = explain(
                user_id,
                find_account(user_id, options["account"]).pk,
                pair=pair_of(options["as_of"]),
                method=options["method"],
                at=moment_of(options["at"], "--at"),
                asset=options["asset"],
            )
        except (QuestionError, UnbookableError, UnknownAccountError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(ExplanationSerializer(explained).data, indent=2))
