"""The worlds by name: what marks one as planted, who lives in it, and how it is planted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import connection

from ledgers.catalyst import seed as catalyst
from ledgers.exchange import seed as exchange
from ledgers.glass import seed as glass
from ledgers.human import seed as human
from ledgers.models import Ledger
from ledgers.seeding import SeedFeed, gap_before, plant
from omc_project.worlds import dealings, happenings, metrics, writings
from omc_project.worlds.coins import BEGINNING, CLOCK, SOURCE, Quotes

DEMO = "demo"
HOUR = timedelta(hours=1)


class PersonError(Exception):
    """A person of a world cannot be made: somebody else has the name or the number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A world: the feed only it has, its people, and its end if that is fixed."""

    name: str
    title: str
    marker: str
    people: tuple[str, ...]
    plant: Callable[[datetime], None]
    ends: datetime | None = None


def _plant_year(anchor: datetime) -> None:
    own = exchange.accounts(_person(DEMO, None, anchor))
    for feeds in (glass.feeds(anchor), human.feeds(anchor), catalyst.feeds(anchor)):
        _plant_all(feeds, anchor)
    _plant_all(exchange.feeds(own, anchor, glass.Prices(anchor)), anchor)
    plant(human.scores(anchor), anchor)


def _plant_eval(anchor: datetime) -> None:
    own = {
        name: exchange.accounts(_person(name, number, anchor))
        for name, number in dealings.PEOPLE.items()
    }
    _plant_all(_quotes(anchor), anchor)
    _plant_all(metrics.feeds(anchor), anchor)
    _plant_all(writings.feeds(anchor), anchor)
    _plant_all(happenings.feeds(anchor), anchor)
    _plant_all(dealings.feeds(own, anchor), anchor)
    plant(writings.scores(anchor), anchor)


def _quotes(anchor: datetime) -> Iterator[SeedFeed]:
    """Yield the quotes, looked at hour by hour but for two days."""
    yield SeedFeed(
        source=SOURCE,
        ledger=Ledger.GLASS,
        batches=Quotes(anchor),
        every=2 * HOUR,
        pace=HOUR,
        gap=gap_before(anchor, days=155),
        since=BEGINNING,
    )


def _plant_all(feeds: Iterator[SeedFeed], anchor: datetime) -> None:
    for feed in feeds:
        plant(feed, anchor)


def _person(name: str, number: int | None, anchor: datetime) -> int:
    """Return the number of a person, made if missing: nobody can log in as them.

    Joined at the anchor is the sign that a seed made them; somebody else's user of this name is
    left as they are.
    """
    users: Any = get_user_model().objects
    user = users.filter(username=name).first()
    if user is None and number is not None and users.filter(pk=number).exists():
        raise PersonError(f"The number of {name}, {number}, belongs to another user.")
    if user is None:
        given = {} if number is None else {"id": number}
        user = users.create_user(name, date_joined=anchor, **given)
        _move_sequence()
    elif number not in (None, user.pk):
        raise PersonError(f"A user {name!r} is there with another number than {number}.")
    return int(user.pk)


def _move_sequence() -> None:
    """Let the next user get a number that nobody has."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [get_user_model()]):
            cursor.execute(statement)


WORLDS = {
    world.name: world
    for world in (
        World(
            name="year",
            title="the example year",
            marker="seed:history",
            people=(DEMO,),
            plant=_plant_year,
        ),
        World(
            name="eval",
            title="the eval world",
            marker=f"seed:rss/{writings.OUTLETS[0]}",
            people=tuple(dealings.PEOPLE),
            plant=_plant_eval,
            ends=CLOCK,
        ),
    )
}
