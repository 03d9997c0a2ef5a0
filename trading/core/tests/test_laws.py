"""The laws of the book, over random histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.core import book as core
from trading.core.book import METHODS, Book, FeePolicy, apply, book_accounts, book_entries
from trading.core.entries import Entry, Flow, FlowKind, Side, Trade, booking_order
from trading.core.exact import CONTEXT, ZERO, total
from trading.core.tests.factories import START
from trading.core.tests.histories import (
    AMOUNTS,
    ASSETS,
    CURRENCY,
    FEES,
    PRICES,
    History,
    histories,
)
from trading.core.tests.reference import recompute
from trading.core.valuation import combine, imbalance, value_book

methods = st.sampled_from([*METHODS])
policies = st.sampled_from(FeePolicy)


def booked(history: History, method: str, fees: FeePolicy) -> Book:
    return book_entries(
        history.entries, currency=CURRENCY, method=method, fees=fees, prices=history.prices
    )


@given(histories())
def test_the_equity_identity_holds_exactly_after_every_entry(history: History) -> None:
    for method in METHODS:
        for fees in FeePolicy:
            book = Book(currency=CURRENCY, method=method, fees=fees, prices=history.prices)
            for entry in sorted(history.entries, key=booking_order):
                apply(book, entry)
                assert imbalance(value_book(book, history.bids())) == 0
                assert imbalance(value_book(book, {})) == 0


@given(histories(), methods, policies)
def test_no_unit_and_no_cost_is_lost(history: History, method: str, fees: FeePolicy) -> None:
    """What was acquired is open, was disposed of, or went out in kind; so is what it cost."""
    book = booked(history, method, fees)
    with localcontext(CONTEXT):
        for asset, position in book.positions.items():
            if asset == CURRENCY:
                continue
            out = [f for f in book.flow_postings if f.asset == asset and f.quantity < 0]
            gone = [d for d in book.disposals if d.asset == asset]
            bought = [lot for lot in book.acquisitions if lot.asset == asset]
            kept = position.open_lots()
            assert position.quantity == sum((lot.quantity for lot in kept), ZERO)
            assert position.cost == sum((lot.cost for lot in kept), ZERO)
            assert sum((lot.cost for lot in bought), ZERO) == (
                position.cost
                + sum((d.cost for d in gone), ZERO)
                - sum((f.value for f in out), ZERO)
            )
            assert sum((lot.quantity for lot in bought), ZERO) + position.unmatched == (
                position.quantity
                + sum((d.quantity for d in gone), ZERO)
                - sum((f.quantity for f in out), ZERO)
            )


@given(histories(), methods, policies)
def test_nothing_held_is_ever_negative(history: History, method: str, fees: FeePolicy) -> None:
    for position in booked(history, method, fees).positions.values():
        assert position.quantity >= 0
        assert position.cost >= 0
        assert all(lot.quantity > 0 for lot in position.open_lots())


@given(histories(), methods, policies)
def test_gains_add_up_to_what_was_realized(history: History, method: str, fees: FeePolicy) -> None:
    book = booked(history, method, fees)
    for asset, position in book.positions.items():
        gone = [disposal for disposal in book.disposals if disposal.asset == asset]
        assert total(d.gain for d in gone if d.lot) == position.realized
        assert total(d.gain for d in gone if not d.lot) == position.realized_unmatched


@given(histories(), methods, policies)
def test_the_proceeds_of_a_sale_for_cash_are_what_was_paid_for_it(
    history: History, method: str, fees: FeePolicy
) -> None:
    book = booked(history, method, fees)
    with localcontext(CONTEXT):
        for entry in history.entries:
            sold = isinstance(entry, Trade) and entry.side is Side.SELL and entry.quote == CURRENCY
            if sold and not entry.fee:
                pieces = [disposal for disposal in book.disposals if disposal.key == entry.key]
                assert sum(d.proceeds for d in pieces) == entry.quantity * entry.price
                assert sum(d.quantity for d in pieces) == entry.quantity


@given(histories(), methods, policies, st.integers(0, 10))
def test_booking_in_two_halves_equals_booking_at_once(
    history: History, method: str, fees: FeePolicy, cut: int
) -> None:
    entries = sorted(history.entries, key=booking_order)
    book = book_entries(
        entries[:cut], currency=CURRENCY, method=method, fees=fees, prices=history.prices
    )
    for entry in entries[cut:]:
        assert apply(book, entry) is book
    assert book == booked(history, method, fees)


@given(histories(), methods, policies, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    history: History, method: str, fees: FeePolicy, random: object
) -> None:
    shuffled = list(history.entries)
    random.shuffle(shuffled)
    shuffled_book = booked(replace(history, entries=shuffled), method, fees)
    assert shuffled_book == booked(history, method, fees)


@given(histories(), methods, policies)
def test_the_context_of_the_caller_does_not_matter(
    history: History, method: str, fees: FeePolicy
) -> None:
    plain = booked(history, method, fees)
    value = value_book(plain, history.bids())
    with localcontext(prec=3):
        narrow = booked(history, method, fees)
        assert narrow == plain
        assert value_book(narrow, history.bids()) == value
        assert imbalance(value) == 0


@given(histories(match=False), methods, policies)
def test_every_total_equals_an_independent_engine_in_fractions(
    history: History, method: str, fees: FeePolicy
) -> None:
    """Exact but for the cuts on the grid, each of which moves less than 1e-36 between two parts."""
    expected = recompute(
        history.entries,
        currency=CURRENCY,
        method=method,
        in_basis=fees is FeePolicy.BASIS,
        prices=history.prices,
    )
    book = booked(history, method, fees)
    got = value_book(book, {})
    near = Fraction(1, 10**15)
    for name in ("realized", "realized_unmatched", "income", "fees", "flows"):
        assert abs(Fraction(getattr(got, name)) - getattr(expected, name)) < near, name
    assert Fraction(book.positions[CURRENCY].quantity) == expected.cash
    for asset in ASSETS:
        position = book.positions[asset]
        lots = expected.lots[asset]
        assert Fraction(position.quantity) == sum(lot.quantity for lot in lots)
        assert abs(Fraction(position.cost) - sum(lot.cost for lot in lots)) < near
        assert Fraction(position.unmatched) == expected.unmatched[asset]
    if method != "average":
        ours = [(d.asset, d.lot and d.lot.at, Fraction(d.quantity)) for d in book.disposals]
        assert sorted(ours, key=str) == sorted(expected.matches, key=str)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["buy", "sell"]), AMOUNTS, PRICES, FEES, st.sampled_from(ASSETS[:2])
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from([CURRENCY, *ASSETS[:2]]),
)
def test_all_methods_and_policies_agree_when_everything_is_sold(rows: list, fee_asset: str) -> None:
    entries: list[Entry] = [
        Trade(
            at=START + timedelta(hours=hour),
            key=f"{hour:02}",
            side=Side(side),
            base=asset,
            quote=CURRENCY,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_asset=fee_asset,
        )
        for hour, (side, quantity, price, fee, asset) in enumerate(rows)
    ]
    gains = set()
    for method in METHODS:
        for fees in FeePolicy:
            book = book_entries(
                entries,
                currency=CURRENCY,
                method=method,
                fees=fees,
                prices=always_seven,
            )
            for number, asset in enumerate(ASSETS[:2]):
                if book.positions[asset].quantity:
                    apply(book, sale_of_all(book, asset, number))
            value = value_book(book, {})
            assert not value.missing
            assert value.unrealized == 0
            gained = total([value.realized, value.realized_unmatched])
            gains.add(CONTEXT.subtract(gained, value.fees))
    assert len(gains) == 1


def always_seven(asset: str, at: datetime) -> Decimal:
    return Decimal(7)


def sale_of_all(book: Book, asset: str, number: int) -> Trade:
    return Trade(
        at=START + timedelta(days=9),
        key=f"end{number}",
        side=Side.SELL,
        base=asset,
        quote=CURRENCY,
        quantity=book.positions[asset].quantity,
        price=Decimal(5),
    )


@given(histories(), methods, policies)
def test_the_short_way_of_a_cash_trade_is_the_long_one(
    history: History, method: str, fees: FeePolicy
) -> None:
    short = booked(history, method, fees)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(core, "_book_cash_trade", core._book_trade)
        long = booked(history, method, fees)
    assert short.positions == long.positions
    assert short.disposals == long.disposals
    assert short.fee_postings == long.fee_postings


@given(histories(), histories(), methods, methods, policies)
def test_own_transfers_add_up_over_accounts_of_two_methods(
    one: History, other: History, method: str, second: str, fees: FeePolicy
) -> None:
    transit: dict = {}
    books = {
        "one": Book(
            currency=CURRENCY, method=method, fees=fees, prices=one.prices, transit=transit
        ),
        "other": Book(currency=CURRENCY, method=second, prices=other.prices, transit=transit),
    }
    book_accounts(books, {"one": one.entries, "other": other.entries})
    values = [value_book(book, one.bids()) for book in books.values()]
    assert all(imbalance(value) == 0 for value in values)
    assert imbalance(combine(values)) == 0


@given(
    st.lists(st.tuples(AMOUNTS, PRICES), min_size=1, max_size=5),
    st.fractions("0.01", 1),
    st.fractions("0.01", 1),
    methods,
    methods,
)
def test_a_matched_transfer_carries_cost_and_dates(
    buys: list, out: Fraction, arrived: Fraction, method: str, second: str
) -> None:
    held = total(quantity for quantity, _ in buys)
    sent = floor(held, out)
    entries: list[Entry] = [
        Trade(
            at=START + timedelta(hours=hour),
            key=f"{hour}",
            side=Side.BUY,
            base="BTC",
            quote=CURRENCY,
            quantity=quantity,
            price=price,
        )
        for hour, (quantity, price) in enumerate(buys)
    ]
    moment = START + timedelta(days=1)
    sending = Flow(
        at=moment,
        key="z",
        kind=FlowKind.TRANSFER_OUT,
        asset="BTC",
        quantity=sent,
        match="m",
    )
    landing = Flow(
        at=moment,
        key="a",
        kind=FlowKind.TRANSFER_IN,
        asset="BTC",
        quantity=floor(sent, arrived),
        match="m",
    )
    transit: dict = {}
    books = {
        "from": Book(currency=CURRENCY, method=method, transit=transit),
        "to": Book(currency=CURRENCY, method=second, transit=transit),
    }
    book_accounts(books, {"from": [*entries, sending], "to": [landing]})
    source, target = books["from"].positions["BTC"], books["to"].positions["BTC"]
    lost = [lot for parcel in transit.values() for lot in parcel.lots]
    assert not target.unpriced
    assert target.quantity == landing.quantity
    assert total([target.quantity, *(lot.quantity for lot in lost)]) == sent
    assert total([source.cost, target.cost, *(lot.cost for lot in lost)]) == total(
        lot.cost for lot in books["from"].acquisitions
    )
    assert {lot.at for lot in books["to"].acquisitions} <= {entry.at for entry in entries}


def floor(amount: Decimal, part: Fraction) -> Decimal:
    """Cut a part of an amount to 18 decimals, at least one of them."""
    with localcontext(CONTEXT):
        units = amount.scaleb(18) * part.numerator // part.denominator
        return max(units, Decimal(1)).scaleb(-18)
