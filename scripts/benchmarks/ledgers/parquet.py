"""The peer of the as-of matrix: the same ledgers as Parquet files, joined by Polars.

The files hold the rows in the order in which they came, as an export of an append-only ledger
does, with binary floats and integer times, which suit Polars best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.db import connection

TIMES = """(extract(epoch FROM event_at) * 1000000)::bigint,
    (extract(epoch FROM available_at) * 1000000)::bigint,
    (extract(epoch FROM known_at) * 1000000)::bigint, withdrawn"""
TABLES = {
    "quotes": "SELECT source, asset, currency, {times}, last FROM glass_quote",
    "scores": "SELECT model, unnest(assets), version, {times}, value FROM human_score ORDER BY id",
    "events": "SELECT source, unnest(assets), kind, {times}, 1 FROM catalyst_event ORDER BY id",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the join is to answer; times in microseconds since 1970."""

    source: str
    asset: str
    currency: str
    moments: Sequence[int]
    window: int
    max_age: int
    horizon: int


def is_installed() -> bool:
    """Tell whether the peer is there to be measured."""
    return find_spec("polars") is not None


def _polars() -> Any:
    """Import the peer, which the product itself does not need."""
    return import_module("polars")


def export(folder: Path) -> None:
    """Write one file a ledger."""
    pl = _polars()

    texts = dict.fromkeys(("source", "asset", "currency"), pl.String)
    times = dict.fromkeys(("event", "available", "known"), pl.Int64)
    kinds = {**texts, **times, "withdrawn": pl.String, "value": pl.Float64}
    for name, query in TABLES.items():
        text = folder / f"{name}.csv"
        with (
            text.open("wb") as file,
            connection.cursor() as cursor,
            cursor.copy(f"COPY ({query.format(times=TIMES)}) TO STDOUT (FORMAT CSV)") as copy,
        ):
            for block in copy:
                file.write(block)
        rows = pl.scan_csv(text, has_header=False, schema=kinds)
        rows.with_columns(pl.col("withdrawn") == "t").sink_parquet(folder / f"{name}.parquet")
        text.unlink()


def known(folder: Path, asked: Asked) -> Any:
    """Return price, mean of scores and number of events at each moment.

    What a window holds at a moment is what was available by then less what happened before it.
    Nothing here was revised; a peer that had to respect revisions would do more.
    """
    pl = _polars()

    def seen(name: str) -> Any:
        return pl.scan_parquet(folder / f"{name}.parquet").filter(
            pl.col("asset") == asked.asset,
            pl.col("known") <= asked.horizon,
            ~pl.col("withdrawn"),
        )

    hours = pl.LazyFrame({"at": asked.moments}).with_columns(start=pl.col("at") - asked.window)
    prices = seen("quotes").filter(
        pl.col("source") == asked.source, pl.col("currency") == asked.currency
    )
    answer = hours.join_asof(
        prices.select("available", price="value"),
        left_on="at",
        right_on="available",
        tolerance=asked.max_age,
    )
    for name in ("scores", "events"):
        running = seen(name).select(
            "event", "available", total=pl.col("value").cum_sum(), count=pl.col("value").cum_count()
        )
        for side, key in (("at", "available"), ("start", "event")):
            part = running.select(
                pl.col(key).alias(f"{name}_{key}"),
                pl.col("total").alias(f"{name}_total_{side}"),
                pl.col("count").alias(f"{name}_count_{side}"),
            )
            answer = answer.join_asof(part, left_on=side, right_on=f"{name}_{key}")

    def difference(column: str) -> Any:
        return pl.col(f"{column}_at").fill_null(0) - pl.col(f"{column}_start").fill_null(0)

    return answer.select(
        "price",
        mean=difference("scores_total") / difference("scores_count"),
        events=difference("events_count").cast(pl.Int64),
    ).collect()
