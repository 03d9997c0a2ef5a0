"""The state of a feed is decided once, from its coverage and its cadence."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from psycopg.types.range import Range

from ledgers.coverage import Presence, cover, look
from ledgers.feeds import State, states, worst
from ledgers.models import Feed
from ledgers.reading import Pair, announce_and_stamp, pair
from ledgers.tests.factories import HOUR, T0, make_run

SECOND = timedelta(seconds=1)
pytestmark = pytest.mark.usefixtures("ledger")


def covered(name: str, start, end, **options) -> Feed:
    """Make an hourly feed whose coverage ends at `end`, known at that time."""
    run = make_run(name, kind="seed", **options)
    Feed.objects.filter(pk=name).update(every=HOUR, lag=timedelta(0))
    run.feed.refresh_from_db()
    with transaction.atomic():
        cover(run, Range(start, end), known_at=announce_and_stamp())
    return Feed.objects.get(pk=name)


def state_at(feed: Feed, moment) -> State:
    (state,) = states([feed], Pair(as_of=moment, horizon=moment))
    return state.state


def test_a_feed_nobody_looked_at_is_unknown() -> None:
    make_run("never")
    (state,) = states([Feed.objects.get(pk="never")], pair())
    assert (state.state, state.covered_until) == (State.UNKNOWN, None)


@pytest.mark.parametrize(
    ("after", "before", "then"),
    [(0.5 * HOUR, State.FRESH, State.LATE), (2 * HOUR, State.LATE, State.STALE)],
)
def test_the_state_flips_exactly_at_its_threshold(after, before, then) -> None:
    feed = covered("hourly", T0, T0 + HOUR)
    end = T0 + HOUR
    assert state_at(feed, end + after) == before
    assert state_at(feed, end + after + SECOND) == then


def test_a_look_that_covers_up_to_itself_is_overdue_a_cadence_later() -> None:
    """As one at a list of news: until the next look nothing more is to be covered."""
    run = make_run("news")
    Feed.objects.filter(pk="news").update(every=HOUR, lag=timedelta(0))
    looked = pair().horizon
    with transaction.atomic():
        cover(run, Range(looked - HOUR, looked), known_at=announce_and_stamp())
    feed = Feed.objects.get(pk="news")
    assert state_at(feed, looked + 1.5 * HOUR) == State.FRESH
    assert state_at(feed, looked + 1.5 * HOUR + SECOND) == State.LATE


def test_what_was_filled_in_later_makes_no_feed_fresh() -> None:
    run = make_run("old")
    Feed.objects.filter(pk="old").update(every=HOUR, lag=timedelta(0))
    with transaction.atomic():
        cover(run, Range(T0, T0 + HOUR), known_at=announce_and_stamp())
    assert state_at(Feed.objects.get(pk="old"), pair().horizon) == State.STALE


def test_what_is_published_later_is_late_only_after_its_lag() -> None:
    feed = covered("candles", T0, T0 + HOUR)
    Feed.objects.filter(pk=feed.pk).update(lag=3 * HOUR)
    feed.refresh_from_db()
    assert state_at(feed, T0 + 4.5 * HOUR) == State.FRESH
    assert state_at(feed, T0 + 4.5 * HOUR + SECOND) == State.LATE


def test_a_feed_that_is_filled_on_demand_does_not_grow_stale() -> None:
    feed = covered("import", T0, T0 + HOUR)
    Feed.objects.filter(pk=feed.pk).update(every=None)
    assert state_at(Feed.objects.get(pk=feed.pk), T0 + 1000 * HOUR) == State.FRESH


def test_a_past_moment_does_not_know_what_was_covered_later() -> None:
    feed = covered("hourly", T0, T0 + HOUR)
    assert state_at(feed, T0 + HOUR - SECOND) == State.UNKNOWN


def test_a_group_is_as_good_as_its_worst_member() -> None:
    good = covered("good", T0, T0 + 9 * HOUR)
    bad = covered("bad", T0, T0 + HOUR)
    moment = T0 + 9 * HOUR
    found = worst(states([good, bad], Pair(as_of=moment, horizon=moment)))
    assert found is not None
    assert (found.feed, found.state) == ("bad", State.STALE)
    assert worst([]) is None


def test_no_rows_mean_none_only_where_every_feed_has_looked() -> None:
    covered("a", T0, T0 + 4 * HOUR)
    covered("b", T0, T0 + 2 * HOUR)
    inside, beyond = Range(T0, T0 + 2 * HOUR), Range(T0, T0 + 3 * HOUR)
    assert look(["a", "b"], inside, pair(), found=False).presence == (
        Presence.NONE_IN_COVERED_WINDOW
    )
    blind = look(["a", "b"], beyond, pair(), found=False)
    assert blind.presence == Presence.NOT_OBSERVED
    assert blind.gaps == (("b", T0 + 2 * HOUR, T0 + 3 * HOUR),)


def test_rows_are_a_value_and_the_gaps_are_said_all_the_same() -> None:
    covered("a", T0, T0 + HOUR)
    seen = look(["a"], Range(T0, T0 + 2 * HOUR), pair(), found=True)
    assert (seen.presence, len(seen.gaps)) == (Presence.VALUE, 1)


def test_without_a_feed_nothing_was_observed() -> None:
    assert look([], Range(T0, T0 + HOUR), pair(), found=False).presence == Presence.NOT_OBSERVED
