"""A ledger that nobody fills, a feed that stands still and a forgotten import are found."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledgers.collecting.registry import collectors, expected_feeds, feed_of
from ledgers.exchange.models import Fill
from ledgers.feeds import State
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, Feed, Ledger, Schedule
from ledgers.reading import pair
from quality.checks.catalyst import catalyst_is_fresh
from quality.checks.exchange import exchange_is_fresh
from quality.checks.glass import glass_is_fresh
from quality.checks.human import human_is_fresh
from quality.findings import Level
from quality.models import Alert
from quality.services import run_checks
from quality.tests.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    bought,
    covered,
    import_feed,
    looked,
    make_account,
    make_collector,
    make_run,
    make_user,
    stray_feed,
)
from quality.tests.facts import look

FIVE_YEARS = timedelta(days=5 * 365)
POLLED = {
    Ledger.GLASS: glass_is_fresh,
    Ledger.HUMAN: human_is_fresh,
    Ledger.CATALYST: catalyst_is_fresh,
}
pytestmark = pytest.mark.usefixtures("ledger")


def found_by_all(now):
    return [finding for checked in run_checks(now) for finding in checked.findings]


def test_an_empty_database_is_four_times_critical() -> None:
    assert collectors
    found = found_by_all(timezone.now())
    assert sorted((one.ledger, one.level) for one in found) == sorted(
        (ledger.value, Level.CRITICAL) for ledger in Ledger
    )
    assert all(one.message.endswith(".") and one.hint.endswith(".") for one in found)
    assert Alert.objects.standing().count() == 4


def test_one_five_year_old_row_a_ledger_is_four_times_critical() -> None:
    now = timezone.now()
    for feed in expected_feeds():
        covered(feed, now - FIVE_YEARS)
    bought(make_account(make_user()), now - FIVE_YEARS)
    found = found_by_all(now)
    assert sorted((one.ledger, one.level) for one in found) == sorted(
        (ledger.value, Level.CRITICAL) for ledger in Ledger
    )
    assert "2021" in next(one.message for one in found if one.ledger == Ledger.EXCHANGE)


def test_what_was_looked_at_just_now_raises_nothing() -> None:
    now = timezone.now()
    for feed in expected_feeds():
        covered(feed, now - SECOND)
    filled = {feed.ledger for feed in expected_feeds()}
    bought(make_account(make_user()), now - DAY)
    found = found_by_all(timezone.now())  # what a source publishes late is known from now on
    assert [one for one in found if one.ledger in filled | {Ledger.EXCHANGE}] == []


@pytest.mark.parametrize("polled", POLLED)
@pytest.mark.parametrize(("after", "level"), [(-SECOND, None), (SECOND, Level.ERROR)])
def test_a_frozen_feed_is_found_exactly_after_two_intervals(sources, polled, after, level) -> None:
    frozen, alive = make_collector("frozen", polled), make_collector("alive", polled)
    sources(frozen, alive)
    looked(frozen, NOW)
    now = NOW + 2 * HOUR + after
    looked(alive, now)
    found = list(POLLED[polled](now))
    assert [(one.subject, one.level) for one in found] == ([("frozen", level)] if level else [])


@pytest.mark.parametrize(("after", "level"), [(-SECOND, None), (SECOND, Level.WARNING)])
def test_a_late_feed_is_found_where_that_is_wanted(sources, after, level) -> None:
    slow, alive = make_collector("slow", Ledger.GLASS), make_collector("alive", Ledger.GLASS)
    sources(slow, alive)
    looked(slow, NOW)
    now = NOW + HOUR / 2 + after
    looked(alive, now)
    found = list(glass_is_fresh(now, least=State.LATE))
    assert [one.level for one in found] == ([level] if level else [])
    assert list(glass_is_fresh(now)) == []


@pytest.mark.parametrize("polled", POLLED)
@pytest.mark.parametrize(("after", "level"), [(-SECOND, None), (SECOND, Level.CRITICAL)])
def test_a_ledger_whose_last_feed_stands_still_is_critical(sources, polled, after, level) -> None:
    only = make_collector("only", polled)
    sources(only)
    looked(only, NOW)
    found = list(POLLED[polled](NOW + 2 * HOUR + after))
    assert [(one.subject, one.level) for one in found] == ([(polled, level)] if level else [])


def test_another_ledger_that_stands_still_is_not_blamed(sources) -> None:
    glass, human = make_collector("g", Ledger.GLASS), make_collector("h", Ledger.HUMAN)
    sources(glass, human)
    looked(human, NOW)
    assert list(human_is_fresh(NOW)) == []
    assert [one.ledger for one in glass_is_fresh(NOW)] == [Ledger.GLASS]


def test_rows_without_a_complete_look_make_no_feed_fresh(sources) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    make_run(feed_of(source, ""))
    (found,) = glass_is_fresh(NOW)
    assert found.level == Level.CRITICAL
    assert "none of its feeds (1) was ever looked at completely" in found.message


def test_a_feed_that_was_never_looked_at_is_critical_beside_fresh_ones(sources) -> None:
    new, alive = make_collector("new", Ledger.GLASS), make_collector("alive", Ledger.GLASS)
    sources(new, alive)
    looked(alive, NOW)
    (found,) = glass_is_fresh(NOW)
    assert (found.subject, found.level) == ("new", Level.CRITICAL)


def test_a_dead_source_of_many_feeds_is_one_cause(sources) -> None:
    many = make_collector("many", Ledger.HUMAN, scopes=("a", "b", "c"))
    alive = make_collector("alive", Ledger.HUMAN)
    sources(many, alive)
    looked(many, NOW - 3 * HOUR)
    looked(alive, NOW)
    found = list(human_is_fresh(NOW))
    assert [one.subject for one in found] == ["many/a", "many/b", "many/c"]
    assert {one.about for one in found} == {"many"}


def test_a_source_of_one_feed_is_about_its_feed(sources) -> None:
    single = make_collector("single", Ledger.HUMAN, scopes=("a",))
    alive = make_collector("alive", Ledger.HUMAN)
    sources(single, alive)
    looked(single, NOW - 3 * HOUR)
    looked(alive, NOW)
    assert [one.about for one in human_is_fresh(NOW)] == ["single/a"]


def test_one_dead_feed_of_a_living_source_is_about_itself(sources) -> None:
    many = make_collector("many", Ledger.HUMAN, scopes=("a", "b"))
    sources(many)
    covered(feed_of(many, "a"), NOW)
    covered(feed_of(many, "b"), NOW - 3 * HOUR)
    assert [one.about for one in human_is_fresh(NOW)] == ["many/b"]


def test_a_feed_that_no_collector_names_any_more_is_a_warning(sources) -> None:
    alive = make_collector("alive", Ledger.GLASS)
    sources(alive)
    looked(alive, NOW)
    covered(stray_feed("gone"), NOW - 3 * HOUR)
    (found,) = glass_is_fresh(NOW)
    assert (found.subject, found.level) == ("gone", Level.WARNING)


def test_a_feed_without_a_collector_is_left_alone_while_somebody_looks_at_it(sources) -> None:
    alive = make_collector("alive", Ledger.GLASS)
    sources(alive)
    looked(alive, NOW)
    covered(stray_feed("by hand"), NOW)
    covered(stray_feed("once", every=None), NOW - FIVE_YEARS)
    assert list(glass_is_fresh(NOW)) == []


def test_feeds_of_removed_collectors_alone_still_make_a_dead_ledger(sources) -> None:
    covered(stray_feed("gone"), NOW - FIVE_YEARS)
    (found,) = glass_is_fresh(NOW)
    assert (found.subject, found.level) == (Ledger.GLASS, Level.CRITICAL)
    assert "gone was last looked at for 2021" in found.message


def test_seeded_rows_fill_no_ledger_that_collectors_should_fill(sources) -> None:
    covered(stray_feed("seed:coinspot"), NOW)
    assert [one.level for one in glass_is_fresh(NOW)] == [Level.CRITICAL]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [("transport", "ended transport. See why."), ("ok", "worker and beat run")],
)
def test_the_hint_says_how_the_last_run_ended(sources, outcome, said) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    looked(source, NOW - 3 * HOUR)
    CollectorRun.objects.update(outcome=outcome)
    (found,) = glass_is_fresh(NOW)
    assert said in found.hint


def failed(source, *outcomes: str, scope: str = "") -> None:
    """Have the newest live looks at a feed end so, the oldest first."""
    for number, outcome in enumerate(outcomes):
        at = NOW - (len(outcomes) - number) * MINUTE
        look(feed_of(source, scope), at, outcome=outcome, error="It is shut.")


@pytest.mark.parametrize(
    ("outcomes", "found"),
    [
        (["blocked"], 1),
        (["drift"], 1),
        (["crashed"], 1),
        (["transport"], 0),
        (["transport", "transport"], 1),
        (["rate_limited", "transport"], 1),
        (["ok", "transport"], 0),
        (["blocked", "ok"], 0),
        (["blocked", "partial"], 0),
        (["transport", "interrupted"], 0),
    ],
)
def test_a_source_that_fails_is_a_warning_while_what_it_brought_is_still_fresh(
    sources, outcomes, found
) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    looked(source, NOW)
    failed(source, *outcomes)
    said = list(glass_is_fresh(NOW))
    assert len(said) == found
    for one in said:
        assert (one.subject, one.level) == ("source", Level.WARNING)
        assert one.message == f"The last look at source ended {outcomes[-1]}: It is shut."


def test_one_failure_more_or_less_can_be_asked_for(sources) -> None:
    sources(source := make_collector("source", Ledger.GLASS))
    looked(source, NOW)
    failed(source, "transport", "transport")
    assert list(glass_is_fresh(NOW, failures=3)) == []
    assert len(list(glass_is_fresh(NOW, failures=1))) == 1


def test_feeds_of_a_source_that_fail_are_one_cause_also_when_some_are_old(sources) -> None:
    many = make_collector("many", Ledger.GLASS, scopes=("a", "b", "c"))
    sources(many)
    for scope, age in (("a", 0 * HOUR), ("b", 3 * HOUR), ("c", 0 * HOUR)):
        covered(feed_of(many, scope), NOW - age)
    for scope in ("a", "b"):
        failed(many, "blocked", scope=scope)
    assert {(one.about, one.level) for one in glass_is_fresh(NOW)} == {
        ("many", Level.WARNING),
        ("many", Level.ERROR),
    }


def test_a_source_that_fails_and_rests_says_until_when(sources) -> None:
    sources(source := make_collector("source", Ledger.GLASS))
    looked(source, NOW)
    failed(source, "blocked")
    Schedule.objects.create(job="collect:source", every=HOUR, failures=5, rests_until=NOW + HOUR)
    (found,) = glass_is_fresh(NOW)
    assert found.hint.endswith("After its failures it rests until 2026-03-18 13:00:00 UTC.")


def test_the_hint_says_that_the_schedule_is_paused(sources) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    Schedule.objects.create(job="collect:source", every=HOUR, is_paused=True)
    (found,) = glass_is_fresh(NOW)
    assert found.hint.startswith("Its schedule is paused.")


def test_a_check_asks_few_questions_of_many_fresh_feeds(
    sources, django_assert_max_num_queries
) -> None:
    many = make_collector("many", Ledger.HUMAN, scopes=tuple(f"{n}" for n in range(40)))
    sources(many)
    looked(many, NOW)
    with django_assert_max_num_queries(8):
        assert list(human_is_fresh(NOW)) == []


def test_no_check_reads_facts_of_the_polled_ledgers(sources) -> None:
    assert Quote.objects.count() == 0
    assert Feed.objects.count() == 0
    assert [one.message for one in glass_is_fresh(NOW)] == [
        "Nothing fills the Glass ledger: it has no feed."
    ]


@pytest.mark.parametrize(
    ("after", "level"), [(-SECOND, None), (0 * SECOND, None), (SECOND, Level.WARNING)]
)
def test_an_old_account_is_a_warning_to_its_owner_alone(after, level) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    old, recent = make_account(ada), make_account(bob)
    bought(old, NOW - 35 * DAY - after)
    bought(recent, NOW - DAY)
    found = list(exchange_is_fresh(NOW))
    assert [(one.subject, one.level, one.user_id) for one in found] == (
        [(f"account {old.pk}", level, ada.pk)] if level else []
    )


@pytest.mark.parametrize(
    ("after", "level"),
    [(-SECOND, Level.WARNING), (0 * SECOND, Level.WARNING), (SECOND, Level.CRITICAL)],
)
def test_a_ledger_of_old_accounts_alone_is_critical(after, level) -> None:
    bought(make_account(make_user()), NOW - 400 * DAY - after)
    assert [one.level for one in exchange_is_fresh(NOW)] == [level]


def test_thresholds_of_the_exchange_can_be_set() -> None:
    bought(make_account(make_user()), NOW - 2 * DAY)
    assert list(exchange_is_fresh(NOW)) == []
    assert [one.level for one in exchange_is_fresh(NOW, max_age=DAY)] == [Level.WARNING]
    assert [one.level for one in exchange_is_fresh(NOW, dead_after=DAY)] == [Level.CRITICAL]


def test_an_import_counts_by_what_it_covers_not_by_when_it_ran() -> None:
    account = make_account(make_user())
    bought(account, NOW - 100 * DAY)
    assert [one.level for one in exchange_is_fresh(NOW)] == [Level.WARNING]
    covered(import_feed(account), NOW - DAY)
    assert list(exchange_is_fresh(NOW)) == []


def test_a_row_of_the_future_makes_no_account_known() -> None:
    now = timezone.now()
    bought(make_account(make_user()), now + DAY, kind="live")
    assert Fill.objects.of_everyone().seen(pair()).count() == 1
    assert [one.level for one in exchange_is_fresh(timezone.now())] == [Level.CRITICAL]


def test_a_venue_that_is_asked_by_a_cadence_is_judged_like_any_feed(sources) -> None:
    venue = make_collector("venue", Ledger.EXCHANGE, every=MINUTE)
    sources(venue)
    looked(venue, NOW)
    assert list(exchange_is_fresh(NOW)) == []
    (found,) = exchange_is_fresh(NOW + 2 * MINUTE + SECOND)
    assert found.level == Level.CRITICAL
