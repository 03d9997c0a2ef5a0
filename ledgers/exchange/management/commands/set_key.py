"""manage.py set_key: keep a read-only key of CoinSpot for one account of a user."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.views.decorators.debug import sensitive_variables

from ledgers.exchange.keys import VENUE, KeyRefusedError, remove_key, set_key
from ledgers.exchange.models import Account


class Command(BaseCommand):
    """Ask for key and secret, never as arguments, which other processes can read.

    Without a terminal they are the first two lines of standard input. The key is tried before it
    is kept; one that may trade or withdraw is refused.
    """

    help = "Keep (or --remove) the read-only CoinSpot key of an account."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the user and the account."""
        parser.add_argument("--user", required=True, help="whose account")
        parser.add_argument("--account", required=True, help="the name of the account")
        parser.add_argument("--create", action="store_true", help="make the account if missing")
        parser.add_argument("--remove", action="store_true", help="forget the key instead")

    @sensitive_variables()
    def handle(self, *args: Any, **options: Any) -> None:
        """Find the account, ask, try and keep."""
        account = self._account(options["user"], options["account"], creates=options["create"])
        actor = f"manage.py set_key ({getpass.getuser()})"
        if options["remove"]:
            remove_key(account, actor=actor)
            self.stdout.write(f"{account.name!r} of {options['user']} has no key any more.")
            return
        try:
            set_key(account, self._secret("Key: "), self._secret("Secret: "), actor=actor)
        except KeyRefusedError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The key of {account.name!r} of {options['user']} is kept, encrypted.")

    def _account(self, username: str, name: str, *, creates: bool) -> Account:
        account = Account.objects.filter(user__username=username, name=name).first()
        if account is not None:
            return account
        user_model: Any = Account._meta.get_field("user").related_model
        user = user_model.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}. Check the name.")
        if not creates:
            raise CommandError(f"{username} has no account {name!r}. Check it, or add --create.")
        made: Account = Account.objects.create(user=user, name=name, venue=VENUE)
        return made

    def _secret(self, prompt: str) -> str:
        """Read one secret without showing it."""
        return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline()
