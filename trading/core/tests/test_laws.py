"""The laws of the book, over random histories."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trading.core.book import METHODS, Book, FeePolicy, apply, book_entries
from trading.core.entries import Entry, Flow, FlowKind, Side, Trade, booking_order
from trading.core.exact import CONTEXT, ZERO, total
from trading.core.journal import FlowPosting
from trading.core.tests.factories import START
from trading.core.tests.histories import (
    ASSETS,
    CURRENCY,
    History,
    cash_histories,
    histories,
)
from trading.core.tests.reference import recompute
from trading.core.valuation import Valuation, imbalance, value_book

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
def test_what_an_entry_brings_is_worth_what_it_takes(
    history: History, method: str, fees: FeePolicy
) -> None:
    """Conservation of cost and proceeds, entry by entry, from the journals alone.

    A trade turns the proceeds of what it disposed of, and the cash that it paid, into the cost of
    what it acquired, the cash that it got and the fee that is no part of either. A flow brings or
    takes its posted value, beside its fee.
    """
    book = Book(currency=CURRENCY, method=method, fees=fees, prices=history.prices)
    for entry in sorted(history.entries, key=booking_order):
        before = state_of(book)
        apply(book, entry)
        came, went = moved(book, before)
        assert came == went


def state_of(book: Book) -> tuple[int, int, int, int, Decimal]:
    """Return how long the journals are, and the cash."""
    disposed, acquired = len(book.disposals), len(book.acquisitions)
    charged, flowed = len(book.fee_postings), len(book.flow_postings)
    return disposed, acquired, charged, flowed, book.positions[CURRENCY].quantity


def moved(book: Book, before: tuple[int, int, int, int, Decimal]) -> tuple[Decimal, Decimal]:
    """Add up what went into one entry and what came out of it."""
    disposed, acquired, charged, flowed, cash = before
    with localcontext(CONTEXT):
        worth = [
            *(disposal.proceeds for disposal in book.disposals[disposed:]),
            *(flow.value for flow in book.flow_postings[flowed:] if not is_lots(flow)),
        ]
        kept = [
            *(lot.cost for lot in book.acquisitions[acquired:]),
            *(fee.value for fee in book.fee_postings[charged:] if not fee.in_basis),
            book.positions[CURRENCY].quantity - cash,
        ]
        return sum(worth, ZERO), sum(kept, ZERO)


def is_lots(flow: FlowPosting) -> bool:
    """Tell whether it took lots out in kind, at their cost: nothing came for them."""
    return flow.quantity < 0 and flow.asset != CURRENCY


@given(histories(), methods, policies)
def test_a_fee_is_posted_once_and_in_full(history: History, method: str, fees: FeePolicy) -> None:
    """Each fee is in the journal with its quantity, and what was paid in coins left as such."""
    book = booked(history, method, fees)
    charged = [(entry.key, entry.fee_asset, entry.fee) for entry in history.entries if entry.fee]
    posted = [(fee.key, fee.asset, fee.quantity) for fee in book.fee_postings]
    assert sorted(posted) == sorted(charged)
    for name in (CURRENCY, *ASSETS):
        own = [fee.value for fee in book.fee_postings if fee.asset == name and not fee.in_basis]
        assert book.positions[name].fees == total(own)


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
    history: History, method: str, fees: FeePolicy, random: Any
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


@given(histories(match=False))
def test_all_methods_and_policies_agree_when_everything_is_sold(history: History) -> None:
    """Whatever was bought, swapped, earned, charged and oversold, in any order and many at once.

    Only what leaves in kind takes a cost along that depends on the method, so nothing does here.
    """
    entries = [entry for entry in history.entries if not leaves_in_kind(entry)]
    gains, units = set(), set()
    for method in METHODS:
        for fees in FeePolicy:
            book = booked(replace(history, entries=entries), method, fees)
            for number, asset in enumerate(ASSETS):
                if book.positions[asset].quantity:
                    apply(book, sale_of_all(book, asset, number))
            value = value_book(book, {})
            assert value.unrealized == 0
            assert all(value.assets[i].quantity == 0 for i in coins(value))
            gained = total([value.realized, value.realized_unmatched, value.income])
            gains.add(CONTEXT.subtract(gained, value.fees))
            units.add(tuple(sorted(value.unmatched.items())))
    assert len(gains) == 1
    assert len(units) == 1


def leaves_in_kind(entry: Entry) -> bool:
    """Tell whether coins leave with an entry that are not sold."""
    kinds = (FlowKind.WITHDRAWAL, FlowKind.TRANSFER_OUT)
    return isinstance(entry, Flow) and entry.kind in kinds and entry.asset != CURRENCY


def coins(value: Valuation) -> list[int]:
    """Return the places of all assets but cash."""
    return [i for i, row in enumerate(value.assets) if row.asset != CURRENCY]


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


@given(histories(), policies)
def test_every_method_holds_the_same_units_and_flows_of_cash(
    history: History, fees: FeePolicy
) -> None:
    """A method says which lot is sold, never how many units, nor what was paid."""
    found = set()
    for method in METHODS:
        book = booked(history, method, fees)
        held = tuple((name, book.positions[name].quantity) for name in (CURRENCY, *ASSETS))
        unknown = tuple((name, book.positions[name].unmatched) for name in ASSETS)
        cash = total(f.value for f in book.flow_postings if f.asset == CURRENCY)
        found.add((held, unknown, cash))
    assert len(found) == 1


@given(cash_histories(), methods, policies)
def test_trades_for_cash_booked_at_once_are_those_booked_one_by_one(
    history: History, method: str, fees: FeePolicy
) -> None:
    """The tight loop of a long history does what the general way does, journals and all."""
    book = Book(currency=CURRENCY, method=method, fees=fees, prices=history.prices)
    for entry in sorted(history.entries, key=booking_order):
        apply(book, entry)
    assert booked(history, method, fees) == book
