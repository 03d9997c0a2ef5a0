"""manage.py replay: serve recorded answers of all sources on loopback."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledgers.collecting.replaying import SHIPPED, Replay, ReplayError, ReplayServer, load


class Command(BaseCommand):
    """Serve a folder of recordings until Ctrl-C or SIGTERM."""

    help = "Serve recorded payloads over HTTP on loopback; point OMC_REPLAY_URL at it."
    requires_system_checks: list[str] = []  # Django's attribute

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take a folder, a port and an order."""
        parser.add_argument("--payloads", type=Path, default=SHIPPED, help="folder with ROUTES.tsv")
        parser.add_argument("--port", type=int, default=0, help="default: any free port")
        parser.add_argument(
            "--sequence",
            action="store_true",
            help="oldest recording first, one a request; default: always the newest",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Load the recordings and serve them."""
        try:
            recordings = load(options["payloads"])
            server = ReplayServer(
                Replay(recordings, in_sequence=options["sequence"]), options["port"]
            )
        except ReplayError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"Port {options['port']} cannot be used ({error.strerror}). Give another --port."
            ) from error
        signal.signal(signal.SIGTERM, _interrupt)
        self.stdout.write(f"Replaying {len(recordings)} recordings on {server.url}")
        self.stdout.flush()
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            self.stdout.write("Replay ended.")
        finally:
            server.server_close()


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt
