"""The life of an alert: one a check and subject, from the run that found it to one that did not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from ledgers.models import Ledger
from quality.alerting import (
    AlertError,
    ResolvedError,
    SnoozeError,
    acknowledge,
    annotate,
    retire,
    snooze,
    troubles_of,
    write_alerts,
)
from quality.findings import MAX_SUBJECT, Level
from quality.models import Alert, AlertEvent
from quality.tests.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    finding,
    make_alert,
    make_user,
)

CHECK = "freshness.glass"
State = Alert.State
pytestmark = pytest.mark.usefixtures("ledger")


def write(*findings, now=NOW, check=CHECK, is_whole=True):
    with transaction.atomic():
        notices = write_alerts(check, troubles_of(findings), now, is_whole=is_whole)
    return [(notice.kind, notice.subject) for notice in notices]


def kinds(alert: Alert) -> list[str]:
    return [event.kind for event in alert.events.all()]


@pytest.fixture
def ada(ledger):
    return make_user()


def test_a_finding_opens_an_alert_that_says_what_it_said() -> None:
    assert write(finding()) == [("opened", "coinspot")]
    alert = Alert.objects.get()
    assert (alert.check_id, alert.subject, alert.ledger) == (CHECK, "coinspot", Ledger.GLASS)
    assert (alert.state, alert.level, alert.count) == (State.OPEN, Level.ERROR, 1)
    assert (alert.message, alert.hint) == ("coinspot is late.", "Look at it.")
    assert (alert.opened_at, alert.seen_at, alert.resolved_at) == (NOW, NOW, None)
    assert kinds(alert) == ["opened"]


def test_the_same_finding_again_is_counted_and_not_told() -> None:
    write(finding())
    assert write(finding(message="Still late."), now=NOW + MINUTE) == []
    alert = Alert.objects.get()
    assert (alert.count, alert.message) == (2, "Still late.")
    assert (alert.opened_at, alert.seen_at) == (NOW, NOW + MINUTE)
    assert kinds(alert) == ["opened"]


def test_a_quiet_run_resolves() -> None:
    write(finding(), finding("sec"))
    assert write(finding("sec"), now=NOW + MINUTE) == [("resolved", "coinspot")]
    alert = Alert.objects.get(subject="coinspot")
    assert (alert.state, alert.resolved_at) == (State.RESOLVED, NOW + MINUTE)
    assert kinds(alert) == ["opened", "resolved"]
    assert Alert.objects.standing().get().subject == "sec"


def test_what_comes_back_is_a_new_alert() -> None:
    write(finding())
    write(now=NOW + MINUTE)
    assert write(finding(), now=NOW + 2 * MINUTE) == [("opened", "coinspot")]
    assert sorted(Alert.objects.values_list("state", flat=True)) == ["open", "resolved"]


def test_a_run_that_ended_early_resolves_nothing() -> None:
    write(finding())
    assert write(now=NOW + MINUTE, is_whole=False) == []
    assert Alert.objects.get().state == State.OPEN


def test_another_check_leaves_it_alone() -> None:
    write(finding())
    assert write(check="freshness.human") == []
    assert write(finding(), check="freshness.human") == [("opened", "coinspot")]
    assert Alert.objects.standing().count() == 2


def test_worse_is_told_and_better_is_only_kept() -> None:
    write(finding(level=Level.WARNING))
    assert write(finding(level=Level.CRITICAL)) == [("escalated", "coinspot")]
    assert write(finding(level=Level.ERROR)) == []
    alert = Alert.objects.get()
    assert (alert.level, kinds(alert)) == (Level.ERROR, ["opened", "escalated", "eased"])


def test_ten_thousand_findings_of_one_cause_are_one_alert(django_assert_max_num_queries) -> None:
    many = [finding(f"rss/{n}", cause="rss") for n in range(9_999)]
    worst = finding("rss/worst", cause="rss", level=Level.CRITICAL)
    with django_assert_max_num_queries(6):
        assert write(*many, worst) == [("opened", "rss")]
    alert = Alert.objects.get()
    assert (alert.subject, alert.level, alert.findings) == ("rss", Level.CRITICAL, 10_000)
    assert alert.message == "rss/worst is late. And 9999 more of rss."


def test_a_thousand_subjects_are_written_in_few_queries(django_assert_max_num_queries) -> None:
    many = [finding(f"asset {n}") for n in range(1000)]
    for told in (1000, 0):
        with django_assert_max_num_queries(8):
            assert len(write(*many)) == told
    with django_assert_max_num_queries(8):
        assert len(write()) == 1000


def test_the_database_refuses_a_second_standing_alert() -> None:
    make_alert()
    with pytest.raises(IntegrityError, match="alert_one_standing"):
        make_alert(state=State.ACKNOWLEDGED, acknowledged_at=NOW)
    make_alert("another")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("alert_resolved_at", {"state": "resolved"}),
        ("alert_resolved_at", {"resolved_at": NOW}),
        ("alert_snooze_ends", {"state": "snoozed"}),
        ("alert_snooze_ends", {"snoozed_until": NOW}),
        ("alert_acknowledged_at", {"state": "acknowledged"}),
        ("alert_seen_after_opened", {"seen_at": NOW - SECOND}),
    ],
)
def test_the_database_refuses_an_alert_that_contradicts_itself(name, values) -> None:
    with pytest.raises(IntegrityError, match=name):
        make_alert(**values)


def test_an_acknowledged_alert_is_counted_and_resolved_in_silence_of_refreshes(ada) -> None:
    write(finding())
    alert = acknowledge(Alert.objects.get().pk, by=ada.pk, now=NOW + SECOND, note="I look.")
    assert (alert.state, alert.acknowledged_by, alert.note) == (State.ACKNOWLEDGED, ada, "I look.")
    assert write(finding(), now=NOW + MINUTE) == []
    alert.refresh_from_db()
    assert (alert.state, alert.count, alert.note) == (State.ACKNOWLEDGED, 2, "I look.")
    assert write(now=NOW + 2 * MINUTE) == [("resolved", "coinspot")]
    assert kinds(alert) == ["opened", "acknowledged", "resolved"]
    assert [event.by for event in alert.events.all()] == [None, ada, None]


def test_an_acknowledged_alert_that_gets_worse_is_open_again(ada) -> None:
    write(finding())
    acknowledge(Alert.objects.get().pk, by=ada.pk, now=NOW)
    assert write(finding(level=Level.CRITICAL)) == [("escalated", "coinspot")]
    alert = Alert.objects.get()
    assert (alert.state, alert.acknowledged_at, alert.acknowledged_by) == (State.OPEN, None, None)


def test_acknowledging_twice_is_once(ada) -> None:
    alert = make_alert()
    acknowledge(alert.pk, by=ada.pk, now=NOW, note="Mine.")
    acknowledge(alert.pk, by=make_user("bob").pk, now=NOW + HOUR)
    alert.refresh_from_db()
    assert (alert.acknowledged_by, kinds(alert)) == (ada, ["acknowledged"])
    acknowledge(alert.pk, by=ada.pk, now=NOW, note="The venue is down.")
    assert kinds(alert) == ["acknowledged"] * 2


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (-SECOND, []),
        (0 * SECOND, [("woken", "coinspot")]),
        (SECOND, [("woken", "coinspot")]),
    ],
)
def test_a_silence_ends_when_it_was_said_to(ada, after, told) -> None:
    write(finding())
    snooze(Alert.objects.get().pk, until=NOW + HOUR, by=ada.pk, now=NOW)
    assert write(finding(), now=NOW + HOUR + after) == told
    alert = Alert.objects.get()
    assert alert.state == (State.OPEN if told else State.SNOOZED)
    assert (alert.snoozed_until is None) is bool(told)


def test_a_snoozed_alert_that_gets_worse_is_told_at_once(ada) -> None:
    write(finding())
    snooze(Alert.objects.get().pk, until=NOW + HOUR, by=ada.pk, now=NOW)
    assert write(finding(level=Level.CRITICAL), now=NOW + MINUTE) == [("escalated", "coinspot")]
    assert Alert.objects.get().state == State.OPEN


def test_a_snoozed_alert_resolves_when_it_is_quiet(ada) -> None:
    write(finding())
    snooze(Alert.objects.get().pk, until=NOW + HOUR, by=ada.pk, now=NOW)
    assert write(now=NOW + MINUTE) == [("resolved", "coinspot")]
    assert Alert.objects.get().snoozed_until is None


@pytest.mark.parametrize("until", [NOW - SECOND, NOW, NOW + 90 * DAY + SECOND])
def test_a_silence_without_an_end_in_reach_is_refused(ada, until) -> None:
    alert = make_alert()
    with pytest.raises(SnoozeError, match="ends after now and until 2026-06-16"):
        snooze(alert.pk, until=until, by=ada.pk, now=NOW)
    assert snooze(alert.pk, until=NOW + 90 * DAY, by=ada.pk, now=NOW).state == State.SNOOZED


def test_what_is_resolved_is_neither_acknowledged_nor_snoozed_but_may_get_a_note(ada) -> None:
    alert = make_alert(state=State.RESOLVED, resolved_at=NOW)
    with pytest.raises(ResolvedError, match="resolved since 2026-03-18 12:00:00 UTC"):
        acknowledge(alert.pk, by=ada.pk, now=NOW)
    with pytest.raises(AlertError):
        snooze(alert.pk, until=NOW + HOUR, by=ada.pk, now=NOW)
    assert annotate(alert.pk, note="It was the router.", by=ada.pk, now=NOW).note
    annotate(alert.pk, note="It was the router.", by=ada.pk, now=NOW)
    event = AlertEvent.objects.get()
    assert (event.kind, event.by, event.text) == ("noted", ada, "It was the router.")


def test_a_note_can_be_taken_back(ada) -> None:
    alert = make_alert(note="Wrong.")
    assert annotate(alert.pk, note="", by=ada.pk, now=NOW).note == ""
    alert.refresh_from_db()
    assert alert.note == ""


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    write(finding())
    assert write(finding(), now=NOW - DAY) == []
    alert = Alert.objects.get()
    assert (alert.opened_at, alert.seen_at, alert.count) == (NOW, NOW, 2)


def test_alerts_of_checks_that_exist_no_more_are_resolved() -> None:
    make_alert(check_id="gone.check")
    kept = make_alert()
    (notice,) = retire([CHECK], NOW + HOUR)
    assert (notice.check, notice.kind) == ("gone.check", "resolved")
    assert Alert.objects.standing().get() == kept
    assert retire([CHECK], NOW + HOUR) == []
    assert AlertEvent.objects.get().text == "Its check exists no more."


def test_one_subject_of_two_users_is_refused() -> None:
    with pytest.raises(ValueError, match="several users"):
        troubles_of([finding(user_id=1), finding(user_id=2)])
    with pytest.raises(ValueError, match="no common cause"):
        finding(user_id=1, cause="venue")


@pytest.mark.parametrize("name", ["", "x" * (MAX_SUBJECT + 1)])
def test_a_finding_without_a_usable_subject_is_refused(name) -> None:
    with pytest.raises(ValueError, match="1 to 200"):
        finding(name)
    finding("x" * MAX_SUBJECT)


def test_a_user_sees_what_is_of_nobody_and_of_oneself(ada) -> None:
    bob, olga = make_user("bob"), make_user("olga", is_staff=True)
    make_alert("all")
    make_alert("own", user=ada)
    seen = {
        user: {alert.subject for alert in Alert.objects.visible_to(user)}
        for user in (ada, bob, olga)
    }
    assert seen == {ada: {"all", "own"}, bob: {"all"}, olga: {"all", "own"}}


def test_standing_alerts_come_the_worst_and_newest_first() -> None:
    make_alert("old", opened_at=NOW - timedelta(hours=1))
    make_alert("new")
    make_alert("bad", level=Level.CRITICAL)
    assert [one.subject for one in Alert.objects.standing()] == ["bad", "new", "old"]
    assert str(Alert.objects.standing()[0]) == "critical: bad (open)"
