"""manage.py ask: put one question, or a file of questions, to the ledgers."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from agents.admission import BadInputError, moment_of
from agents.answers import Answer
from agents.batch import answers
from agents.orchestrator import run_workflow
from agents.people import NobodyError, user_id_of
from agents.plans import Outcome
from agents.sessions import BusyError, NoSessionError

BAD_INPUT = 2
FAILED = 1
UNREADABLE = "{path} cannot be read: {why}. Name a file with one JSON object a line."


class Command(BaseCommand):
    """Answer one question with citations, or each line of a file.

    Exit code 0 if it was answered, asked back or declined, 1 for an error of ours, 2 for input
    that is no question. A file ends with 1 if any line ended in an error of ours, else with 0.
    """

    help = "Ask the ledgers a question; every number of the answer is cited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the question or a file of them, and who asks it as of when."""
        parser.add_argument("question", nargs="?")
        parser.add_argument("--user", help="name of the user who asks; needed for own orders")
        parser.add_argument("--as-of", help="what could be known then, such as 2026-03-18T12:00Z")
        parser.add_argument("--mode", default="planner", help="planner (default) or model")
        parser.add_argument("--session", help="id of a session to go on with")
        parser.add_argument("--json", action="store_true", help="print JSON, one object a question")
        parser.add_argument(
            "--batch",
            metavar="FILE",
            help="a file with one JSON object a line: id, question, as_user, clock, prior_turns",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Ask and print."""
        if (options["question"] is None) == (options["batch"] is None):
            raise CommandError("Give one question, or a file of questions with --batch.")
        if options["batch"] is not None:
            self._answer_file(options)
            return
        answer = self._answer(options)
        if options["json"]:
            self.stdout.write(answer.model_dump_json(indent=2))
        else:
            self._print(answer)
        codes = {Outcome.REJECT_INPUT: BAD_INPUT, Outcome.ERROR: FAILED}
        if answer.outcome in codes:
            sys.exit(codes[answer.outcome])

    def _answer_file(self, options: dict[str, Any]) -> None:
        failed = False
        for name, answer in answers(
            _lines(options["batch"]), now=timezone.now(), mode=options["mode"]
        ):
            failed = failed or answer.outcome == Outcome.ERROR
            if options["json"]:
                self.stdout.write(json.dumps({"id": name, **answer.model_dump(mode="json")}))
            else:
                self.stdout.write(f"{name} ({answer.outcome}, {answer.latency_ms} ms)")
                self._print(answer)
        if failed:
            sys.exit(FAILED)

    def _answer(self, options: dict[str, Any]) -> Answer:
        try:
            as_of = moment_of(options["as_of"]) if options["as_of"] is not None else None
        except BadInputError as error:
            return Answer(outcome=Outcome.REJECT_INPUT, answer=str(error), mode=options["mode"])
        try:
            return run_workflow(
                options["question"],
                user_id=user_id_of(options["user"]),
                now=timezone.now(),
                as_of=as_of,
                mode=options["mode"],
                session_id=options["session"],
            )
        except (NoSessionError, BusyError, NobodyError) as error:
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


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogatepass").splitlines()
    except (OSError, ValueError) as error:
        raise CommandError(UNREADABLE.format(path=path, why=error)) from error
