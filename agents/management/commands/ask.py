"""manage.py ask: put one question to the ledgers."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from agents.admission import BadInputError, moment_of
from agents.answers import Answer
from agents.orchestrator import run_workflow
from agents.plans import Outcome
from agents.sessions import NoSessionError

BAD_INPUT = 2
FAILED = 1


class Command(BaseCommand):
    """Answer one question with citations.

    Exit code 0 if it was answered, asked back or declined, 1 for an error of ours, 2 for input
    that is no question.
    """

    help = "Ask the ledgers a question; every number of the answer is cited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the question, and who asks it as of when."""
        parser.add_argument("question")
        parser.add_argument("--user", help="name of the user who asks; needed for own orders")
        parser.add_argument("--as-of", help="what could be known then, such as 2026-03-18T12:00Z")
        parser.add_argument("--mode", default="planner", help="planner (default) or model")
        parser.add_argument("--session", help="id of a session to go on with")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask and print."""
        answer = self._answer(options)
        if options["json"]:
            self.stdout.write(answer.model_dump_json(indent=2))
        else:
            self._print(answer)
        codes = {Outcome.REJECT_INPUT: BAD_INPUT, Outcome.ERROR: FAILED}
        if answer.outcome in codes:
            sys.exit(codes[answer.outcome])

    def _answer(self, options: dict[str, Any]) -> Answer:
        try:
            as_of = moment_of(options["as_of"]) if options["as_of"] is not None else None
        except BadInputError as error:
            return Answer(outcome=Outcome.REJECT_INPUT, answer=str(error), mode=options["mode"])
        return self._ask(options, as_of)

    def _ask(self, options: dict[str, Any], as_of: datetime | None) -> Answer:
        try:
            return run_workflow(
                options["question"],
                user_id=_user_id(options["user"]),
                now=timezone.now(),
                as_of=as_of,
                mode=options["mode"],
                session_id=options["session"],
            )
        except NoSessionError as error:
            raise CommandError(str(error)) from error

    def _print(self, answer: Answer) -> None:
        stream = self.stderr if answer.outcome == Outcome.REJECT_INPUT else self.stdout
        stream.write(answer.answer)
        for one in answer.citations:
            self.stdout.write(
                f"  [{one.key}] {one.id} ({one.field}, known {one.known_at:%F %T} UTC)"
            )
        if answer.quality:
            self.stdout.write(f"  Quality: {answer.quality.state}. {answer.quality.reason}")


def _user_id(name: str | None) -> int | None:
    if name is None:
        return None
    user = get_user_model().objects.filter(username=name).first()
    if user is None:
        raise CommandError(f"No user is called {name!r}.")
    return int(user.pk)
