"""The law of imports: the same lines, in any parts, any overlap and any order, are the same facts.

A line that a file has twice tells of two trades. Of several files, the one that has it most often
counts, because an export never parts what happened at one moment.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.contrib.auth import get_user_model
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from conftest import wipe
from ledgers.exchange.importing.service import ImportAsk, import_file
from ledgers.exchange.models import Fill, Order, Transfer
from ledgers.exchange.tests.files import OMC, text
from ledgers.exchange.tests.laws import costly

NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2026, 3, 1, tzinfo=UTC)


@st.composite
def histories(draw) -> list[str]:
    """Draw lines at least two minutes apart, some of them more than once."""
    lines: list[str] = []
    for minute in draw(st.lists(st.integers(0, 400), unique=True, min_size=1, max_size=12)):
        at = (START + timedelta(minutes=2 * minute)).isoformat()
        side = draw(st.sampled_from(["buy", "sell", "income", "deposit", "withdrawal"]))
        base = draw(st.sampled_from(["BTC", "ETH", "WXYZ"]))
        quantity = draw(st.decimals("0.00000001", 1000, places=8))
        price = draw(st.decimals("0.0000001", 200_000, places=7))
        fee = draw(st.sampled_from([",", "0.1,AUD", "0.001,ETH"]))
        has_id = draw(st.booleans())
        venue_id = f"v{minute}" if has_id else ""
        line = f"{at},{side},{base},AUD,{quantity:f},{price:f},{fee},{venue_id}"
        lines += [line] * (1 if has_id else draw(st.integers(1, 3)))
    return lines


@st.composite
def parts(draw) -> tuple[list[str], list[list[str]]]:
    """Draw a history and files whose lines are all of it, in any overlap and order."""
    history = draw(histories())
    distinct = list(dict.fromkeys(history))
    files = draw(st.lists(st.sets(st.sampled_from(range(len(distinct))), min_size=1), max_size=4))
    left = set(range(len(distinct))) - set().union(*files)
    counts = Counter(history)
    whole = [
        [distinct[number] for number in chosen for _ in range(counts[distinct[number]])]
        for chosen in (*files, left)
        if chosen
    ]
    return history, [draw(st.permutations(one)) for one in draw(st.permutations(whole))]


def load(lines: list[str]):
    ask = ImportAsk(file="a.csv", format="omc", user="mia", creates_user=True)
    return import_file(text(*lines, header=OMC).encode(), ask, now=NOW)


def facts() -> list[tuple]:
    """Return what is stored, without keys of the database and clocks."""
    shared = {"id", "run", "account", "known_at", "available_at", "observed_at", "parser"}
    found = []
    for model in (Order, Fill, Transfer):
        names = [one.name for one in model._meta.concrete_fields if one.name not in shared]
        found += [(model.__name__, *row) for row in model.objects.of_everyone().values_list(*names)]
    return sorted(found, key=str)


@costly(10)
@given(drawn=parts())
def test_any_split_overlap_and_order_gives_the_same_facts(ledger, drawn) -> None:
    history, files = drawn
    wipe(connection)
    assert not load(history).rejected
    at_once = facts()
    assert sum(row[0] in {"Fill", "Transfer"} for row in at_once) == len(history)
    wipe(connection)
    for lines in files:
        assert not load(lines).rejected
    assert facts() == at_once
    assert load(history).known == len(history)
    assert facts() == at_once
    assert get_user_model().objects.count() == 1


def test_the_file_that_has_a_line_most_often_counts(ledger) -> None:
    line = f"{START.isoformat()},buy,BTC,AUD,1,2,,,"
    assert [load([line] * count).fills for count in (1, 3, 2)] == [1, 2, 0]
    assert Fill.objects.of_everyone().count() == 3


def test_equal_numbers_written_otherwise_are_one_trade(ledger) -> None:
    at = START.isoformat()
    assert load([f"{at},buy,BTC,AUD,1.50,2e1,,,"]).fills == 1
    assert load([f"{START:%Y-%m-%dT%H:%M:%SZ},BUY,btc,aud,1.5,20.0,0,,"]).known == 1
    assert Fill.objects.of_everyone().get().price == Decimal(20)
