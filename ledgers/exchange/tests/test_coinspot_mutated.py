"""Whatever becomes of CoinSpot's private answers, no look takes it for "nothing new"."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ledgers.exchange.models import Balance, Fill, Order, Transfer
from ledgers.exchange.tests.fake_coinspot import FakeCoinSpot, coinspot
from ledgers.exchange.tests.private import (
    AT,
    NOW,
    account_of,
    forget_redis,
    look,
    opened,
    trade,
    with_key,
    written,
)
from ledgers.models import CollectorRun
from ledgers.reading import pair
from ledgers.tests.misbehaving import body, serving
from ledgers.tests.mutating import (
    Reply,
    bombed,
    doubled,
    moved,
    names_in,
    renamed,
    says,
    skewed,
    slowed,
    truncated,
    whole,
)

pytestmark = pytest.mark.usefixtures("ledger")
Outcome = CollectorRun.Outcome
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HTML = b"<!doctype html><title>Just a moment</title>"
HARMLESS = {"message", "coin", "audbalance", "rate", "total", "type", "address", "reference"}
"""What is not read, is told by other members too, or is no part of what is stored."""
OPTIONAL = {"id", "aud", "audamount", "sendfee", "audfeeExGst", "audGst"}
"""What some answers lack; a trade is stored once all the same."""


@pytest.fixture
def venue(settings):
    forget_redis()
    with coinspot(settings) as fake:
        tell_all(fake)
        yield fake
    forget_redis()


@pytest.fixture(autouse=True)
def mia(ledger):
    return with_key(account_of("mia"))


def tell_all(fake: FakeCoinSpot) -> None:
    money = {"amount": 100, "created": written(AT), "status": "completed", "reference": "R"}
    coins = {"timestamp": written(AT), "amount": 2, "coin": "ETH", "address": "0x0", "aud": 5000}
    paid = {"timestamp": written(AT), "amount": 0.001, "coin": "BTC", "audamount": 140}
    sold = trade(id="s", market="ETH/AUD", rate=2500, amount=1, audtotal=2490.01)
    fake.tell("/my/orders/completed", buyorders=[trade()], sellorders=[sold])
    fake.tell("/my/orders/market/open", buyorders=[opened()])
    fake.tell("/my/balances", balances=[{"BTC": {"balance": 0.1, "audbalance": 1, "rate": 2}}])
    fake.tell("/my/deposits", deposits=[money])
    fake.tell("/my/withdrawals", withdrawals=[money])
    fake.tell("/my/sendreceive", sendtransactions=[coins | {"sendfee": 0.01}])
    fake.tell("/my/sendreceive", receivetransactions=[coins])
    fake.tell("/my/affiliatepayments", payments=[{"amount": 5, "month": "2026-02"}])
    fake.tell("/my/referralpayments", payments=[paid])


def looked(venue: FakeCoinSpot, hours: float = 0) -> CollectorRun:
    venue.now = NOW + hours * HOUR
    (run,) = look(venue.now)
    brought = run.new + run.revised + run.duplicate + run.late + run.rejected
    assert brought == run.fetched
    assert bool(run.error) == (run.outcome not in (Outcome.OK, Outcome.PARTIAL))
    return run


def stored() -> list[tuple[Any, ...]]:
    """Return which things are known now, and how much of each."""
    found: list[tuple[Any, ...]] = []
    for model in (Fill, Transfer, Order):
        names = [*model.identity, "quantity"]
        rows = model.objects.of_everyone().at(pair()).values_list(*names)
        found += [(model.__name__, *row) for row in rows]
    return sorted(found, key=str)


@pytest.mark.parametrize(
    ("mutation", "outcome"),
    [
        (says(HTML, "text/html"), Outcome.BLOCKED),
        (says(HTML), Outcome.BLOCKED),
        (says(HTML, "text/html", 403), Outcome.BLOCKED),
        (says(HTML, "text/html", 503), Outcome.TRANSPORT),
        (says(b""), Outcome.DRIFT),
        (says(b"null"), Outcome.TRANSPORT),
        (says(b'{"message": "welcome"}'), Outcome.TRANSPORT),
        (says(b'{"status": "error", "message": "no"}'), Outcome.TRANSPORT),
        (says(b'{"status": "ok"}'), Outcome.DRIFT),
        (truncated(0.33), Outcome.DRIFT),
        (bombed, Outcome.TRANSPORT),
        (slowed, Outcome.RATE_LIMITED),
    ],
)
def test_each_fault_ends_as_what_it_is_and_changes_nothing(venue, mutation, outcome) -> None:
    assert looked(venue).outcome == Outcome.OK
    before = stored()
    venue.mutation = mutation
    spoilt = looked(venue, 1)
    assert (spoilt.outcome, spoilt.window) == (outcome, None)
    assert stored() == before
    venue.mutation = whole
    assert (looked(venue, 2).new, stored()) == (1, before)


def test_a_redirect_to_a_private_address_is_not_followed(venue) -> None:
    with serving(body(b"{}")) as (inside, asked):
        venue.mutation = moved(f"{inside}/admin")
        assert looked(venue).outcome == Outcome.TRANSPORT
    assert asked == []


def test_what_is_said_twice_is_stored_once(venue) -> None:
    looked(venue)
    before = stored()
    venue.mutation = doubled
    assert looked(venue, 1).new == 1
    assert stored() == before


def test_a_wrong_clock_moves_no_trade_and_proves_nothing_of_the_future(venue) -> None:
    looked(venue)
    before = stored()
    for hours, skew in ((1, -DAY), (2, DAY)):
        venue.mutation = skewed(skew)
        run = looked(venue, hours)
        assert run.window is None or run.window.upper <= NOW + hours * HOUR
        assert stored() == before
    assert Balance.objects.of_everyone().count() == 3


def test_a_name_that_changed_is_noticed_or_does_not_matter(venue, request) -> None:
    """Every fourth name, and all of them by --full."""
    step = 1 if request.config.getoption("--full") else 4
    names: set[str] = set()

    def note(reply: Reply) -> Reply:
        names.update(names_in(reply.body))
        return reply

    venue.mutation = note
    looked(venue)
    before = stored()
    assert {"balances", "audtotal", "solddate", "month"} <= names
    for minute, name in enumerate(sorted(names - {"status"})[::step], start=1):
        venue.mutation = renamed(name)
        run = looked(venue, minute / 60)
        noticed = run.outcome != Outcome.OK or run.rejected
        assert noticed or name in HARMLESS | OPTIONAL, name
        counts = [tuple(row[:-1]) for row in stored() if row[0] != "Order"]
        assert counts == [tuple(row[:-1]) for row in before if row[0] != "Order"], name
