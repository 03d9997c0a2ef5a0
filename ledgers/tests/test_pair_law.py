"""The law of the ledgers: what a pair answers never changes, in any ledger.

Whatever is stored later, backfilled, corrected, replayed by a better parser or covered leaves
every answer that was given before as it was. Only retention and erasure change one, and both say
so (`ledgers/tests/test_erasing.py`). That projections answer like the facts is a law of their own
(`ledgers/glass/tests/test_projections.py`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.range import Range

from ledgers.checks import fact_models
from ledgers.collecting.storing import store
from ledgers.coverage import cover, gaps
from ledgers.models import CollectorRun, Fact, Feed
from ledgers.reading import Pair, announce_and_stamp, clock, pair, safe_now
from ledgers.tests.examples import EXAMPLES, example, new_series, thing_of, told
from ledgers.tests.factories import HOUR, T0, make_run
from ledgers.tests.oracle import Oracle

Kind = CollectorRun.Kind
HOURS = 6
ASKED = Range(T0, T0 + HOURS * HOUR)

said = st.dictionaries(
    st.integers(0, HOURS - 1), st.tuples(st.sampled_from("123"), st.booleans()), max_size=HOURS
)
windows = st.tuples(st.integers(0, HOURS - 1), st.integers(1, HOURS)).filter(lambda w: w[0] < w[1])
payloads = st.tuples(
    st.sampled_from([Kind.LIVE, Kind.BACKFILL, Kind.REPLAY]),
    st.integers(1, 2),
    st.integers(0, 6),
    said,
    st.none() | windows,
)


@dataclass(slots=True)
class World:
    """One feed and one series of one fact, and what plain Python makes of them."""

    model: type[Fact]
    restates: bool
    token: int = field(default_factory=new_series)
    oracle: Oracle = field(default_factory=Oracle)
    looks: list[tuple[int, int, datetime, datetime]] = field(default_factory=list)

    def play(self, payload) -> None:
        """Store one payload in the database and tell the oracle the same."""
        kind, parser, second, content, window = payload
        observed_at = T0 + 20 * HOUR + second * HOUR / 3600
        records = [
            example(self.model, self.token, number, value, withdrawn=gone)
            for number, (value, gone) in content.items()
        ]
        run = make_run(f"f{self.token}", kind=kind, parser=parser, restates=self.restates)
        known_at = store(self.model, records, run, observed_at=observed_at).known_at
        is_old = kind == Kind.BACKFILL and not self.restates
        self._hear(records, known_at, (parser, observed_at), is_old=is_old, kind=kind)
        if window:
            self._look(run, window, is_old=is_old)

    def _hear(self, records, known_at, newness, *, is_old, kind) -> None:
        heard = {}
        for record in records:
            thing, value = thing_of(self.model, record)
            is_first = is_old and thing not in self.oracle.rows
            heard[thing] = {
                "content": value,
                "withdrawn": record.withdrawn,
                "known_at": known_at,
                "available_at": record.published_at if is_first else known_at,
            }
        self.oracle.hear(heard, newness, is_replay=kind == Kind.REPLAY)

    def _look(self, run: CollectorRun, window: tuple[int, int], *, is_old: bool) -> None:
        first, last = window
        with transaction.atomic():
            known_at = announce_and_stamp()
            cover(run, Range(T0 + first * HOUR, T0 + last * HOUR), known_at=known_at)
        end = T0 + last * HOUR + run.feed.lag
        self.looks.append((first, last, known_at, end if is_old else known_at))

    def rows(self, cut: Pair) -> Any:
        """Answer a pair from the database."""
        rows = told(self.model, self.token, self.model.objects.at(cut))
        return {thing_of(self.model, row) for row in rows}

    def unseen(self, cut: Pair) -> set[int]:
        """Return the hours of which the database says that nobody has looked."""
        missing = gaps(f"f{self.token}", ASKED, cut)
        return {
            hour
            for hour in range(HOURS)
            if any(gap.lower <= T0 + hour * HOUR < gap.upper for gap in missing)
        }

    def expected_unseen(self, cut: Pair) -> set[int]:
        """Return the same from what was noted."""
        seen = [
            range(first, last)
            for first, last, known_at, available_at in self.looks
            if known_at <= cut.horizon and available_at <= cut.as_of
        ]
        return {hour for hour in range(HOURS) if not any(hour in look for look in seen)}


def cuts() -> Iterator[Pair]:
    """Yield pairs of now: settled, and with older knowledge."""
    horizon = safe_now()
    for as_of in (horizon, T0 + 3 * HOUR, T0 + 5 * HOUR):
        yield Pair(as_of=as_of, horizon=horizon)


def test_every_fact_has_an_example() -> None:
    assert set(EXAMPLES) == {model._meta.model_name for model in fact_models()}


@pytest.mark.usefixtures("ledger")
@given(
    model=st.sampled_from(fact_models()),
    history=st.lists(payloads, max_size=7),
    restates=st.booleans(),
)
def test_nothing_that_comes_later_changes_what_a_pair_answers(model, history, restates) -> None:
    world, given_answers = World(model, restates), {}
    for payload in history:
        world.play(payload)
        for cut in cuts():
            given_answers[cut] = world.rows(cut), world.unseen(cut)
    for cut, (rows, unseen) in given_answers.items():
        assert world.rows(cut) == rows == world.oracle.at(cut)
        assert world.unseen(cut) == unseen == world.expected_unseen(cut)


WRITTEN = [
    next(model for model in fact_models() if model._meta.model_name == name)
    for name in ("quote", "article", "event", "fill")
]


def write_slowly(model: type[Fact], token: int, until: float) -> int:
    """Store and cover, then dawdle before the commit: stamps get old before anyone sees them."""
    dice, stored = random.Random(token), 0  # noqa: S311  # a seeded dice
    try:
        while time.monotonic() < until:
            with transaction.atomic():
                run = make_run(f"f{token}")
                record = example(model, token, dice.randrange(HOURS), f"{dice.randrange(1, 99)}")
                store(model, [record], run, observed_at=clock())
                hour = T0 + dice.randrange(HOURS) * HOUR
                cover(run, Range(hour, hour + HOUR), known_at=announce_and_stamp())
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(%s)", [dice.random() / 50])
            stored += 1
        return stored
    finally:
        connection.close()


def ask(worlds: list[World], cut: Pair) -> list[Any]:
    """Answer a pair over four ledgers and their coverage."""
    return [(world.rows(cut), world.unseen(cut)) for world in worlds]


def changed(horizon) -> tuple[int, int]:
    """Ask while four ledgers are written late; return how many pairs were asked, how many moved."""
    worlds = [World(model, restates=True) for model in WRITTEN]
    for world in worlds:
        Feed.objects.filter(name=f"f{world.token}").delete()
        world.play((Kind.LIVE, 1, 0, {0: ("1", False)}, None))
    until, answers = time.monotonic() + 2, {}
    with ThreadPoolExecutor() as pool:
        writers = [pool.submit(write_slowly, w.model, w.token, until) for w in worlds]
        while time.monotonic() < until:
            cut = pair(horizon=horizon())
            answers[cut] = ask(worlds, cut)
    assert all(writer.result() > 3 for writer in writers)
    return len(answers), sum(ask(worlds, cut) != was for cut, was in answers.items())


def test_writers_that_commit_late_change_no_answer_of_any_ledger(ledger) -> None:
    asked, moved = changed(safe_now)
    assert asked > 5
    assert moved == 0


def test_with_the_clock_alone_as_horizon_they_would(ledger) -> None:
    assert changed(clock)[1] > 0
