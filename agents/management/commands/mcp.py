"""manage.py mcp: serve the agents' tools to another program's model, over stdin and stdout."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents.mcp_server import serve
from agents.people import NobodyError, user_id_of


class Command(BaseCommand):
    """Serve the read-only tools by the Model Context Protocol until the client hangs up."""

    help = "Serve the ledgers' read-only tools by MCP on stdin and stdout; see docs/agents.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose own orders may be read."""
        parser.add_argument("--user", help="name of the user whose orders may be read; else nobody")

    def handle(self, *_: Any, **options: Any) -> None:
        """Serve. Nothing but the protocol is written to stdout."""
        try:
            user_id = user_id_of(options["user"])
        except NobodyError as error:
            raise CommandError(str(error)) from error
        asyncio.run(serve(user_id))
