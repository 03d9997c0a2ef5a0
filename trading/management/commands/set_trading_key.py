"""manage.py set_trading_key: keep the key with which an account at CoinSpot trades."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.views.decorators.debug import sensitive_variables

from ledgers.exchange.keys import KeyRefusedError
from ledgers.exchange.models import Account
from trading.keys import remove_key, set_key

WARNING = (
    "CoinSpot does not tell whether a key can withdraw. In its settings, bind this one to the "
    "address of this machine."
)


class Command(BaseCommand):
    """Ask for key and secret, never as arguments, which other processes can read.

    Without a terminal they are the first two lines of standard input. It is another key than the
    read-only one of `set_key`, which stays and is needed too.
    """

    help = "Keep (or --remove) the CoinSpot key with which an account may trade."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the user and the account."""
        parser.add_argument("--user", required=True, help="whose account")
        parser.add_argument("--account", required=True, help="the name of the account")
        parser.add_argument("--remove", action="store_true", help="forget the key instead")

    @sensitive_variables()
    def handle(self, *args: Any, **options: Any) -> None:
        """Find the account, ask, try and keep."""
        username, name = options["user"], options["account"]
        account = Account.objects.filter(user__username=username, name=name).first()
        if account is None:
            raise CommandError(f"{username} has no account {name!r}. Check both names.")
        actor = f"manage.py set_trading_key ({getpass.getuser()})"
        if options["remove"]:
            remove_key(account, actor=actor)
            self.stdout.write(f"{name!r} of {username} has no trading key any more.")
            return
        try:
            set_key(account, self._secret("Key: "), self._secret("Secret: "), actor=actor)
        except KeyRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The trading key of {name!r} of {username} is kept, encrypted. {WARNING}"
        )

    def _secret(self, prompt: str) -> str:
        """Read one secret without showing it."""
        return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
