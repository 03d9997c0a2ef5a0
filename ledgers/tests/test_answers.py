"""Every answer says how good its feeds are and where they looked."""

from __future__ import annotations

import pytest
from django.db import transaction
from psycopg.types.range import Range

from ledgers import answers
from ledgers.answers import answer, coverage_of, quality_of
from ledgers.coverage import Presence, cover
from ledgers.models import Feed
from ledgers.reading import announce_and_stamp, pair
from ledgers.tests.factories import HOUR, T0, make_run

pytestmark = pytest.mark.usefixtures("ledger")


def covered(name: str, *windows) -> Feed:
    run = make_run(name, kind="seed")
    Feed.objects.filter(pk=name).update(every=HOUR)
    with transaction.atomic():
        for start, end in windows:
            cover(run, Range(T0 + start * HOUR, T0 + end * HOUR), known_at=announce_and_stamp())
    return Feed.objects.get(pk=name)


def test_no_feed_is_unknown_with_a_remedy() -> None:
    quality = quality_of([], pair())
    assert (quality.state, quality.since, quality.feeds) == ("unknown", None, ())
    assert "look at the feeds" in quality.reason


def test_the_worst_feed_speaks_for_all() -> None:
    feeds = [covered("a", (0, 5)), covered("b")]
    quality = quality_of(feeds, pair(T0 + 6 * HOUR))
    assert quality.state == "unknown"
    assert "b was never looked at" in quality.reason
    assert [state.feed for state in quality.feeds] == ["a", "b"]


def test_gaps_are_told_newest_first_and_no_more_than_the_limit(monkeypatch) -> None:
    feed = covered("a", *((hour, hour + 1) for hour in range(0, 20, 2)))
    window = {"since": T0, "until": T0 + 20 * HOUR}
    whole = coverage_of([feed], pair(), **window, found=False)
    assert (whole.presence, len(whole.gaps), whole.more_gaps) == (Presence.NOT_OBSERVED, 10, 0)
    assert [gap.until for gap in whole.gaps] == sorted(
        (gap.until for gap in whole.gaps), reverse=True
    )
    monkeypatch.setattr(answers, "MAX_GAPS", 3)
    cut = coverage_of([feed], pair(), **window, found=False)
    assert (cut.gaps, cut.more_gaps) == (whole.gaps[:3], 7)


def test_a_window_from_the_beginning_is_open() -> None:
    feed = covered("a", (0, 2))
    seen = coverage_of([feed], pair(), since=None, until=T0 + 2 * HOUR, found=False)
    (gap,) = seen.gaps
    assert (gap.since, gap.until, seen.presence) == (None, T0, Presence.NOT_OBSERVED)


def test_a_look_costs_one_query_however_many_feeds(django_assert_num_queries) -> None:
    feeds = [covered(name, (0, 1)) for name in "abcdef"]
    now = pair()
    with django_assert_num_queries(2):
        said = answer(feeds, now, since=T0, until=T0 + HOUR, found=False)
    assert said.coverage.presence == Presence.NONE_IN_COVERED_WINDOW
    assert said.pair == now
