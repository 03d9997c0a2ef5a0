"""Fill an empty house with an example world, and take it out again.

There is one world at a time. It is planted in one transaction: it is there whole or not at all,
and which one it is shows in one look at its marker, a run whose window ends at the anchor.
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

from ledgers.checks import fact_models
from ledgers.exchange import seed as exchange
from ledgers.exchange.models import Account
from ledgers.models import CollectorRun, Coverage, Feed
from ledgers.seeding import PREFIX
from omc_project.worlds.planting import WORLDS, PersonError, World

LOCK = 7005
COUNTS = ("new", "revised")


class SeedRefusedError(Exception):
    """The seed cannot be planted or cleared; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What is planted: which world, until when, rows by feed, and whether this call did it."""

    world: str
    until: datetime
    rows: dict[str, int]
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """How many rows were removed by table, and what stayed because something else needs it."""

    rows: dict[str, int]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The world that is there, and where it ends."""

    world: World
    until: datetime


def seed(until: datetime | None, *, now: datetime, world: str | None = None) -> Seeded:
    """Plant a world that ends at `until`, or leave it as it is if it is there already.

    Without a name it is the world that is planted, else the example year. One that is named takes
    the place of another.
    """
    _refuse_production("planted")
    if until and until > now:
        raise SeedRefusedError(f"{until:%F %T} is in the future. Give a moment that has passed.")
    with transaction.atomic():
        _lock()
        there = planted()
        wanted = WORLDS[world or (there.world.name if there else "year")]
        if there and there.world is not wanted:
            _take_out(there)
            there = None
        if there is None:
            anchor = _anchor(wanted, until, now)
            _plant(wanted, anchor)
            return Seeded(world=wanted.name, until=anchor, rows=_rows(), is_new=True)
    if until and until.replace(second=0, microsecond=0) != there.until:
        raise SeedRefusedError(
            f"What is planted, {wanted.title}, ends at {there.until:%F %T} UTC, not at "
            f"{until:%F %T}. Remove it first: manage.py seed --clear"
        )
    return Seeded(world=wanted.name, until=there.until, rows=_rows(), is_new=False)


def planted() -> Planted | None:
    """Return the world that is planted, or None."""
    markers = {world.marker: world for world in WORLDS.values()}
    runs = CollectorRun.objects.filter(feed__in=markers, kind=CollectorRun.Kind.SEED)
    run = runs.order_by("pk").first()
    if run is None or run.window is None:
        return None
    return Planted(world=markers[run.feed_id], until=run.window.upper)


def clear() -> Cleared:
    """Remove what was planted and nothing else, down to the feeds, the accounts and the users."""
    _refuse_production("cleared")
    with transaction.atomic():
        _lock()
        return _take_out(planted())


def _take_out(there: Planted | None) -> Cleared:
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
    return Cleared(rows=rows, kept=(*_drop_accounts(), *_drop_people(there)))


def _anchor(world: World, until: datetime | None, now: datetime) -> datetime:
    """Return where a world is to end; some can end nowhere else."""
    if world.ends is None:
        return (until or now).replace(second=0, microsecond=0)
    if until not in (None, world.ends):
        raise SeedRefusedError(
            f"{world.title.capitalize()} ends at {world.ends:%F %T} UTC, always."
        )
    return world.ends


def _plant(world: World, anchor: datetime) -> None:
    try:
        world.plant(anchor)
    except PersonError as error:
        raise SeedRefusedError(f"{error} Use another database.") from error


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


def _drop_people(there: Planted | None) -> Iterator[str]:
    """Remove the users that the seed made, if they own nothing by now."""
    if there is None:
        return
    users: Any = get_user_model().objects
    for name in there.world.people:
        user = users.filter(username=name, date_joined=there.until).first()
        if user is None or user.is_superuser or user.is_staff or user.has_usable_password():
            continue
        if _owns_something(user):
            yield f"user {name!r}"
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
