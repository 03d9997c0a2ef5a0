"""Fill an empty house with an example year, and take it out again.

Everything is planted in one transaction: a seed is there whole or not at all, and whether it is
there is one look at its marker, the run of `seed:history`, whose window ends at the anchor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import ProtectedError, QuerySet

from ledgers.catalyst import seed as catalyst
from ledgers.checks import fact_models
from ledgers.exchange import seed as exchange
from ledgers.exchange.models import Account
from ledgers.glass import seed as glass
from ledgers.human import seed as human
from ledgers.models import CollectorRun, Coverage, Feed
from ledgers.seeding import PREFIX, SeedFeed, plant

USER = "demo"
MARKER = "seed:history"
LOCK = 7005
COUNTS = ("new", "revised")


class SeedRefusedError(Exception):
    """The seed cannot be planted or cleared; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What is planted: until when, how many rows by feed, and whether this call did it."""

    until: datetime
    rows: dict[str, int]
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """How many rows were removed by table, and what stayed because something else needs it."""

    rows: dict[str, int]
    kept: tuple[str, ...]


def seed(until: datetime | None, *, now: datetime) -> Seeded:
    """Plant the example year that ends at `until`, or leave what is planted as it is."""
    _refuse_production("planted")
    if until and until > now:
        raise SeedRefusedError(f"{until:%F %T} is in the future. Give a moment that has passed.")
    with transaction.atomic():
        _lock()
        anchor = planted_until()
        if anchor is None:
            anchor = (until or now).replace(second=0, microsecond=0)
            _plant(anchor)
            return Seeded(until=anchor, rows=_rows(), is_new=True)
    if until and until.replace(second=0, microsecond=0) != anchor:
        raise SeedRefusedError(
            f"The planted year ends at {anchor:%F %T} UTC, not at {until:%F %T}. "
            "Remove it first: manage.py seed --clear"
        )
    return Seeded(until=anchor, rows=_rows(), is_new=False)


def planted_until() -> datetime | None:
    """Return the anchor of the planted year, or None if nothing is planted."""
    run = CollectorRun.objects.filter(feed=MARKER, kind=CollectorRun.Kind.SEED).first()
    return run.window.upper if run and run.window else None


def clear() -> Cleared:
    """Remove what was planted and nothing else, down to the feeds, the accounts and the user."""
    _refuse_production("cleared")
    with transaction.atomic():
        _lock()
        anchor = planted_until()
        tables = [*(model._meta.db_table for model in fact_models()), Coverage._meta.db_table]
        rows = {table: _clear(table) for table in tables}
        for projection in (kept for model in fact_models() for kept in model.projections):
            projection.forget_sources(PREFIX)
        seeded = CollectorRun.objects.filter(kind=CollectorRun.Kind.SEED)
        rows["ledgers_collectorrun"] = seeded.count()
        seeded.delete()
        idle = Feed.objects.filter(name__startswith=PREFIX, runs__isnull=True)
        rows["ledgers_feed"] = idle.count()
        idle.delete()
        kept = (*_drop_accounts(), *_drop_user(anchor))
    return Cleared(rows=rows, kept=kept)


def _plant(anchor: datetime) -> None:
    for planted in _feeds(anchor):
        plant(planted, anchor)
    plant(human.scores(anchor), anchor)


def _feeds(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield every feed but the scores, which need the stored rows of the others."""
    yield from glass.feeds(anchor)
    yield from human.feeds(anchor)
    yield from catalyst.feeds(anchor)
    own = exchange.accounts(_user_id(anchor))
    yield from exchange.feeds(own, anchor, glass.Prices(anchor))


def _user_id(anchor: datetime) -> int:
    """Return the example user, made if missing: nobody can log in as them.

    Joined at the anchor is the sign that the seed made them; somebody else's user of this name is
    left as they are.
    """
    users: Any = get_user_model().objects
    user = users.filter(username=USER).first()
    if user is None:
        user = users.create_user(USER, date_joined=anchor)
    return int(user.pk)


def _refuse_production(done: str) -> None:
    if settings.IS_PRODUCTION:
        raise SeedRefusedError(
            f"Example data is not {done} in production. Use a database of another OMC_ENVIRONMENT."
        )


def _lock() -> None:
    """Let one seed at a time decide what is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [LOCK])


def _rows() -> dict[str, int]:
    runs = CollectorRun.objects.filter(kind=CollectorRun.Kind.SEED).order_by("feed_id")
    return {run.feed_id: sum(getattr(run, name) for name in COUNTS) for run in runs}


def _clear(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT omc_clear_seed(%s::regclass)", [table])
        return int(cursor.fetchone()[0])


def _drop_accounts() -> Iterator[str]:
    """Remove the example accounts, but for those that hold rows of somebody's own."""
    for account in _example_accounts():
        if _holds_facts(account):
            yield f"account {account.name!r}"
            continue
        try:
            with transaction.atomic():
                account.delete()
        except ProtectedError:
            yield f"account {account.name!r}"


def _example_accounts() -> QuerySet[Account]:
    venues = tuple(exchange.NAMES)
    return Account.objects.filter(venue__in=venues, name__in=exchange.NAMES.values())


def _holds_facts(account: Account) -> bool:
    owned: list[Any] = [model for model in fact_models() if hasattr(model, "account")]
    return any(model.objects.for_account(account.pk).exists() for model in owned)


def _drop_user(anchor: datetime | None) -> Iterator[str]:
    """Remove the user that the seed made, if they own nothing by now."""
    users: Any = get_user_model().objects
    user = users.filter(username=USER, date_joined=anchor).first() if anchor else None
    if user is None or user.is_superuser or user.is_staff or user.has_usable_password():
        return
    if _owns_something(user):
        yield f"user {USER!r}"
    else:
        user.delete()


def _owns_something(user: Any) -> bool:
    """Tell whether any row of any table points to the user."""
    relations = [
        relation
        for relation in user._meta.get_fields(include_hidden=True)
        if relation.auto_created and not relation.concrete and not relation.many_to_many
    ]
    return any(
        relation.related_model._default_manager.filter(**{relation.field.name: user}).exists()
        for relation in relations
    )
