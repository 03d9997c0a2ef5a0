"""Whatever becomes of an answer, no collector takes it for "nothing new".

Each collector reads its shipped answers, spoilt in one way at a time, over real HTTP. That needs
no recordings of the real services; `test_recorded_samples.py` reads those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ledgers.checks import fact_models
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.needs import variable_of
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED, load
from ledgers.collecting.reporting import COMPLETE
from ledgers.collecting.runner import run_collector
from ledgers.models import CollectorRun, Coverage
from ledgers.tests.misbehaving import body, serving
from ledgers.tests.mutating import (
    DAY,
    Mutation,
    Reply,
    bombed,
    doubled,
    moved,
    names_in,
    renamed,
    says,
    skewed,
    slowed,
    spoiling,
    truncated,
    whole,
)

pytestmark = pytest.mark.usefixtures("ledger")
Outcome = CollectorRun.Outcome
SIGNED = {"coinspot_ro"}
"""Asked with a user's key and a signature: spoilt in the tests of its own ledger."""
UNCUT = {"rss", "fed", "defillama"}
"""Of a news feed the items before a cut are read; of a number nobody can tell that it was cut."""
KEYED = {"coingecko", "coinspot", "defillama_prices", "kraken", "mempool"}
"""What they say lies under names, so that nothing can be said twice."""
SOURCES = sorted(set(collectors) - SIGNED)
BY_SOURCE = pytest.mark.parametrize("slug", SOURCES)
FEW = 12
HTML = b"<!doctype html><title>Just a moment</title>"
FAULTS: dict[str, tuple[Mutation, set[str]]] = {
    "an error page": (says(HTML, "text/html"), {Outcome.BLOCKED}),
    "an error page in disguise": (says(HTML), {Outcome.BLOCKED}),
    "a wall": (says(HTML, "text/html", 403), {Outcome.BLOCKED}),
    "a break": (says(HTML, "text/html", 503), {Outcome.TRANSPORT}),
    "nothing": (says(b""), {Outcome.DRIFT}),
    "no object": (says(b"null"), {Outcome.DRIFT}),
    "another object": (says(b'{"message": "welcome"}'), {Outcome.DRIFT}),
    "an error in an answer": (
        says(b'{"status": "error", "message": "no", "error": 1}'),
        {Outcome.DRIFT, Outcome.BLOCKED, Outcome.RATE_LIMITED, Outcome.TRANSPORT},
    ),
    "a third of it": (truncated(0.33), {Outcome.DRIFT}),
    "a bomb": (bombed, {Outcome.TRANSPORT}),
    "patience": (slowed, {Outcome.RATE_LIMITED}),
}


@pytest.fixture
def look(settings, monkeypatch):
    """Return what looks once at one scope of each kind of a source."""

    def look(slug: str) -> list[CollectorRun]:
        collector = collectors[slug]
        settings.OMC_SOURCE_KEYS = {
            variable_of(collector, need.name): "k" for need in collector.needs
        }
        chosen = list(one_of_each_kind(collector.scopes()))
        monkeypatch.setattr(collector, "scopes", lambda: chosen)
        return run_collector(collector, RequestsHttp(collector), now=timezone.now())

    return look


@pytest.fixture
def server(settings) -> Iterator[Any]:
    with spoiling(load(SHIPPED), settings) as server:
        yield server


def one_of_each_kind(scopes: Sequence[str]) -> Iterator[str]:
    """Yield the first scope of each kind: `current/8-K` is of the kind `current`."""
    yield from {scope.rpartition("/")[0] or "": scope for scope in reversed(scopes)}.values()


def demand_honest(runs: list[CollectorRun], why: str) -> None:
    """Demand that no look that brought nothing is called a success."""
    for run in runs:
        if run.outcome in COMPLETE:
            assert run.fetched > 0, (why, run.feed_id, run.outcome)
        else:
            assert run.error, (why, run.feed_id)
            assert run.window is None, (why, run.feed_id)
        brought = run.new + run.revised + run.duplicate + run.late + run.rejected
        assert brought == run.fetched, (why, run.feed_id)


@BY_SOURCE
def test_each_fault_ends_as_what_it_is_and_covers_nothing(server, look, slug) -> None:
    """Between two good answers, that are read whole."""
    assert {run.outcome for run in look(slug)} == {Outcome.OK}
    for name, (mutation, outcomes) in FAULTS.items():
        server.mutation = mutation
        runs = look(slug)
        demand_honest(runs, name)
        also = {Outcome.OK, Outcome.PARTIAL} if slug in UNCUT and name == "a third of it" else set()
        assert {run.outcome for run in runs} <= outcomes | also, (
            name,
            {run.outcome: run.error for run in runs},
        )
    with serving(body(b"{}")) as (inside, asked):
        server.mutation = moved(f"{inside}/admin")
        assert {run.outcome for run in look(slug)} == {Outcome.TRANSPORT}
    assert asked == []  # a redirect to a private address is not followed
    assert Coverage.objects.count() == CollectorRun.objects.exclude(window=None).count()
    server.mutation = whole
    assert {run.outcome for run in look(slug)} == {Outcome.OK}


@BY_SOURCE
def test_a_name_that_changed_is_noticed_or_does_not_matter(
    server, look, slug, pytestconfig
) -> None:
    """Of many names the quick tier changes every third."""
    seen: set[str] = set()

    def note(reply: Reply) -> Reply:
        seen.update(names_in(reply.body))
        return reply

    server.mutation = note
    look(slug)
    noticed = 0
    every = 3 if len(seen) > FEW and not pytestconfig.getoption("--full") else 1
    for name in sorted(seen)[::every]:
        server.mutation = renamed(name)
        runs = look(slug)
        demand_honest(runs, name)
        noticed += any(run.outcome not in COMPLETE or run.rejected for run in runs)
    assert noticed or not seen


@BY_SOURCE
def test_what_is_said_twice_is_stored_once(server, look, slug) -> None:
    server.mutation = doubled
    runs = look(slug)
    demand_honest(runs, "doubled")
    for run in runs:
        assert slug in KEYED or run.new <= (run.fetched + 1) // 2
    for model in fact_models():
        rows: Any = model.objects.all()
        rows = rows.of_everyone() if hasattr(rows, "of_everyone") else rows
        assert not rows.filter(revision__gt=0).exists()


@BY_SOURCE
def test_a_wrong_clock_makes_nothing_look_fresh_in_the_future(server, look, slug) -> None:
    for skew in (DAY, 400 * DAY, -DAY):
        server.mutation = skewed(skew)
        demand_honest(look(slug), f"{skew}")
    end = timezone.now() + timedelta(minutes=5)
    for model in fact_models():
        rows: Any = model.objects.all()
        rows = rows.of_everyone() if hasattr(rows, "of_everyone") else rows
        assert not rows.filter(event_at__gt=end).exists()
    assert not [one for one in Coverage.objects.all() if one.window.upper > end + DAY]
