"""manage.py rotate_keys: seal every stored credential anew under OMC_CREDENTIAL_KEY."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledgers import credentials


class Command(BaseCommand):
    """Seal anew what an older master key sealed; exit code 1 if a value cannot be opened.

    Set the new key as OMC_CREDENTIAL_KEY and the old one in OMC_CREDENTIAL_KEY_FALLBACKS first.
    """

    help = "Encrypt every stored credential under the newest key; afterwards the old can go."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, all or nothing."""
        try:
            rotated = credentials.rotate(actor="manage.py rotate_keys")
        except credentials.CredentialError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"rotated": rotated}))
        else:
            self.stdout.write(
                f"{rotated} values were encrypted anew. Once all processes have started with the "
                "new key, remove the old one from OMC_CREDENTIAL_KEY_FALLBACKS."
            )
