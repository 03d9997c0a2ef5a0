"""manage.py rebuild_books: make the kept books of users anew from the facts."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

from ledgers.exchange.models import Account
from trading.keeping.service import rebuild
from trading.management.asking import user_id_of


class Command(BaseCommand):
    """Drop lots, disposals, postings and positions, and book every fact again."""

    help = "Make the kept books of one user, or of all, anew from the facts. No answer changes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take whose."""
        parser.add_argument("--user", help="name of the user; default: everybody with an account")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_: Any, **options: Any) -> None:
        """Rebuild one after the other, and say how many entries each has."""
        booked = {name: rebuild(user_id).entries for name, user_id in _users(options["user"])}
        if options["json"]:
            self.stdout.write(json.dumps(booked, indent=2))
            return
        for name, entries in booked.items():
            self.stdout.write(f"{name}: {entries} entries booked.")
        if not booked:
            self.stdout.write("Nobody has an account yet.")


def _users(name: str | None) -> list[tuple[str, int]]:
    if name is not None:
        return [(name, user_id_of(name))]
    owners = Account.objects.values("user_id")
    users = get_user_model().objects.filter(pk__in=owners).order_by("username")
    return [(user.get_username(), user.pk) for user in users]
