"""A source that is dead for a while: reads say "not observed" for exactly that while."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.types.range import Range

from ledgers.collecting.collector import Collector, each, member
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.runner import run_collector
from ledgers.collecting.values import decimal_of
from ledgers.coverage import Presence, look
from ledgers.glass.models import ChainMetric
from ledgers.glass.records import ChainMetricRecord
from ledgers.models import Feed, Ledger
from ledgers.reading import Pair, pair
from ledgers.tests.examples import new_series
from ledgers.tests.misbehaving import HEAD, Answer, body, say, serving

MINUTE = timedelta(minutes=1)
T0 = datetime.fromisoformat("2026-03-18T12:00:00+00:00")
ALIVE = "alive"
DEATHS: dict[str, Answer] = {
    "down": body(b"{}", HEAD.replace(b"200 OK", b"503 Busy")),
    "cut": say(HEAD + b"Content-Length: 900\r\n\r\n{"),
    "closed": say(b""),
    "wall": body(b"<!doctype html><p>Just a moment"),
    "drifted": body(b'{"figures": {}}'),
    "mute": body(b'{"numbers": {}}'),
    "rejected": body(b'{"numbers": {"a": "x"}}'),
}
ASLEEP = "nobody looked"
minutes = st.lists(st.sampled_from([ALIVE, ALIVE, ASLEEP, *DEATHS]), min_size=1, max_size=10)


class Pulse(Collector):
    """http://pulse.test: a number a minute."""

    slug = "pulse"
    ledger = Ledger.GLASS
    every = MINUTE
    hosts = ("pulse.test",)

    def __init__(self, scope: str) -> None:
        self._scope = scope

    def scopes(self):
        return (self._scope,)

    def fetch(self, http, ask):
        yield http.get("http://pulse.test/")

    def parse(self, payload):
        numbers = member(payload.json(), "numbers", dict, payload.url)
        yield from each(
            numbers.items(),
            lambda item: ChainMetricRecord(
                event_at=payload.observed_at,
                published_at=payload.observed_at,
                source=self._scope,
                asset="BTC",
                metric=item[0],
                value=decimal_of(item[1], "number"),
                unit="",
            ),
        )


class World:
    """The source as it is in one minute."""

    minute = 0
    life = ALIVE

    def answer(self, connection: Any, request: bytes) -> None:
        if self.life != ALIVE:
            DEATHS[self.life](connection, request)
            return
        date = format_datetime(T0 + self.minute * MINUTE, usegmt=True)
        head = HEAD + f"Date: {date}\r\n".encode()
        body(json.dumps({"numbers": {"a": self.minute}}).encode(), head)(connection, request)


@pytest.fixture
def world(ledger, settings) -> Iterator[World]:
    world = World()
    with serving(world.answer) as (url, _):
        settings.OMC_HTTP_ATTEMPTS = 1
        settings.OMC_BASE_URLS = {"pulse": url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        yield world


def live(world: World, lives: list[str]) -> tuple[Feed, list[Pair]]:
    """Look once a minute, as long as somebody looks; return the feed, and the pair after each."""
    collector = Pulse(f"s{new_series()}")
    feed = Feed(name=collector.feed_name(collector.scopes()[0]), every=MINUTE, ledger="glass")
    pairs = []
    for world.minute, world.life in enumerate(lives):
        if world.life != ASLEEP:
            now = T0 + world.minute * MINUTE
            run_collector(collector, RequestsHttp(collector), now=now)
        pairs.append(pair())
    return feed, pairs


def dead(lives: list[str]) -> tuple[tuple[datetime, datetime], ...]:
    """Return the whiles in which the source was dead, each as long as it can be."""
    whiles: list[tuple[int, int]] = []
    for minute, life in enumerate(lives):
        if life == ALIVE:
            continue
        if whiles and whiles[-1][1] == minute:
            whiles[-1] = (whiles[-1][0], minute + 1)
        else:
            whiles.append((minute, minute + 1))
    return tuple((T0 + start * MINUTE, T0 + end * MINUTE) for start, end in whiles)


@given(lives=minutes)
def test_not_observed_is_said_of_exactly_the_time_in_which_it_was_dead(world, lives) -> None:
    feed, pairs = live(world, lives)
    asked = Range(T0, T0 + len(lives) * MINUTE)
    rows = ChainMetric.objects.at(pairs[-1]).filter(source=feed.name.partition("/")[2])
    assert {row.event_at for row in rows} == {
        T0 + minute * MINUTE for minute, life in enumerate(lives) if life == ALIVE
    }
    seen = look([feed.name], asked, pairs[-1], found=False)
    assert seen.gaps == tuple((feed.name, *while_) for while_ in dead(lives))
    assert seen.presence == (
        Presence.NOT_OBSERVED if dead(lives) else Presence.NONE_IN_COVERED_WINDOW
    )
    for minute, cut in enumerate(pairs, 1):
        then = look([feed.name], Range(T0, T0 + minute * MINUTE), cut, found=False)
        assert then.gaps == tuple((feed.name, *while_) for while_ in dead(lives[:minute]))
