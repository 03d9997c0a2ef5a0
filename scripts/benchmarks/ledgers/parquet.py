"""The peer of the as-of matrix: the same ledgers as Parquet files, joined by Polars.

The files hold the rows in the order in which they came, as an export of an append-only ledger
does, with binary floats and integer times, which suit Polars best. The peer answers the same
question, so it minds what ours minds: what came late, what was revised and what was withdrawn.
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
    "quotes": """SELECT source, asset, currency, {times}, last,
        (extract(epoch FROM quoted_at) * 1000000)::bigint, revision FROM glass_quote""",
    "scores": """SELECT model, unnest(assets), item, {times}, value, NULL, revision
        FROM human_score ORDER BY id""",
    "events": """SELECT source, unnest(assets), source_key, {times}, 1, NULL, revision
        FROM catalyst_event ORDER BY id""",
}
MAX_REVISIONS = 1000


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

    texts = dict.fromkeys(("source", "asset", "thing"), pl.String)
    times = dict.fromkeys(("event", "available", "known"), pl.Int64)
    told = {"withdrawn": pl.String, "value": pl.Float64, "quoted": pl.Int64, "revision": pl.Int64}
    kinds = {**texts, **times, **told}
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


def known(folder: Path, asked: Asked) -> list[tuple[Any, ...]]:
    """Return the moment, its price and the time of that, mean and number of scores, and of events.

    A row counts from when it was available until it left the window or was superseded; what counts
    at a moment is what had begun by then less what had ended.
    """
    pl = _polars()
    answer = pl.LazyFrame({"at": asked.moments}).join_asof(
        _prices(folder, asked),
        left_on="at",
        right_on="available",
        tolerance=asked.max_age,
    )
    for name in ("scores", "events"):
        counted = _counted(folder, asked, name)
        for key in ("begin", "end"):
            running = counted.sort(key).select(
                pl.col(key).alias(f"{name}_{key}"),
                pl.col("value").cum_sum().alias(f"{name}_total_{key}"),
                pl.col("value").cum_count().alias(f"{name}_count_{key}"),
            )
            answer = answer.join_asof(running, left_on="at", right_on=f"{name}_{key}")

    def difference(column: str) -> Any:
        return pl.col(f"{column}_begin").fill_null(0) - pl.col(f"{column}_end").fill_null(0)

    scores = difference("scores_count").cast(pl.Int64)
    rows: list[tuple[Any, ...]] = (
        answer.select(
            "at",
            "price",
            "priced_at",
            mean=difference("scores_total") / scores,
            scores=scores,
            events=difference("events_count").cast(pl.Int64),
        )
        .collect()
        .rows()
    )
    return rows


def _seen(folder: Path, asked: Asked, name: str) -> Any:
    """Return the rows of the asset that the horizon lets through."""
    pl = _polars()
    rows = pl.scan_parquet(folder / f"{name}.parquet")
    return rows.filter(pl.col("asset") == asked.asset, pl.col("known") <= asked.horizon)


def _prices(folder: Path, asked: Asked) -> Any:
    """Return from when on which quote was the newest: one that came late takes no newer's place."""
    pl = _polars()
    place = pl.col("event") * MAX_REVISIONS + pl.col("revision")
    price = pl.when(~pl.col("withdrawn"))
    return (
        _seen(folder, asked, "quotes")
        .filter(pl.col("source") == asked.source, pl.col("thing") == asked.currency)
        .sort("available")
        .filter(place == place.cum_max())
        .select("available", price=price.then("value"), priced_at=price.then("quoted"))
    )


def _counted(folder: Path, asked: Asked, name: str) -> Any:
    """Return from when to when each row counts; the next revision of a thing ends the last."""
    pl = _polars()
    later = pl.col("available").reverse().cum_min().reverse().shift(-1).over("thing")
    return (
        _seen(folder, asked, name)
        .with_columns(
            begin=pl.max_horizontal("event", "available"),
            end=pl.min_horizontal(pl.col("event") + asked.window, later),
        )
        .filter(~pl.col("withdrawn"), pl.col("begin") < pl.col("end"))
    )
