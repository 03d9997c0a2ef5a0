"""Everybody reads what is wrong with what one may see; only staff answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ledgers.models import Ledger
from ledgers.serializers import written
from quality.findings import Level
from quality.models import Alert
from quality.registry import checks
from quality.services import run_check, run_checks
from quality.tests.conftest import PROBE
from quality.tests.factories import (
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    bought,
    client_of,
    covered,
    import_feed,
    looked,
    make_account,
    make_alert,
    make_collector,
    make_user,
)

ROOT = "/api/v1/quality/"
READ = ["checks", "feeds", "alerts"]
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def ada(ledger):
    return make_user("ada")


@pytest.fixture
def api(ada):
    return client_of(ada)


@pytest.fixture
def olga(ledger):
    return make_user("olga", is_staff=True)


@pytest.fixture
def staff(olga):
    return client_of(olga)


def get(api, path, status=200, **params):
    response = api.get(ROOT + path, params)
    assert response.status_code == status, response.content
    return response.json()


def post(api, path, body=None, status=200):
    response = api.post(ROOT + path, body or {}, format="json")
    assert response.status_code == status, response.content
    return response.json()


def subjects(page):
    return [one["subject"] for one in page["results"]]


@pytest.mark.parametrize("path", [*READ, "alerts/1"])
def test_nobody_reads_without_logging_in(path) -> None:
    assert Client().get(ROOT + path).status_code == 401


@pytest.mark.parametrize("action", ["ack", "snooze"])
def test_nobody_answers_without_logging_in(action) -> None:
    alert = make_alert()
    assert Client().post(f"{ROOT}alerts/{alert.pk}/{action}").status_code == 401


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", READ)
def test_what_is_read_cannot_be_written(staff, verb, path) -> None:
    assert getattr(staff, verb)(ROOT + path).status_code == 405


def test_checks_are_listed_with_thresholds_and_their_newest_run(api, probe) -> None:
    for minute in range(2):
        run_check(PROBE, NOW + minute * MINUTE)
    listed = {one["id"]: one for one in get(api, "checks")}
    assert set(listed) == set(checks)
    glass = listed["freshness.glass"]
    assert (glass["ledger"], glass["every"], glass["last_run"]) == ("glass", "1m", None)
    assert glass["thresholds"][0]["variable"] == "OMC_QUALITY_FRESHNESS_GLASS_LEAST"
    last = listed[PROBE]["last_run"]
    assert (last["started_at"], last["findings"]) == (written(NOW + MINUTE), 0)
    assert (last["worst"], last["is_whole"]) == (None, True)
    assert 0 <= last["duration_ms"] < 5000


def test_a_failed_run_says_so_and_no_more(api, probe) -> None:
    def fail() -> None:
        raise RuntimeError("a secret")

    probe.does = fail
    run_check(PROBE, NOW)
    response = api.get(f"{ROOT}checks")
    last = next(one["last_run"] for one in response.json() if one["id"] == PROBE)
    assert (last["worst"], last["findings"], last["is_whole"]) == ("error", 1, False)
    assert b"a secret" not in response.content + api.get(f"{ROOT}alerts").content


def test_checks_of_one_ledger_can_be_chosen(api) -> None:
    human = [one["id"] for one in get(api, "checks", ledger="human")]
    assert human == ["completeness.human", "freshness.human"]
    for params in ({"ledger": "mind"}, {"order": "id"}):
        get(api, "checks", 400, **params)


def test_the_list_of_checks_is_one_query(api, django_assert_max_num_queries) -> None:
    run_checks(NOW)
    with django_assert_max_num_queries(1):
        get(api, "checks")


def test_feeds_are_listed_with_the_worst_of_them(api, sources) -> None:
    now = timezone.now()
    fresh, stale = make_collector("fresh", Ledger.GLASS), make_collector("stale", Ledger.HUMAN)
    sources(fresh, stale)
    looked(fresh, now - SECOND)
    looked(stale, now - 3 * HOUR)
    body = get(api, "feeds")
    assert body["quality"]["state"] == "stale"
    states = {one["feed"]: (one["ledger"], one["state"]) for one in body["quality"]["feeds"]}
    assert states == {"fresh": ("glass", "fresh"), "stale": ("human", "stale")}
    assert body["as_of"] == body["horizon"]


def test_feeds_are_told_as_of_a_moment(api, sources) -> None:
    source = make_collector("source", Ledger.GLASS)
    sources(source)
    looked(source, NOW)
    for after, state in ((2 * HOUR - SECOND, "late"), (2 * HOUR + SECOND, "stale")):
        assert get(api, "feeds", as_of=written(NOW + after))["quality"]["state"] == state


def test_feeds_of_accounts_are_their_owners_and_staffs(api, staff, ada, sources) -> None:
    bob = make_user("bob")
    own, other = make_account(ada), make_account(bob)
    for account in (own, other):
        bought(account, NOW)
        covered(import_feed(account), NOW)

    def feeds(client):
        return {one["feed"] for one in get(client, "feeds")["quality"]["feeds"]}

    assert feeds(api) == {f"import_omc/{own.pk}"}
    assert feeds(staff) == {f"import_omc/{own.pk}", f"import_omc/{other.pk}"}


def test_an_unknown_parameter_of_feeds_is_named(api) -> None:
    assert get(api, "feeds", 400, ledger="glass")["errors"][0]["field"] == "ledger"


def test_alerts_that_stand_are_listed_the_newest_first(api) -> None:
    make_alert("old", opened_at=NOW - HOUR)
    make_alert("new")
    make_alert("over", state="resolved", resolved_at=NOW)
    page = get(api, "alerts")
    assert subjects(page) == ["new", "old"]
    assert page["results"][0] == {
        "id": Alert.objects.get(subject="new").pk,
        "check": "freshness.glass",
        "ledger": "glass",
        "subject": "new",
        "level": "error",
        "state": "open",
        "message": "new is late.",
        "hint": "Look at it.",
        "count": 1,
        "findings": 1,
        "opened_at": "2026-03-18T12:00:00Z",
        "seen_at": "2026-03-18T12:00:00Z",
        "resolved_at": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "assigned_to": None,
        "snoozed_until": None,
        "note": "",
    }


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"state": "open"}, ["a"]),
        ({"state": "resolved"}, ["d"]),
        ({"state": "all"}, ["a", "b", "c", "d"]),
        ({"ledger": "human"}, ["b"]),
        ({"level": "critical"}, ["c"]),
        ({"level": "error"}, ["a", "c"]),
        ({"check": "other.check"}, ["c"]),
        ({"check": "other.check", "level": "critical", "state": "acknowledged"}, ["c"]),
        ({"check": "nobody"}, []),
    ],
)
def test_alerts_can_be_chosen(api, asked, found) -> None:
    make_alert("a")
    make_alert("b", ledger="human", level=Level.WARNING, state="snoozed", snoozed_until=NOW)
    make_alert(
        "c",
        check_id="other.check",
        level=Level.CRITICAL,
        state="acknowledged",
        acknowledged_at=NOW,
    )
    make_alert("d", level=Level.WARNING, state="resolved", resolved_at=NOW)
    assert sorted(subjects(get(api, "alerts", **asked))) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [("state", "bad"), ("ledger", "x"), ("level", "50"), ("check", "a\x00b"), ("order", "x")],
)
def test_a_wrong_choice_is_named(api, name, value) -> None:
    assert get(api, "alerts", 400, **{name: value})["errors"][0]["field"] == name


def test_alerts_come_in_pages_of_which_none_is_lost(api, django_assert_max_num_queries) -> None:
    for number in range(120):
        make_alert(f"{number}", opened_at=NOW - (number // 40) * SECOND)
    seen, page = [], get(api, "alerts")
    while True:
        seen += subjects(page)
        if not page["next"]:
            break
        with django_assert_max_num_queries(2):
            page = api.get(page["next"]).json()
    assert len(seen) == len(set(seen)) == 120


@pytest.mark.parametrize("cursor", ["x", "cD1ub3cK", "cD1hYmM=", "\x00", "%F0"])
def test_a_cursor_that_was_made_up_leads_nowhere(api, cursor) -> None:
    make_alert()
    assert api.get(f"{ROOT}alerts", {"cursor": cursor}).status_code in (400, 404)


def test_another_users_alert_is_as_good_as_absent(api, staff, ada) -> None:
    bob = make_user("bob")
    own, other = make_alert("own", user=ada), make_alert("other", user=bob)
    assert subjects(get(api, "alerts")) == ["own"]
    assert get(api, f"alerts/{own.pk}")["subject"] == "own"
    get(api, f"alerts/{other.pk}", 404)
    assert get(staff, f"alerts/{other.pk}")["subject"] == "other"


@pytest.mark.parametrize("action", ["ack", "snooze"])
def test_an_ordinary_user_answers_nothing_not_even_ones_own(api, ada, action) -> None:
    alert = make_alert(user=ada)
    body = {"until": written(timezone.now() + HOUR)} if action == "snooze" else {}
    post(api, f"alerts/{alert.pk}/{action}", body, 403)
    post(api, f"alerts/{alert.pk + 1}/{action}", body, 403)
    alert.refresh_from_db()
    assert (alert.state, alert.events.count()) == ("open", 0)


def test_staff_acknowledges_with_a_note(staff, olga) -> None:
    alert = make_alert()
    body = post(staff, f"alerts/{alert.pk}/ack", {"note": "I call the venue."})
    assert (body["state"], body["acknowledged_by"]) == ("acknowledged", "olga")
    assert body["note"] == "I call the venue."
    (event,) = body["events"]
    assert (event["kind"], event["by"], event["text"]) == (
        "acknowledged",
        "olga",
        "I call the venue.",
    )
    assert get(staff, f"alerts/{alert.pk}") == body


def test_staff_gives_an_alert_to_somebody_and_takes_it_back(staff, olga) -> None:
    alert = make_alert()
    body = post(staff, f"alerts/{alert.pk}/assign", {"to": "olga"})
    assert (body["state"], body["assigned_to"]) == ("open", "olga")
    body = post(staff, f"alerts/{alert.pk}/assign", {"to": "olga"})
    assert [one["text"] for one in body["events"]] == ["To olga."]
    body = post(staff, f"alerts/{alert.pk}/assign", {"to": None})
    assert body["assigned_to"] is None
    assert [(one["kind"], one["by"]) for one in body["events"]] == [("assigned", "olga")] * 2


def test_an_alert_is_given_to_nobody_who_may_not_answer_it(staff, ada) -> None:
    alert = make_alert()
    answer = post(staff, f"alerts/{alert.pk}/assign", {"to": "ada"}, 400)
    assert "Nobody of the staff is called 'ada'. There are: olga." in f"{answer}"
    post(staff, f"alerts/{alert.pk}/assign", {}, 400)
    post(client_of(ada), f"alerts/{alert.pk}/assign", {"to": "olga"}, 403)


def test_staff_writes_a_note_also_on_what_is_over(staff) -> None:
    alert = make_alert(state="resolved", resolved_at=NOW)
    body = post(staff, f"alerts/{alert.pk}/note", {"note": "It was the router."})
    assert (body["state"], body["note"]) == ("resolved", "It was the router.")
    assert [one["kind"] for one in body["events"]] == ["noted"]
    post(staff, f"alerts/{alert.pk}/assign", {"to": "olga"}, 409)


def test_staff_snoozes_up_to_a_moment(staff) -> None:
    alert = make_alert()
    until = timezone.now() + HOUR
    body = post(staff, f"alerts/{alert.pk}/snooze", {"until": written(until)})
    assert (body["state"], body["snoozed_until"]) == ("snoozed", written(until))
    assert [event["kind"] for event in body["events"]] == ["snoozed"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "until"),
        ({"until": "tomorrow"}, "until"),
        ({"until": "2020-01-01T00:00:00Z"}, "until"),
        ({"until": "2999-01-01T00:00:00Z"}, "until"),
        ({"until": "9999-12-31T23:59:59-12:00"}, "until"),
        ({"until": None}, "until"),
        ({"until": "SOON", "for": "ever"}, "until"),
    ],
)
def test_a_silence_without_a_sane_end_is_refused(staff, body, field) -> None:
    alert = make_alert()
    problem = post(staff, f"alerts/{alert.pk}/snooze", body, 400)
    assert field in [error["field"] for error in problem["errors"]]
    alert.refresh_from_db()
    assert alert.state == "open"


@pytest.mark.parametrize(
    "body",
    ['{"notes": "x"}', '{"note": ["x"]}', '{"note": "\\u0000"}', '{"note": "\\ud800"}', "[1]", "{"],
)
def test_a_body_with_something_else_is_refused(staff, body) -> None:
    alert = make_alert()
    path = f"{ROOT}alerts/{alert.pk}/ack"
    assert staff.post(path, body, content_type="application/json").status_code == 400
    post(staff, f"alerts/{alert.pk}/ack", {"note": "x" * 2001}, 400)
    post(staff, f"alerts/{alert.pk}/ack", {"note": "x" * 2000})


def test_a_resolved_alert_cannot_be_answered(staff) -> None:
    alert = make_alert(state="resolved", resolved_at=NOW)
    problem = post(staff, f"alerts/{alert.pk}/ack", {}, 409)
    assert problem["detail"] == "It is resolved since 2026-03-18 12:00:00 UTC."
    until = written(timezone.now() + timedelta(minutes=5))
    post(staff, f"alerts/{alert.pk}/snooze", {"until": until}, 409)


@pytest.mark.parametrize("number", [7, 10**18, 10**30])
def test_an_alert_that_does_not_exist_is_not_found(staff, number) -> None:
    get(staff, f"alerts/{number}", 404)
    post(staff, f"alerts/{number}/ack", {}, 404)
