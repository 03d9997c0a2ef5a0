"""The laws of two books whose accounts send to each other, over random histories."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trading.core.book import METHODS, Book, FeePolicy, apply, book_accounts
from trading.core.entries import Entry, Flow, FlowKind, Side, Trade, booking_order
from trading.core.exact import CONTEXT, ZERO, total
from trading.core.journal import Parcel
from trading.core.tests.factories import START
from trading.core.tests.histories import (
    AMOUNTS,
    CURRENCY,
    PRICES,
    History,
    linked_histories,
)
from trading.core.valuation import combine, imbalance, value_book

methods = st.sampled_from([*METHODS])
policies = st.sampled_from(FeePolicy)


@given(linked_histories(), methods, methods, policies, policies)
def test_the_identity_holds_after_every_entry_of_accounts_that_send_to_each_other(
    linked: tuple[History, History], first: str, second: str, fees: FeePolicy, others: FeePolicy
) -> None:
    """In-kind flows, own transfers, swaps and fees without a price, and missing quotes in both."""
    one, other = linked
    books = pair_of_books(one, other, (first, second), (fees, others))
    for key, entry in side_by_side(one, other):
        apply(books[key], entry)
        for bids in (one.bids(), other.bids(1), {}):
            values = [value_book(book, bids) for book in books.values()]
            assert [imbalance(value) for value in values] == [0, 0]
            assert imbalance(combine(values)) == 0


@given(linked_histories(), methods, methods, policies, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter_for_two_accounts(
    linked: tuple[History, History], first: str, second: str, fees: FeePolicy, random: Any
) -> None:
    one, other = linked
    at_once = pair_of_books(one, other, (first, second), (fees, fees))
    book_accounts(at_once, {"one": one.entries, "other": other.entries})
    shuffled = pair_of_books(one, other, (first, second), (fees, fees))
    mixed = {"one": list(one.entries), "other": list(other.entries)}
    for entries in mixed.values():
        random.shuffle(entries)
    book_accounts(shuffled, mixed)
    stepwise = pair_of_books(one, other, (first, second), (fees, fees))
    for key, entry in side_by_side(one, other):
        apply(stepwise[key], entry)
    assert at_once == shuffled == stepwise


@given(linked_histories(), methods, methods, policies)
def test_an_own_transfer_carries_every_unit_and_all_of_the_cost_and_no_more(
    linked: tuple[History, History], first: str, second: str, fees: FeePolicy
) -> None:
    """What leaves with a name is under way; what arrives is what is under way no more."""
    one, other = linked
    books = pair_of_books(one, other, (first, second), (fees, fees))
    for key, entry in side_by_side(one, other):
        book, before = books[key], under_way(books["one"])
        opened, flowed = len(book.acquisitions), len(book.flow_postings)
        unknown = book.positions[entry.asset].unmatched if isinstance(entry, Flow) else ZERO
        apply(book, entry)
        if not isinstance(entry, Flow) or not entry.match or entry.asset == CURRENCY:
            continue
        (posted,) = (flow for flow in book.flow_postings[flowed:] if not flow.is_implied)
        missed = CONTEXT.subtract(book.positions[entry.asset].unmatched, unknown)
        known = CONTEXT.subtract(entry.quantity, missed)
        now, name = under_way(books["one"]), (entry.match, entry.asset)
        if entry.kind is FlowKind.TRANSFER_OUT and not entry.fee:
            assert now[name] == (known, posted.value.copy_negate())
        if entry.kind is FlowKind.TRANSFER_IN:
            lots = [lot for lot in book.acquisitions[opened:] if lot.key != entry.key]
            arrived = (total(lot.quantity for lot in lots), total(lot.cost for lot in lots))
            had, has = before.get(name, (ZERO, ZERO)), now.get(name, (ZERO, ZERO))
            assert arrived == tuple(map(CONTEXT.subtract, had, has))


def under_way(book: Book) -> dict[tuple[str, str], tuple[Decimal, Decimal]]:
    """Return the units and their cost that left an account and did not arrive, by transfer."""
    return {
        name: (total(lot.quantity for lot in one.lots), total(lot.cost for lot in one.lots))
        for name, one in book.transit.items()
    }


def pair_of_books(
    one: History, other: History, chosen: tuple[str, str], fees: tuple[FeePolicy, FeePolicy]
) -> dict[str, Book]:
    """Make the books of two accounts of one person."""
    transit: dict[tuple[str, str], Parcel] = {}
    return {
        name: Book(
            currency=CURRENCY, method=method, fees=policy, prices=history.prices, transit=transit
        )
        for name, history, method, policy in zip(
            ("one", "other"), (one, other), chosen, fees, strict=True
        )
    }


def side_by_side(one: History, other: History) -> list[tuple[str, Entry]]:
    """Return the entries of both accounts in the order in which they are booked."""
    entries = [("one", entry) for entry in one.entries] + [("other", e) for e in other.entries]
    return sorted(entries, key=lambda pair: booking_order(pair[1]))


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
