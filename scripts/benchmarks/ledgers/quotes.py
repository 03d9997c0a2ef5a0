"""Quotes of many assets: a tick, the latest price of all, and pages far down the list."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from benchmarks.figures import Figure, Goal
from benchmarks.ledgers.sizes import ASSETS, CURRENCY, SOURCE, START, STEP, Size, make_sizes
from benchmarks.measuring import Cost, alternate, best, buffers_of, frozen_heap, middle, say
from ledgers.glass.models import Quote
from ledgers.glass.querysets import NewestPrice
from ledgers.listing import list_rows
from ledgers.questions import Position, Question
from ledgers.reading import Pair, pair

TICKS, READS, SLOW_READS, PAGES = 60, 200, 5, 40
DEPTH = 2
"""The deep page begins at this part of the list."""
INSERT = """
    INSERT INTO peer_quote (event_at, known_at, available_at, observed_at, run_id, parser, revision,
        withdrawn, source, asset, currency, quoted_at, bid, ask, last)
    VALUES (%s, now(), now(), now(), 1, 1, 0, false, 'bench', 'S000', 'AUD', now(), 1, 3, 2)
"""


def measure(rows: int) -> list[Figure]:
    """Measure at a tenth of the rows and at all of them, in turns."""
    small, large = make_sizes(rows)
    figures = [*_ticks(small, large), *_latest(small, large), _page(large)]
    small.use()
    return figures


def _ticks(small: Size, large: Size) -> list[Figure]:
    say("quotes: ticks")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE peer_quote (LIKE glass_quote INCLUDING ALL)")
    small.tick()
    large.tick()  # both warm now, and the insert meets the large one
    costs = alternate({"small": small.tick, "large": large.tick, "insert": _insert}, times=TICKS)
    insert = middle(costs["insert"]).wall
    flat = best(costs["large"]).wall / best(costs["small"]).wall
    return [
        _tick_figure(small, costs["small"], insert),
        _tick_figure(large, costs["large"], insert),
        Figure(
            name="tick.flat",
            work=f"a tick at {large.rows:,} rows",
            ours=f"{best(costs['large']).wall * 1e3:.1f} ms",
            peer=f"{best(costs['small']).wall * 1e3:.1f} ms at {small.rows:,}",
            value=flat,
            goal=Goal(side="<=", limit=1.3),
        ),
    ]


def _tick_figure(size: Size, costs: list[Cost], insert: float) -> Figure:
    tick = middle(costs).wall
    return Figure(
        name="tick.insert",
        work=f"a tick of {len(ASSETS)} quotes at {size.rows:,} rows",
        ours=f"{tick * 1e3:.1f} ms",
        peer=f"{insert * 1e3:.2f} ms one durable INSERT",
        value=tick / insert,
        goal=Goal(side="<=", limit=20),
    )


def _insert() -> None:
    """Insert one row and wait until it is on disk, as a single statement does."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [timezone.now()])


def _latest(small: Size, large: Size) -> list[Figure]:
    say("quotes: latest prices")
    small.use()
    few = _pages_of_latest()
    large.use()
    pages, current = _pages_of_latest(), pair()
    if _prices(_latest_of_all(current)) != _one_by_one(current):
        raise AssertionError("The latest prices differ from those that the ORM finds.")
    with frozen_heap():
        reads = alternate({"latest": lambda: _latest_of_all(current)}, times=READS)
        slow = alternate({"orm": lambda: _one_by_one(current)}, times=SLOW_READS)
    latest, orm = best(reads["latest"]).wall, best(slow["orm"]).wall
    work = f"latest price of {len(ASSETS)} assets at {large.rows:,} rows"
    return [
        Figure(
            name="latest.buffers",
            work=f"{work}: pages read",
            ours=f"{pages:.0f} buffers",
            peer="-",
            value=pages,
            unit="buffers",
            goal=Goal(side="<=", limit=40),
        ),
        Figure(
            name="latest.flat",
            work=f"{work}: pages read",
            ours=f"{pages:.0f} buffers",
            peer=f"{few:.0f} buffers at {small.rows:,}",
            value=pages / few,
            goal=Goal(side="<=", limit=1.3),
        ),
        Figure(
            name="latest.orm",
            work=work,
            ours=f"{latest * 1e3:.2f} ms",
            peer=f"{orm * 1e3:,.0f} ms ORM, one by one",
            value=orm / latest,
            goal=Goal(side=">=", limit=500),
        ),
    ]


def _pages_of_latest() -> float:
    current = pair()
    return buffers_of(lambda: _latest_of_all(current))


def _latest_of_all(current: Pair) -> dict[str, NewestPrice]:
    found: dict[str, NewestPrice] = Quote.objects.newest_prices(
        ASSETS, source=SOURCE, currency=CURRENCY, pair=current
    )
    return found


def _prices(quotes: Mapping[str, NewestPrice]) -> dict[str, Decimal | None]:
    return {asset: quote.last for asset, quote in quotes.items()}


def _one_by_one(current: Pair) -> dict[str, Decimal | None]:
    """Ask for the newest price of each asset in turn, as a loop over the ORM does."""
    rows = Quote.objects.at(current).filter(source=SOURCE, currency=CURRENCY)
    return {asset: rows.filter(asset=asset).latest("event_at").last for asset in ASSETS}


def _page(large: Size) -> Figure:
    """Compare the first page of the list of all quotes with one half-way down."""
    say("quotes: pages")
    large.use()
    depth, end = large.steps // DEPTH, START + large.steps * STEP
    after = Position(
        event_at=START + depth * STEP,
        table=Quote._meta.label_lower,
        key=(SOURCE, ASSETS[len(ASSETS) // 2], CURRENCY, 0),
    )
    costs = alternate(
        {"first": lambda: _rows(None, end), "deep": lambda: _rows(after, end)}, times=PAGES
    )
    first, deep = best(costs["first"]).wall, best(costs["deep"]).wall
    return Figure(
        name="page.depth",
        work=f"a page of the list at depth {depth * len(ASSETS):,}",
        ours=f"{deep * 1e3:.2f} ms",
        peer=f"{first * 1e3:.2f} ms page 1",
        value=deep / first,
        goal=Goal(side="<=", limit=1.5),
    )


def _rows(after: Position | None, end: datetime) -> None:
    """List a page as the API does."""
    question = Question(
        pair=pair(end),
        since=None,
        until=None,
        asset="",
        limit=100,
        revisions=False,
        after=after,
        filters={},
        digest="",
    )
    page = list_rows([Quote], question, user_id=0)
    if len(page.rows) != question.limit:
        raise AssertionError(f"{len(page.rows)} rows on a page of {question.limit}.")
