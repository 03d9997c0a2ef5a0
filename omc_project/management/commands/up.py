"""Run everything in one terminal: engines, tables, example data, web, workers and beat."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from omc_project import running

INTERRUPTED = 130  # what a shell reports after Ctrl-C


class Command(BaseCommand):
    """Start Oh My Coins and keep it running until Ctrl-C."""

    help = (
        "Starts the embedded engines where DATABASE_URL and REDIS_URL are unset, brings the tables "
        "up to date, fills an empty house with example data, then runs web, workers and beat until "
        "Ctrl-C. Says ready when GET /healthz answers. Exit status 1: it could not run."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the options."""
        parser.add_argument(
            "--offline",
            action="store_true",
            help="collect from the built-in replay server instead of the internet",
        )
        parser.add_argument("--port", type=int, default=8000, help="port of the web pages (8000)")
        parser.add_argument("--bind", default="127.0.0.1", help="address to listen on (127.0.0.1)")

    def handle(self, *_: Any, offline: bool, port: int, bind: str, **__: Any) -> None:
        """Run until a signal."""
        began = time.monotonic()
        try:
            code = running.run(host=bind, port=port, is_offline=offline, began=began, say=self.say)
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        if code:
            raise SystemExit(code)

    def say(self, line: str) -> None:
        """Print a line at once."""
        self.stdout.write(line)
        self.stdout.flush()
