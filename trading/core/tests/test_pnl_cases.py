"""Worked cases of six other projects, with the results those projects publish.

The files are no part of this repository; without the folder beside it these tests skip. The same
conventions are shown on small numbers of our own in test_book.py.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from trading.core.book import METHODS, Book, FeePolicy, book_entries
from trading.core.entries import Entry, Flow, FlowKind, Side, Trade
from trading.core.exact import CONTEXT, total
from trading.core.tests.reference import recompute
from trading.core.valuation import imbalance, value_book

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "samples" / "pnl_cases"
CASES = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
NAMES = {"FIFO": "fifo", "LIFO": "lifo", "HIFO": "hifo", "LOFO": "lofo", "AVG": "average"}
PRINTED = Decimal("1e-18")  # the cases print periodic results with 18 decimals

pytestmark = pytest.mark.skipif(
    not CASES, reason="the worked cases (../shared/samples/pnl_cases) are not here"
)

REGULAR = [pytest.param(case, id=name) for name, case in CASES.items() if "expected" in case]
METHODS_STATED = [
    pytest.param(case, method, id=f"{name}-{NAMES[method]}")
    for name, case in CASES.items()
    if "expected" in case
    for method in case["expected"]
]
SUBCASES = [
    pytest.param(subcase, id=subcase["name"])
    for case in CASES.values()
    for subcase in case.get("subcases", [])
]


def entries_of(case: dict, currency: str = "USD") -> list[Entry]:
    return [entry_of(row, f"{number:04}", currency) for number, row in enumerate(case["trades"])]


def entry_of(row: dict, key: str, currency: str) -> Entry:
    at, quantity, price = (
        datetime.fromisoformat(row["t"]),
        Decimal(row["qty"]),
        Decimal(row["price"]),
    )
    if row["side"] == "income":
        return Flow(
            at=at,
            key=key,
            kind=FlowKind.INCOME,
            asset=row["asset"],
            quantity=quantity,
            value=CONTEXT.multiply(quantity, price),
        )
    return Trade(
        at=at,
        key=key,
        side=Side(row["side"]),
        base=row["asset"],
        quote=currency,
        quantity=quantity,
        price=price,
        fee=Decimal(row.get("fee_qty") or row.get("fee") or 0),
        fee_asset=row["asset"] if row.get("fee_qty") else currency,
    )


def policy_of(case: dict) -> FeePolicy:
    separate = case["convention"].startswith("fees are separate")
    return FeePolicy.SEPARATE if separate else FeePolicy.BASIS


def book_case(case: dict, method: str) -> Book:
    currency = case["quote_currency"]
    return book_entries(
        entries_of(case, currency), currency=currency, method=method, fees=policy_of(case)
    )


def by_trade(book: Book, name: str) -> dict[str, Decimal]:
    """Add up a number of the disposals by the trade that made them."""
    keys = dict.fromkeys(disposal.key for disposal in book.disposals)
    return {key: total(getattr(d, name) for d in book.disposals if d.key == key) for key in keys}


def close(found: Decimal, stated: str, tolerance: Decimal) -> bool:
    return abs(CONTEXT.subtract(found, Decimal(stated))) <= tolerance


def tolerance_of(stated: str) -> Decimal:
    """0 for a number printed whole, one unit of the last place for one that was cut."""
    exponent = Decimal(stated).as_tuple().exponent
    return PRINTED if isinstance(exponent, int) and exponent <= -18 else Decimal(0)


@pytest.mark.parametrize(("case", "method"), METHODS_STATED)
def test_disposals_and_lots_are_those_of_the_case(case: dict, method: str) -> None:
    expected = case["expected"][method]
    book = book_case(case, NAMES[method])
    value = value_book(book, {})
    columns = {name: by_trade(book, name) for name in ("proceeds", "cost", "gain")}
    source_tolerance = max(Decimal(s.get("tol", 0)) for s in case["stated_by_source"].values())
    for row in expected["disposals"]:
        key = f"{row['trade']:04}"
        for name, found in columns.items():
            near = max(source_tolerance, tolerance_of(row[name]))
            assert close(found[key], row[name], near), (key, name)
        unknown = total(d.quantity for d in book.disposals if d.key == key and not d.lot)
        assert unknown == Decimal(row["unmatched_qty"])
        sold = total(d.quantity for d in book.disposals if d.key == key and not d.is_fee)
        assert sold == Decimal(row["qty"])
    assert {row["trade"] for row in expected["disposals"]} == {int(key) for key in columns["gain"]}
    gain = total([value.realized, value.realized_unmatched])
    near = max(source_tolerance, tolerance_of(expected["realised_total"]))
    assert close(gain, expected["realised_total"], near)
    assert -value.fees == Decimal(expected["fee_pnl"])
    held = {row.asset for row in value.assets if row.quantity} - {case["quote_currency"]}
    assert held == {name for name, left in expected["remaining"].items() if Decimal(left["qty"])}
    for asset, left in expected["remaining"].items():
        assert book.positions[asset].quantity == Decimal(left["qty"])
        assert close(book.positions[asset].cost, left["cost"], tolerance_of(left["cost"]))
    assert imbalance(value) == 0


@pytest.mark.parametrize("case", REGULAR)
def test_results_are_those_the_source_publishes(case: dict) -> None:
    for method, stated in case["stated_by_source"].items():
        book = book_case(case, NAMES[method])
        value = value_book(book, {})
        near = Decimal(stated.get("tol", 0))
        gain = total([value.realized, value.realized_unmatched])
        if "total" in stated:
            assert close(gain, stated["total"], near)
        for column, name in (("by_disposal", "gain"), ("cost_by_disposal", "cost")):
            found = list(by_trade(book, name).values())
            for ours, theirs in zip(found, stated.get(column, found), strict=True):
                assert close(ours, str(theirs), near)
        if "fee_pnl" in stated:
            assert -value.fees == Decimal(stated["fee_pnl"])
        if "net_total" in case:
            assert CONTEXT.subtract(gain, value.fees) == Decimal(case["net_total"])
        held = next(row for row in value.assets if row.asset != case["quote_currency"])
        assert held.quantity == Decimal(stated.get("remaining_qty", held.quantity))
        assert held.cost == Decimal(stated.get("remaining_cost", held.cost))


@pytest.mark.parametrize(
    "case",
    [param for param in REGULAR if "mark" in param.values[0]],
)
def test_marked_cases_give_the_published_unrealized_and_total(case: dict) -> None:
    mark = case["mark"]
    for method in case["stated_by_source"]:
        book = book_case(case, NAMES[method])
        value = value_book(book, {case["trades"][0]["asset"]: Decimal(mark["price"])})
        gross = total([value.realized, value.unrealized])
        assert value.unrealized == Decimal(mark["unrealised"])
        assert gross == Decimal(mark["gross_total"])
        assert CONTEXT.subtract(gross, value.fees) == Decimal(mark.get("net_total", gross))


TRADED = [
    *REGULAR,
    *(param for param in SUBCASES),
    pytest.param(CASES.get("ghostfolio_btcusd_short"), id="ghostfolio_btcusd_short"),
]


@pytest.mark.parametrize("case", TRADED)
@pytest.mark.parametrize("method", METHODS)
def test_every_case_equals_the_engine_in_fractions(case: dict, method: str) -> None:
    """Totals, cash, what is left of each lot and what was never bought, in every method."""
    currency = case.get("quote_currency", "USD")
    policy = policy_of(case) if "convention" in case else FeePolicy.SEPARATE
    entries = entries_of(case, currency)
    book = book_entries(entries, currency=currency, method=method, fees=policy)
    value = value_book(book, {})
    expected = recompute(
        entries, currency=currency, method=method, in_basis=policy is FeePolicy.BASIS
    )
    cuts = Fraction(2 * len(book.disposals), 10**36)
    for name in ("realized", "realized_unmatched", "income", "fees", "flows"):
        assert abs(Fraction(getattr(value, name)) - getattr(expected, name)) <= cuts
    assert Fraction(book.positions[currency].quantity) == expected.cash
    for asset in {row.asset for row in value.assets} - {currency}:
        ours = [(lot.lot.at, lot.quantity, lot.cost) for lot in book.positions[asset].open_lots()]
        theirs = [(lot.at, lot.quantity, lot.cost) for lot in expected.lots[asset]]
        for mine, yours in zip(sorted(ours), sorted(theirs), strict=True):
            assert (mine[0], Fraction(mine[1])) == yours[:2]
            assert abs(Fraction(mine[2]) - yours[2]) <= cuts
        assert Fraction(book.positions[asset].unmatched) == expected.unmatched[asset]


@pytest.mark.parametrize("subcase", SUBCASES)
def test_the_lots_of_the_matching_table_are_consumed(subcase: dict) -> None:
    book = book_entries(entries_of(subcase), currency="USD", method=NAMES[subcase["method"]])
    consumed = [
        {
            "sell_trade": int(disposal.key),
            "buy_trade": int(disposal.lot.key),
            "qty": disposal.quantity,
            "cost": disposal.cost,
        }
        for disposal in book.disposals
    ]
    wanted = [
        {**row, "qty": Decimal(row["qty"]), "cost": Decimal(row["cost"])}
        for row in subcase["expected_consumption"]
    ]
    assert consumed == wanted
    assert available_before(book) == [
        tuple(pair) for pair in subcase["want_available_then_lot_row"]
    ]


def available_before(book: Book) -> list[tuple[Decimal, int]]:
    """Return for each piece what was left of its lot before it was cut off, and the lot's row."""
    taken: dict[str, Decimal] = {}
    found = []
    for disposal in book.disposals:
        lot = disposal.lot
        assert lot is not None
        before = taken.get(lot.key, Decimal(0))
        found.append((CONTEXT.subtract(lot.quantity, before), int(lot.key) + 1))
        taken[lot.key] = CONTEXT.add(before, disposal.quantity)
    return found


@pytest.mark.parametrize("method", METHODS)
def test_a_short_sale_is_unmatched_and_no_negative_position(method: str) -> None:
    case = CASES["ghostfolio_btcusd_short"]
    book = book_entries(entries_of(case), currency="USD", method=method, fees=FeePolicy.SEPARATE)
    value = value_book(book, {"BTC": Decimal(50000)})
    assert [disposal.lot for disposal in book.disposals] == [None, None]
    assert [disposal.quantity for disposal in book.disposals] == [1, 1]
    assert book.positions["BTC"].quantity == 0
    assert value.unmatched == {"BTC": Decimal(2)}
    assert value.realized == 0
    stated = case["stated_by_source"]
    assert value.unmatched["BTC"] == Decimal(stated["short_qty"])
    worth = CONTEXT.multiply(Decimal(stated["short_qty"]), Decimal(stated["average_price"]))
    assert value.realized_unmatched == worth == Decimal("91295.90")
    assert not value.complete


@pytest.mark.parametrize("method", METHODS)
def test_crypto_bought_with_crypto_may_be_told_as_one_swap(method: str) -> None:
    """The case tells a sale and a buy in EUR; the same as one trade XMR/BTC and a BTC price."""
    case = CASES["rotki_bought_crypto_with_crypto"]
    entries = entries_of(case, "EUR")
    sale, buy = entries[1:3]
    swap = Trade(
        at=sale.at,
        key=sale.key,
        side=Side.BUY,
        base="XMR",
        quote="BTC",
        quantity=buy.quantity,
        price=Decimal("0.0010275"),
    )
    book = book_entries(
        [entries[0], swap, entries[3]],
        currency="EUR",
        method=method,
        prices=lambda asset, at: {"BTC": sale.price}.get(asset),
    )
    assert book.positions["BTC"].quantity == Decimal("81.6146875")
    assert value_book(book, {}).realized == Decimal("74.4107983124540625")


SEEN = {
    "expected": {"realised_total", "fee_pnl", "disposals", "remaining"},
    "disposals": {"trade", "qty", "proceeds", "cost", "gain", "unmatched_qty"},
    "remaining": {"qty", "cost"},
    "stated": {
        *("total", "by_disposal", "cost_by_disposal", "fee_pnl"),
        *("remaining_qty", "remaining_cost", "tol"),
    },
    "mark": {"price", "unrealised", "gross_total", "net_total"},
    "subcase": {
        *("name", "method", "trades", "matches_source"),
        *("want_available_then_lot_row", "expected_consumption"),
    },
    "trade": {"t", "side", "asset", "qty", "price", "fee", "fee_qty"},
}
"""Every name under which a case publishes something; each is compared by a test above."""


def test_no_file_and_no_published_number_is_passed_over() -> None:
    """A file or a name that the tests above do not know fails here."""
    for name, case in CASES.items():
        told = case.get("expected", {})
        known = name == "ghostfolio_btcusd_short" or "subcases" in case or told
        assert known, name
        assert set(told) <= set(NAMES)
        for result in told.values():
            assert set(result) == SEEN["expected"]
            assert all(set(row) == SEEN["disposals"] for row in result["disposals"])
            assert all(set(left) == SEEN["remaining"] for left in result["remaining"].values())
        if told:
            assert set(case["stated_by_source"]) <= set(told)
            assert all(set(one) <= SEEN["stated"] for one in case["stated_by_source"].values())
        assert set(case.get("mark", {})) <= SEEN["mark"]
        assert all(set(one) == SEEN["subcase"] for one in case.get("subcases", []))
        parts = case.get("subcases", [case])
        assert all(set(row) <= SEEN["trade"] for part in parts for row in part["trades"])


def test_the_numbers_compared_are_no_fewer_than_when_this_was_written(capsys: Any) -> None:
    """Files, results of an exact engine in each method, and values that the sources print."""
    cases = [case for case in CASES.values() if "expected" in case]
    results = [one for case in cases for one in case["expected"].values()]
    engine = sum(2 + 6 * len(one["disposals"]) + 2 * len(one["remaining"]) for one in results)
    printed = [
        number
        for case in cases
        for one in case["stated_by_source"].values()
        for name, number in one.items()
        if name != "tol"
    ]
    stated = sum(len(one) if isinstance(one, list) else 1 for one in printed)
    told = (
        f"pnl_cases: {len(CASES)} files, {len(results)} histories by a method, {engine} results "
        f"of an exact engine, {stated} values that the sources print, {len(SUBCASES)} sub-cases."
    )
    with capsys.disabled():
        sys.stdout.write(f"\n{told}\n")
    assert (len(CASES) >= 17, engine >= 1114, stated >= 118, len(SUBCASES) >= 5) == (True,) * 4
