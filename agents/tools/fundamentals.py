"""Reading numbers about chains and protocols from the Glass ledger, a day or less apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.db import connection

from agents import compute
from agents.compute import shown
from agents.evidence import Evidence, Telling, told
from agents.plans import Step
from agents.results import Result, Row, Window
from agents.retrieval import observe, plain_source
from agents.telling.phrases import PLACES, value_of, written
from agents.tools.glass import Symbol
from agents.tools.registry import Context, Injected, tool
from ledgers.catalogue import CATALOGUE
from ledgers.models import Feed, Ledger

SPAN = timedelta(days=7)
CHAIN_SOURCES = ("blockchain_info", "mempool")
PROTOCOL_SOURCES = ("defillama",)
PROTOCOLS = {
    "AAVE": ("aave",),
    "UNI": ("uniswap",),
    "LDO": ("lido",),
    "CRV": ("curve-dex",),
    "PENDLE": ("pendle",),
    "HYPE": ("hyperliquid",),
    "BNB": ("BSC",),
}
"""What DeFiLlama calls the protocol or chain of an asset; all others by the asset's name."""
Metric = Literal["all", "tvl", "fees_24h", "revenue_24h"]
ChainMetricName = Literal[
    "all",
    "hash_rate",
    "difficulty",
    "transactions",
    "active_addresses",
    "transaction_fees",
    "miners_revenue",
    "fees",
    "backlog",
    "block_time",
]
PARTS = {
    "fees": ("fee_fastest", "fee_half_hour", "fee_hour", "fee_economy", "fee_minimum"),
    "backlog": ("backlog_transactions", "backlog_size", "backlog_fees"),
    "difficulty": ("difficulty", "difficulty_change", "blocks_to_retarget"),
}
"""Names that stand for several metrics."""
SPOKEN = {
    "tvl": "TVL",
    "fees_24h": "daily fees",
    "revenue_24h": "daily revenue",
    "fee_fastest": "fastest fee",
    "fee_half_hour": "fee for half an hour",
    "fee_hour": "fee for an hour",
    "fee_economy": "economy fee",
    "fee_minimum": "smallest fee",
}
"""What the metrics are called that are not called by their name."""
FIELDS = {"revenue_24h": "revenue", "fees_24h": "fee"}
UNITS = {
    "TH/s": "in terahashes a second",
    "1/d": "a day",
    "sat/vB": "in satoshi a virtual byte",
    "vB": "in virtual bytes",
    "sat": "in satoshi",
    "ms": "in milliseconds",
}
"""How the units that are no word are said."""
TOLD = """
    WITH seen AS MATERIALIZED (
        SELECT DISTINCT ON (source, {name}, metric, event_at) id, event_at, known_at, source,
               {name} AS about, metric, value, unit, withdrawn
        FROM {table}
        WHERE source = ANY(%(sources)s) AND {name} = ANY(%(names)s)
          AND event_at >= %(start)s AND event_at < %(end)s
          AND available_at <= %(as_of)s AND known_at <= %(horizon)s
          AND (%(metrics)s::text[] IS NULL OR metric = ANY(%(metrics)s))
        ORDER BY source, {name}, metric, event_at, revision DESC
    ), kept AS MATERIALIZED (SELECT * FROM seen WHERE NOT withdrawn)
    SELECT 'last' AS role, newest.* FROM (
        SELECT DISTINCT ON (source, about, metric) * FROM kept
        ORDER BY source, about, metric, event_at DESC
    ) newest
    UNION ALL
    SELECT 'first', oldest.* FROM (
        SELECT DISTINCT ON (source, about, metric) * FROM kept
        ORDER BY source, about, metric, event_at
    ) oldest
    ORDER BY 1, 5, 6, 7
"""


class MetricRow(Row):
    """One number about a chain or a protocol; `role` is the first or the last of the window."""

    role: str
    about: str
    metric: str
    value: Decimal
    unit: str


class MetricData(Result):
    """The first and the last value of each metric in the window."""

    metric: str
    is_asked: bool
    """Whether the window was asked for, so that it matters how a number moved in it."""
    rows: tuple[MetricRow, ...]


def _tell(_: int, step: Step, data: MetricData) -> Iterator[Evidence]:
    """Yield each metric's last value, and how it changed in a window that was asked for."""
    firsts = {(row.source, row.metric): row for row in data.rows if row.role == "first"}
    for row in data.rows:
        if row.role != "last":
            continue
        said = f"{_spoken(row.metric)} {UNITS.get(row.unit, '')}"
        shared: dict[str, Any] = {
            "assets": (data.symbol,),
            "words": (row.metric, row.unit, row.source, row.about, *said.split()),
            "label": step.label,
        }
        yield Evidence(
            field=_field(row.metric), value=row.value, unit=row.unit if row.unit == "USD" else "",
            times=(row.at,), rows=(row.id,), **shared,
        )  # fmt: skip
        first = firsts[row.source, row.metric]
        moved = compute.change(first.value, row.value)
        if data.is_asked and first.at < row.at and moved is not None:
            yield Evidence(
                field="growth", value=moved, unit="%", times=(first.at, row.at),
                window=data.window, rows=(first.id, row.id), over="last / first - 1", **shared,
            )  # fmt: skip


def _field(metric: str) -> str:
    return "fee" if metric.startswith("fee_") else FIELDS.get(metric, metric)


def _spoken(metric: str) -> str:
    return SPOKEN.get(metric, metric.replace("_", " "))


def _say(step: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say each metric with its time and source, then how it moved."""
    symbol = str(step.args["symbol"])
    for one in own:
        metric, unit, source, *_ = one.words
        about = _spoken(metric)
        if one.field == "growth":
            since, until = map(written, one.times)
            moved = shown(value_of(one), PLACES)
            sign = "" if moved.startswith("-") else "+"
            yield (
                f"The {about} of {symbol} had a growth of {sign}{moved} % "
                f"from {since} to {until} [{one.key}]."
            )
            continue
        said = f" {one.unit}" if one.unit else f", {UNITS[unit]}," if unit in UNITS else ""
        yield (
            f"The {about} of {symbol} stood at {shown(value_of(one))}{said} at "
            f"{written(one.times[0])} on {source} [{one.key}]."
        )


@told(Telling(evidence=_tell, draft=_say, subject="What is known of the protocol", ledger="Glass"))
@tool
def get_protocol_fundamentals(
    symbol: Symbol,
    metric: Metric = "all",
    *,
    context: Annotated[Context, Injected()],
) -> MetricData:
    """Value locked, fees and revenue of the protocol or chain behind an asset, in USD.

    `symbol` is the asset's symbol in upper case, such as AAVE, UNI or ETH. `metric` is all, tvl,
    fees_24h or revenue_24h. Without a window it is the newest of the last 7 days; with one, also
    how it changed.
    """
    metrics = None if metric == "all" else [metric]
    question = {"names": _entities(symbol), "metrics": metrics, "sources": PROTOCOL_SOURCES}
    return _read(("glass_protocolmetric", "entity"), symbol, metric, question, context)


@told(Telling(evidence=_tell, draft=_say, subject="What is known of the chain", ledger="Glass"))
@tool
def get_chain_metrics(
    symbol: Symbol,
    metric: ChainMetricName = "all",
    *,
    context: Annotated[Context, Injected()],
) -> MetricData:
    """Numbers of a chain: hash rate, transactions and active addresses a day, fees, backlog.

    `symbol` is the asset's symbol in upper case, such as BTC. `metric` is all, hash_rate,
    difficulty, transactions, active_addresses, transaction_fees, miners_revenue, fees (what a
    transaction pays now), backlog or block_time. Without a window it is the newest of the last 7
    days; with one, also how it changed.
    """
    metrics = None if metric == "all" else list(PARTS.get(metric, (metric,)))
    question = {"names": [symbol], "metrics": metrics, "sources": CHAIN_SOURCES}
    return _read(("glass_chainmetric", "asset"), symbol, metric, question, context)


def _read(
    place: tuple[str, str],
    symbol: str,
    metric: str,
    question: dict[str, Any],
    context: Context,
) -> MetricData:
    """Read the first and last rows of the window, from live sources if they have any."""
    pair = context.pair
    window = context.window or Window(start=pair.as_of - SPAN, end=pair.as_of)
    sources = question["sources"]
    values = {
        **question,
        "sources": [*sources, *(f"seed:{source}" for source in sources)],
        "start": window.start,
        "end": window.end,
        "as_of": pair.as_of,
        "horizon": pair.horizon,
    }
    with connection.cursor() as cursor:
        cursor.execute(TOLD.format(table=place[0], name=place[1]), values)
        rows = [_row(place[0], row) for row in cursor.fetchall()]
    live = [row for row in rows if not row.source.startswith("seed:")] or rows
    look = observe(
        Ledger.GLASS,
        lambda feed: plain_source(feed) in sources and _holds(feed, values),
        window,
        pair,
    ).told()
    return MetricData(
        symbol=symbol,
        window=window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=look.state(found=bool(live), current=context.window is None),
        gaps=look.gaps,
        quality=look.quality,
        count=sum(row.role == "last" for row in live),
        metric=metric,
        is_asked=context.window is not None,
        rows=tuple(live),
    )


def _holds(feed: Feed, question: dict[str, Any]) -> bool:
    """Tell whether a feed is about one of the names; one without a scope is about all."""
    kind, _, about = feed.scope.partition("/")
    return not about or about in question["names"] or (kind == "charts")


def _row(table: str, row: tuple[Any, ...]) -> MetricRow:
    role, pk, event_at, known_at, source, about, metric, value, unit, _ = row
    return MetricRow(
        id=f"{table.replace('_', '.', 1)}.{pk}",
        at=event_at,
        known_at=known_at,
        source=source,
        role=role,
        about=about,
        metric=metric,
        value=value,
        unit=unit,
    )


def _entities(symbol: str) -> list[str]:
    named = [known.name for known in CATALOGUE if known.symbol == symbol]
    return [*PROTOCOLS.get(symbol, ()), *named, *(name.lower() for name in named)]
