"""What was known of one asset at each hour of a month, beside Polars and a loop over the ORM."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from math import isclose
from pathlib import Path
from statistics import mean
from typing import Any

from django.db import connection
from django.db.models import Avg

from benchmarks.figures import Figure, Goal
from benchmarks.ledgers import parquet
from benchmarks.ledgers.sizes import ASSETS, CURRENCY, SOURCE, START, STEP, make_sizes
from benchmarks.measuring import alternate, best, cost_of, frozen_heap, middle, say
from ledgers.catalyst.models import Event
from ledgers.catalyst.records import EventRecord
from ledgers.collecting.storing import store_all
from ledgers.glass.models import Quote
from ledgers.human.models import Score
from ledgers.human.records import ScoreRecord
from ledgers.matrix import MAX_AGE, MatrixQuestion, matrix
from ledgers.models import CollectorRun, Feed
from ledgers.reading import TICK, Pair, pair

READS = 60
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ASSET = ASSETS[42]
HOUR, WINDOW, MINUTE = timedelta(hours=1), timedelta(hours=24), timedelta(minutes=1)
MONTH = 720 * HOUR
HOURS = [START + place * HOUR for place in range(1, 720)]
SAMPLED = 20
"""The loop over the ORM is timed at every twentieth hour."""
SCORES_IN, EVENTS_IN = 500, 5000
"""One score, one event in so many quotes."""
CORRECTED, LATER = 25, timedelta(hours=5)
"""Every so many things were corrected, so long after."""
OTHER = {"value": Decimal("0.5"), "title": "Another announcement"}
OFFSET = timedelta(seconds=17)
"""Keeps what happens off the hours, where two ways might count it differently."""

Row = tuple[float | None, float | None, int]
"""A price, a mean of scores, a number of events."""


def measure(rows: int) -> list[Figure]:
    """Answer for 719 hours in three ways, which must agree."""
    small, large = make_sizes(rows)
    large.use()
    say("matrix: scores and events")
    _store(Score, list(_scores(rows // SCORES_IN)), "value")
    _store(Event, list(_events(rows // EVENTS_IN)), "title")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) human_score, catalyst_event")
    question = _question(pair())
    own = [_row(known.price, known.sentiment, known.events) for known in matrix(question)]
    with tempfile.TemporaryDirectory(dir=os.environ["OMC_HOME"]) as folder:
        figures = [_beside_polars(question, own, Path(folder)), _beside_the_orm(question, own)]
    small.use()
    return [replace(figure, work=f"{figure.work}, of {rows:,} quotes") for figure in figures]


def _question(current: Pair) -> MatrixQuestion:
    return MatrixQuestion(
        asset=ASSET,
        source=SOURCE,
        currency=CURRENCY,
        interval=0,
        since=HOURS[0],
        until=HOURS[-1] + HOUR,
        step=HOUR,
        window=WINDOW,
        recorded=False,
        pair=current,
    )


def _store(model: Any, records: Sequence[Any], field: str) -> None:
    """Store what a source said in the past, and of every so many things what it then corrected."""
    feed = Feed.objects.create(
        name=f"bench/{model._meta.label_lower}", source="bench", ledger=model.ledger, lag=MINUTE
    )
    run = CollectorRun.objects.create(feed=feed, kind=CollectorRun.Kind.SEED)
    store_all(model, records, run, observed_at=run.started_at)
    corrected = [
        replace(record, published_at=record.published_at + LATER, **{field: OTHER[field]})
        for record in records[::CORRECTED]
    ]
    store_all(model, corrected, run, observed_at=run.started_at + MINUTE)


def _moments(count: int) -> list[datetime]:
    return [START + OFFSET + number * (MONTH / max(1, count)) for number in range(count)]


def _assets(number: int) -> list[str]:
    """Return whom an item is about; every tenth is about the asset that is asked for."""
    return [ASSET if number % 10 == 0 else ASSETS[number % len(ASSETS)]]


def _scores(count: int) -> Iterable[ScoreRecord]:
    for number, moment in enumerate(_moments(count)):
        yield ScoreRecord(
            event_at=moment,
            published_at=moment + MINUTE,
            item=f"bench~{number}",
            model="bench",
            version="1",
            value=Decimal(number * 7919 % 2001 - 1000).scaleb(-3),
            assets=_assets(number),
        )


def _events(count: int) -> Iterable[EventRecord]:
    for number, moment in enumerate(_moments(count)):
        yield EventRecord(
            event_at=moment,
            published_at=moment + MINUTE,
            source="bench",
            source_key=str(number),
            kind=Event.Kind.ANNOUNCEMENT,
            title="An announcement",
            assets=_assets(number),
            company="",
            tickers=[],
            form="",
            codes=[],
            impact=Event.Impact.LOW,
            url="",
            confidence=Decimal(1),
        )


def _row(price: Any, mean: Any, events: int) -> Row:
    return (None if price is None else float(price), None if mean is None else float(mean), events)


def _beside_polars(question: MatrixQuestion, own: Sequence[Row], folder: Path) -> Figure:
    if not parquet.is_installed():
        return _figure("matrix.polars", cost_of(lambda: matrix(question)).wall, None)
    say("matrix: Parquet and Polars")
    parquet.export(folder)
    join = partial(parquet.known, folder, _asked(question))
    _demand_same(own, [_row(price, mean, events) for _, price, _, mean, _, events in join()])
    with frozen_heap():  # the median: Polars' threads need both cores, whose luck is no measure
        costs = alternate({"ours": lambda: matrix(question), "polars": join}, times=READS)
    figure = _figure("matrix.polars", middle(costs["ours"]).wall, middle(costs["polars"]).wall)
    return replace(figure, details={f"{way}_cpu": mean(c.cpu for c in costs[way]) for way in costs})


def _asked(question: MatrixQuestion) -> parquet.Asked:
    """Return the same question in microseconds."""
    return parquet.Asked(
        source=question.source,
        asset=question.asset,
        currency=question.currency,
        moments=[(moment - EPOCH) // TICK for moment in HOURS],
        window=question.window // TICK,
        max_age=(MAX_AGE - STEP / 2) // TICK,
        horizon=(question.pair.horizon - EPOCH) // TICK,
    )


def _beside_the_orm(question: MatrixQuestion, own: Sequence[Row]) -> Figure:
    say("matrix: the ORM, hour by hour")
    some = HOURS[::SAMPLED]
    _demand_same(own[::SAMPLED], [_by_orm(hour, question.pair) for hour in some])
    costs = alternate(
        {
            "ours": lambda: matrix(question),
            "orm": lambda: [_by_orm(hour, question.pair) for hour in some],
        },
        times=3,
    )
    orm = best(costs["orm"]).wall * len(HOURS) / len(some)
    return _figure("matrix.orm", best(costs["ours"]).wall, orm)


def _by_orm(hour: datetime, current: Pair) -> Row:
    """Ask three questions about one hour, as a loop over the ORM does."""
    then = Pair(as_of=hour, horizon=current.horizon)
    window = {"assets__contains": [ASSET], "event_at__gt": hour - WINDOW, "event_at__lte": hour}
    quotes = Quote.objects.at(then).filter(source=SOURCE, asset=ASSET, currency=CURRENCY)
    newest = quotes.filter(event_at__gt=hour - MAX_AGE, event_at__lte=hour)
    price = newest.order_by("-event_at").values_list("last", flat=True).first()
    mean = Score.objects.at(then).filter(**window).aggregate(mean=Avg("value"))["mean"]
    return _row(price, mean, Event.objects.at(then).filter(**window).count())


def _demand_same(own: Sequence[Row], other: Sequence[Row]) -> None:
    """Refuse to compare the time of different answers."""
    for mine, theirs in zip(own, other, strict=True):
        same = all(
            a == b or (a is not None and b is not None and isclose(a, b, abs_tol=1e-9))
            for a, b in zip(mine, theirs, strict=True)
        )
        if not same:
            raise AssertionError(f"The matrix says {mine}, the peer {theirs}.")


PEERS = {
    "matrix.polars": ("Polars join_asof on Parquet", Goal(side="<=", limit=0.5)),
    "matrix.orm": ("ORM, hour by hour", Goal(side=">=", limit=100)),
}


def _figure(name: str, ours: float, theirs: float | None) -> Figure:
    peer, goal = PEERS[name]
    ratio = None if theirs is None else ours / theirs if goal.side == "<=" else theirs / ours
    return Figure(
        name=name,
        work=f"as-of matrix: {len(HOURS)} hours x price, mean score, events",
        ours=f"{ours * 1e3:.1f} ms",
        peer=peer if theirs is None else f"{theirs * 1e3:,.1f} ms {peer}",
        value=ratio,
        goal=goal,
    )
