"""The planner's sentences say what was asked, and the evidence bears every one of them out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import drafting
from agents.evidence import Evidence, evidence_of
from agents.grounding import ground
from agents.plans import Step
from agents.results import (
    EventData,
    EventRow,
    Gap,
    OrderData,
    OrderRow,
    PriceData,
    PriceRow,
    Quality,
    Result,
    SentimentData,
    SentimentRow,
    State,
    Window,
)
from agents.tests.factories import DAY, HOUR, MINUTE, NOW

WEEK = Window(start=NOW - 7 * DAY, end=NOW)
FRESH = Quality(state="fresh", reason="", since=NOW, feeds=())
PRICES = st.decimals("0.000001", "999999", places=6)
HEADLINES = st.text(st.characters(categories=["L", "N", "P", "S", "Z"]), max_size=80)


def result(kind: type[Result], **options: Any) -> Any:
    """Make a tool's result of the week, fresh and without gaps."""
    values: dict[str, Any] = {
        "symbol": "BTC",
        "window": WEEK,
        "as_of": NOW,
        "horizon": NOW,
        "state": State.VALUE,
        "gaps": (),
        "quality": FRESH,
        "count": 1,
    }
    return kind(**{**values, **options})


def price(role: str, value: Any, *, back: int = 1, symbol: str = "BTC") -> PriceRow:
    """Make one row of a price tool."""
    return PriceRow(
        id=f"glass.quote.{symbol}.{role}.{back}",
        at=NOW - back * HOUR,
        known_at=NOW,
        source="coinspot",
        role=role,
        symbol=symbol,
        currency="AUD",
        price=value,
        field="last",
    )


def prices(first: Any, last: Any, symbol: str = "BTC", **options: Any) -> Any:
    """Make the window of a price tool from its first and last."""
    rows = (
        price("first", first, back=160, symbol=symbol),
        price("last", last, symbol=symbol),
        price("high", max(first, last), symbol=symbol),
        price("low", min(first, last), symbol=symbol),
        *(price("close", last, back=24 * day + 1, symbol=symbol) for day in range(4)),
    )
    values = {"currency": "AUD", "source": "coinspot", "timeframe": "7d", "mean": first}
    return result(PriceData, symbol=symbol, rows=rows, **{**values, **options})


def step(tool: str, **options: Any) -> Step:
    """Make a step of the plan."""
    args = {"symbol": "BTC", **options.pop("args", {})}
    return Step(tool=tool, args=args, window=WEEK, **options)


def said(*made: tuple[Step, Any]) -> tuple[list[str], list[Evidence]]:
    """Draft sentences; every one must be borne out."""
    steps, results = [one for one, _ in made], [one for _, one in made]
    evidence = evidence_of(steps, results)
    sentences = drafting.drafted(steps, results, evidence)
    assert ground(sentences, evidence).withheld == ()
    return sentences, evidence


@given(first=PRICES, last=PRICES)
def test_whatever_the_prices_the_sentences_are_borne_out(first: Any, last: Any) -> None:
    measures = ("change", "high_low", "mean", "volatility")
    sentences, _ = said((step("get_price_data", measures=measures), prices(first, last)))
    assert len(sentences) == 4


@given(first=PRICES, last=PRICES, other=PRICES)
def test_whatever_two_coins_did_their_comparison_is_borne_out(
    first: Any, last: Any, other: Any
) -> None:
    one = step("get_price_data", measures=("compare",))
    two = step("get_price_data", args={"symbol": "ETH"}, measures=("compare",))
    sentences, evidence = said((one, prices(first, last)), (two, prices(first, other, "ETH")))
    assert sum(item.field == "difference" for item in evidence) == 1
    assert len(sentences) >= 2


@given(titles=st.lists(HEADLINES, max_size=6), score=st.decimals("-1", "1", places=3))
def test_whatever_the_headlines_say_the_sentences_are_borne_out(titles: Any, score: Any) -> None:
    rows = tuple(
        SentimentRow(
            id=f"human.article.{n}",
            at=NOW - n * MINUTE,
            known_at=NOW,
            source="rss",
            kind="article",
            outlet="decrypt",
            title=title,
            score=score,
            url="",
        )
        for n, title in enumerate(titles)
    )
    count = len(rows)
    mean = score if rows else None
    data = result(SentimentData, source="news", scored=count, count=count, mean=mean, rows=rows)
    said((step("get_sentiment_data", args={"source": "news"}), data))


@pytest.mark.parametrize("kind", ["sec_filing", "listing", "delisting", "maintenance", "macro"])
@pytest.mark.parametrize("form", ["", "8-K", "10-K/A", "4"])
def test_events_of_every_kind_and_form_are_borne_out(kind: str, form: str) -> None:
    row = EventRow(
        id="catalyst.event.1",
        at=NOW - DAY,
        known_at=NOW,
        source="sec",
        kind=kind,
        title="Something of 2 kinds happened",
        company="Coinbase Global, Inc.",
        tickers=("COIN",),
        assets=(),
        form=form,
        impact="low",
        url="",
    )
    for event_type in ("all", "sec_filing", "exchange_listing", "10-K"):
        data = result(EventData, symbol="COIN", event_type=event_type, rows=(row,))
        args = {"symbol": "COIN", "event_type": event_type}
        sentences, _ = said((step("get_catalyst_events", args=args), data))
        assert len(sentences) == 2


@given(quantity=PRICES, at=PRICES, fee=st.one_of(st.none(), PRICES))
@pytest.mark.parametrize("status", ["open", "partial", "filled", "cancelled", "rejected"])
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_orders_of_every_kind_are_borne_out(
    status: str, side: str, quantity: Any, at: Any, fee: Any
) -> None:
    row = OrderRow(
        id="exchange.order.1",
        at=NOW - DAY,
        known_at=NOW,
        source="coinspot",
        kind="order",
        account="main",
        side=side,
        base="BTC",
        quote="AUD",
        quantity=quantity,
        price=at,
        filled=quantity,
        status=status,
        fee=fee,
        fee_asset="AUD" if fee is not None else "",
    )
    data = result(OrderData, symbol="*", rows=(row,))
    sentences, _ = said((step("get_order_history", args={"symbol": "*"}), data))
    assert f"{side}, {status}" in sentences[1]


def closing(symbol: str, closes: tuple[int, ...]) -> Any:
    """Make a window of daily closes, the newest last."""
    rows = prices(closes[0], closes[-1], symbol).rows[:4]
    days = [price("close", value, back=24 * back + 1, symbol=symbol)
            for back, value in enumerate(reversed(closes))]  # fmt: skip
    return prices(1, 1, symbol).model_copy(update={"rows": (*rows, *days)})


def test_two_coins_are_correlated_over_the_days_they_have_in_common() -> None:
    steps = [step("get_price_data", measures=("correlation",)),
             step("get_price_data", args={"symbol": "ETH"}, measures=("correlation",))]  # fmt: skip
    moved = [closing("BTC", (100, 110, 99, 108)), closing("ETH", (10, 12, 9, 11))]
    (*_, sentence), evidence = said(*zip(steps, moved, strict=True))
    (one,) = [one for one in evidence if one.field == "correlation"]
    assert one.over == "correlation of daily returns"
    assert len(one.rows) == 8
    assert one.value is not None
    assert sentence.startswith(
        f"The correlation of the daily returns of BTC and ETH was {one.value:.2f}"
    )
    few = [closing("BTC", (100, 110)), closing("ETH", (10, 12))]
    assert "correlation" not in str(drafting.drafted(steps, few, evidence_of(steps, few)))
    assert drafting.caveats(steps, few) == [
        "The correlation cannot be computed: it takes more daily rows of two coins."
    ]


def test_an_unchanged_price_is_unchanged() -> None:
    (sentence,), _ = said((step("get_price_data", measures=("change",)), prices(5, 5)))
    assert "BTC was unchanged at 0.00 %" in sentence


def test_too_few_days_have_no_volatility() -> None:
    asked = step("get_price_data", measures=("volatility",))
    data = prices(1, 2)
    short = data.model_copy(update={"rows": tuple(r for r in data.rows if r.role != "close")})
    evidence = evidence_of([asked], [short])
    assert drafting.drafted([asked], [short], evidence) == []
    (caveat,) = drafting.caveats([asked], [short])
    assert "cannot be computed" in caveat


def test_where_nobody_looked_there_is_nothing_to_claim_not_even_a_zero() -> None:
    asked = step("get_sentiment_data", args={"source": "news"})
    unseen = result(
        SentimentData, source="news", scored=0, count=0, mean=None, rows=(),
        state=State.NOT_OBSERVED,
    )  # fmt: skip
    assert evidence_of([asked], [unseen]) == []


@pytest.mark.parametrize(
    ("options", "caveat"),
    [
        ({"state": State.NOT_OBSERVED, "count": 0, "rows": ()}, "The price of BTC: not observed."),
        ({"state": State.STALE}, "The price of BTC: stale, nobody should act on it."),
        (
            {"gaps": (Gap(feed="coinspot", start=WEEK.start, end=NOW - DAY),)},
            "The price of BTC: parts of that window were not observed.",
        ),
        (
            {"window": None, "quality": FRESH.model_copy(update={"state": "unknown"})},
            "The price of BTC: its feed is unknown.",
        ),
        ({}, ""),
    ],
)
def test_what_is_missing_is_said_without_a_number(options: Any, caveat: str) -> None:
    data = prices(1, 2).model_copy(update=options)
    found = " ".join(drafting.caveats([step("get_price_data")], [data]))
    assert found.startswith(caveat)
    assert not any(sign.isdigit() for sign in found)
