"""What the commands about money have in common: whose, when, and how a wrong answer is refused."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.utils import timezone

from ledgers.reading import Pair, pair
from trading.core.lots import METHODS

MOST = 20


def add_question(parser: ArgumentParser, *, needs_account: bool = False) -> None:
    """Take whose account, by which method, at which moment, as known when."""
    parser.add_argument("--user", required=True, help="name of the user")
    parser.add_argument(
        "--account", required=needs_account, help="name or id of one account; default: all"
    )
    parser.add_argument("--method", choices=[*METHODS], help="default: each account's own")
    parser.add_argument("--at", help="events up to then, such as 2026-06-30T23:59:59Z")
    parser.add_argument("--as-of", help="what could be known then; default: now")


def user_id_of(name: str) -> int:
    """Return the id of a user, or say who there is."""
    users = get_user_model().objects.order_by("username")
    user = users.filter(username=name).first()
    if user is None:
        known = [one.get_username() for one in users[:MOST]]
        there = f"There are: {', '.join(known)}." if known else "There is none yet."
        raise CommandError(f"No user is called {name!r}. {there}")
    return int(user.pk)


def pair_of(written: str | None) -> Pair:
    """Return the pair of a question as of a moment; of the future nobody knows."""
    as_of = moment_of(written, "--as-of")
    if as_of is not None and as_of > timezone.now():
        raise CommandError(f"--as-of {as_of:%F %T} UTC is in the future. Nobody knows it yet.")
    return pair(as_of)


def moment_of(written: str | None, option: str) -> datetime | None:
    """Read a moment with its zone."""
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as error:
        message = f"{option} {written!r} is no moment. Write it like 2026-06-30T23:59:59Z."
        raise CommandError(message) from error
    if moment.tzinfo is None:
        raise CommandError(f"{option} {written!r} has no zone and is many moments. Add one: Z.")
    return moment.astimezone(UTC)
