"""The eval world as it lies there: what question sets need, as known before the clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.models import Max
from psycopg.types.range import Range

from conftest import wipe
from ledgers.catalyst.models import Event
from ledgers.checks import fact_models
from ledgers.coverage import Presence, look
from ledgers.exchange.models import Fill, Order
from ledgers.human.models import Article, Mood, Post, Score
from ledgers.models import Feed, Ledger
from ledgers.reading import pair
from omc_project.worlds import happenings, planting, writings
from omc_project.worlds.coins import BEGINNING, CLOCK, COINS, Quotes
from omc_project.worlds.dealings import PEOPLE

DAY = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Plant the world once for these tests, which only read, with the last quotes alone."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(planting, "Quotes", lambda anchor: Quotes(anchor)[-1:])
        call_command("seed", "--world", "eval", verbosity=0)
        yield
        wipe(connection)


def test_every_coin_has_forty_items_of_news_and_of_reddit_over_several_outlets() -> None:
    for model in (Article, Post):
        counts = Counter(
            one for row in model.objects.values_list("assets", flat=True) for one in row
        )
        assert all(counts[symbol] >= 40 for symbol in COINS), counts
    for symbol in COINS:
        outlets = set(
            Article.objects.filter(assets__contains=[symbol]).values_list("outlet", flat=True)
        )
        assert outlets == set(writings.OUTLETS)
    assert set(Post.objects.values_list("source", flat=True)) == {"seed:reddit"}


def test_some_items_have_no_score_and_some_a_score_of_zero() -> None:
    items = Article.objects.count() + Post.objects.count()
    assert 0 < Score.objects.count() < items
    assert Score.objects.filter(value=0).exists()


def test_the_index_has_a_value_each_day_but_where_nobody_looked() -> None:
    days = (CLOCK - BEGINNING) // DAY + 1
    assert Mood.objects.count() == days - 2


def test_companies_file_and_the_exchange_lists_delists_pauses_and_announces() -> None:
    filings = Event.objects.filter(kind="sec_filing")
    filed = {ticker for tickers in filings.values_list("tickers", flat=True) for ticker in tickers}
    assert filed == {ticker for ticker, _, _ in happenings.COMPANIES} >= {"COIN", "MSTR", "RIOT"}
    for ticker in filed:
        own = filings.filter(tickers=[ticker])
        assert {"8-K", "10-K", "10-Q", "4"} <= set(own.values_list("form", flat=True))
        assert own.filter(event_at__gte=CLOCK.replace(day=1)).exists()
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"listing", "delisting", "maintenance", "announcement", "macro", "governance"} <= kinds


def test_what_is_planned_was_announced_before_the_clock() -> None:
    planned = Event.objects.filter(event_at__gt=CLOCK)
    assert {"maintenance", "delisting", "fork"} == set(planned.values_list("kind", flat=True))
    assert all(event.known_at <= CLOCK for event in planned)


def test_all_of_it_is_known_before_the_clock() -> None:
    for model in fact_models():
        rows: Any = model.objects.all()
        rows = rows.of_everyone() if model.ledger == Ledger.EXCHANGE else rows
        newest = rows.aggregate(newest=Max("known_at"))["newest"]
        assert newest is None or newest <= CLOCK, model


def test_every_source_has_a_window_that_was_looked_at_and_one_that_was_not() -> None:
    for name in Feed.objects.exclude(source="seed:vader").values_list("name", flat=True):
        found = look([name], Range(BEGINNING, CLOCK), pair(CLOCK), found=False)
        assert found.presence == Presence.NOT_OBSERVED, name
        ((_, start, end),) = found.gaps
        assert end - start == 2 * DAY
        before = look([name], Range(BEGINNING, start), pair(CLOCK), found=False)
        assert before.presence == Presence.NONE_IN_COVERED_WINDOW, name


def test_alice_and_bob_have_their_numbers_and_orders_of_every_status() -> None:
    users: Any = get_user_model().objects
    assert dict(users.values_list("username", "pk")) == PEOPLE == {"alice": 101, "bob": 102}
    for number in PEOPLE.values():
        own = Order.objects.for_user(number).at(pair(CLOCK))
        statuses = set(own.values_list("status", flat=True))
        wanted = set(Order.Status.values)
        assert statuses == wanted, number
        assert Fill.objects.for_user(number).exists()
    assert not any(user.has_usable_password() for user in users.all())


def test_no_quantity_of_bob_could_be_of_alice() -> None:
    of = {
        name: set(Order.objects.for_user(number).values_list("quantity", flat=True))
        for name, number in PEOPLE.items()
    }
    assert of["alice"].isdisjoint(of["bob"])
    assert Decimal(777777) in of["bob"]
