"""More doors of a session: events as they happen, cancel, approval, citations, and the limits."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone

from agents.limits import LIMITS, wait_by_events
from agents.models import AgentSession, JournalEntry, SessionEvent
from agents.orchestrator import execute_step
from agents.streaming import stream
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, MINUTE, NOW
from agents.tests.test_sessions import ALL_STEPS, kinds
from ledgers.collecting.limits import connection as redis_connection
from ledgers.rates import admit_within
from ledgers.tests.redis_keys import forget, without_redis

pytestmark = pytest.mark.usefixtures("ledger")
SESSIONS = "/api/v1/agents/sessions"
QUESTION = {"question": "what is the price of BTC", "as_of": NOW.isoformat()}
LATER = {"Prefer": "respond-async"}
DOORS = ("", "/messages", "/state", "/events", "/citations")
ACTS = ("/messages", "/cancel", "/approval")


@pytest.fixture
def alice(ledger: None) -> Any:
    """Make alice, really committed, who has asked nothing yet, and a price."""
    make.covered(make.quotes([make.quote()]), NOW - DAY)
    forget("omc:rate:*")
    return get_user_model().objects.create_user("alice")


def client_of(user: Any) -> Client:
    """Return a client in which a user is logged in."""
    client = Client()
    client.force_login(user)
    return client


def post(user: Any, url: str, body: Any = None, **headers: str) -> Any:
    """Send JSON as a user."""
    given = QUESTION if body is None else body
    return client_of(user).post(url, given, content_type="application/json", headers=headers)


def events_of(user: Any, session: str, **headers: str) -> list[dict[str, Any]]:
    """Read a stream of events to its end."""
    response = client_of(user).get(f"{SESSIONS}/{session}/events", headers=headers)
    assert response.status_code == 200
    assert response["Content-Type"] == "text/event-stream"
    assert response["Cache-Control"] == "no-store"
    return parsed(b"".join(response.streaming_content).decode())


def parsed(text: str) -> list[dict[str, Any]]:
    """Parse server-sent events as a browser does."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line)
        if "data" in fields:
            found.append({**fields, "data": json.loads(fields["data"])})
    return found


def test_the_events_tell_every_step_and_last_where_the_session_stands(alice: Any) -> None:
    session = post(alice, SESSIONS).json()["session_id"]
    told = events_of(alice, session)
    assert [one["event"] for one in told] == [*map(str, ALL_STEPS), "end"]
    assert [int(one["id"]) for one in told[:-1]] == list(range(1, len(told)))
    assert told[2]["data"]["calls"][0]["tool"] == "get_price_data"
    assert told[3]["data"]["results"] == [{"state": "value", "count": 1}]
    assert "64500.25" in told[-2]["data"]["answer"]["answer"]
    assert told[-1]["data"]["is_finished"]


def test_a_reader_comes_again_with_the_last_event_it_saw(alice: Any) -> None:
    session = post(alice, SESSIONS).json()["session_id"]
    told = events_of(alice, session, **{"Last-Event-ID": "7"})
    assert [one["event"] for one in told] == ["answered", "end"]


@pytest.mark.parametrize("last", ["x", "-1", "1.5", "9" * 30, "²"])
def test_an_event_that_is_no_number_is_a_problem(alice: Any, last: str) -> None:
    session = post(alice, SESSIONS).json()["session_id"]
    url = f"{SESSIONS}/{session}/events"
    response = client_of(alice).get(url, headers={"Last-Event-ID": last.encode().decode("latin-1")})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_a_browser_that_wants_events_gets_its_errors_as_problems(alice: Any) -> None:
    url = f"{SESSIONS}/{uuid4()}/events"
    response = client_of(alice).get(url, headers={"Accept": "text/event-stream"})
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == 404


def test_security_no_draft_and_no_result_is_told_before_it_was_checked(alice: Any) -> None:
    """Everything but the answer is an outline: no row, no sentence, no evidence."""
    session = post(alice, SESSIONS).json()["session_id"]
    for one in events_of(alice, session):
        if one["event"] not in ("answered", "end"):
            assert "64500" not in json.dumps(one["data"])
            assert not {"draft", "evidence", "grounded"} & set(one["data"])


def test_who_does_not_wait_is_answered_at_once_and_the_work_is_done_later(alice: Any) -> None:
    response = post(alice, SESSIONS, **LATER)
    state = response.json()
    assert (response.status_code, state["step"], state["is_finished"]) == (202, "asked", False)
    assert post(alice, f"{SESSIONS}/{state['session_id']}/messages").status_code == 409
    # No worker runs here: the reader of the events takes the question over.
    told = parsed("".join(stream(state["session_id"], alice.pk, 0, idle=0)))
    assert told[-1]["data"]["is_finished"]
    assert "64500.25" in told[-1]["data"]["answer"]["answer"]


def test_a_stream_whose_patience_is_over_ends_without_an_end(alice: Any) -> None:
    state = post(alice, SESSIONS, **LATER).json()
    told = parsed("".join(stream(state["session_id"], alice.pk, 0, patience=0)))
    assert [one["event"] for one in told] == ["asked"]


def test_an_open_question_can_be_cancelled_and_a_closed_one_stays(alice: Any) -> None:
    session = post(alice, SESSIONS, **LATER).json()["session_id"]
    execute_step(session, user_id=alice.pk)
    url = f"{SESSIONS}/{session}"
    state = post(alice, f"{url}/cancel", {}).json()
    assert (state["step"], state["answer"]["outcome"]) == ("cancelled", "cancelled")
    assert post(alice, f"{url}/cancel", {}).json() == state
    assert post(alice, f"{url}/messages").status_code == 201
    assert kinds(session)[:3] == ["asked", "guarded", "cancelled"]


def test_a_plan_waits_until_it_is_approved(alice: Any) -> None:
    response = post(alice, SESSIONS, {**QUESTION, "review": True})
    state = response.json()
    assert (response.status_code, state["waits_for"], state["step"]) == (202, "approval", "planned")
    url = f"{SESSIONS}/{state['session_id']}"
    assert events_of(alice, state["session_id"])[-1]["data"]["waits_for"] == "approval"
    for wrong in ({}, {"approved": "perhaps"}, {"approved": None}, []):
        assert post(alice, f"{url}/approval", wrong).status_code == 400
    done = post(alice, f"{url}/approval", {"approved": True}).json()
    assert "64500.25" in done["answer"]["answer"]
    assert post(alice, f"{url}/approval", {"approved": True}).status_code == 409


def test_a_plan_that_is_refused_is_the_end_of_its_question(alice: Any) -> None:
    state = post(alice, SESSIONS, {**QUESTION, "review": True}).json()
    url = f"{SESSIONS}/{state['session_id']}/approval"
    assert post(alice, url, {"approved": False}).json()["step"] == "cancelled"
    assert JournalEntry.objects.get().calls == []


def test_citations_open_claim_computation_and_row(alice: Any) -> None:
    session = post(alice, SESSIONS).json()["session_id"]
    client = client_of(alice)
    opened = client.get(f"{SESSIONS}/{session}/citations").json()
    assert opened
    for one in opened:
        assert one["fact"]["id"] == one["id"]
        assert one["fact"]["fact"]["last"] == "64500.25"
        assert any(one["key"] in claim for claim in one["claims"])
    assert client.get(f"{SESSIONS}/{session}/citations?turn=1").json() == opened
    assert client.get(f"{SESSIONS}/{session}/citations?turn=9").status_code == 404
    assert client.get(f"{SESSIONS}/{session}/citations?turn=x").status_code == 400


def test_a_question_that_was_asked_back_cites_nothing(alice: Any) -> None:
    session = post(alice, SESSIONS, {"question": "how is it doing?"}).json()["session_id"]
    assert client_of(alice).get(f"{SESSIONS}/{session}/citations").json() == []


def test_security_another_users_session_is_404_at_every_door(alice: Any) -> None:
    eve = get_user_model().objects.create_user("eve", is_staff=True, is_superuser=True)
    state = post(alice, SESSIONS, {**QUESTION, "review": True}).json()
    url = f"{SESSIONS}/{state['session_id']}"
    absent = f"{SESSIONS}/{uuid4()}"
    client = client_of(eve)
    for door in DOORS:
        theirs, nobodys = client.get(url + door), client.get(absent + door)
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.content == nobodys.content
    for act in ACTS:
        body = {"approved": True} if act == "/approval" else QUESTION
        theirs, nobodys = post(eve, url + act, body), post(eve, absent + act, body)
        assert theirs.status_code == nobodys.status_code == 404
        assert theirs.content == nobodys.content
    assert kinds(state["session_id"]) == ["asked", "guarded", "planned"]


def test_security_nobody_is_let_in_without_logging_in(ledger: None) -> None:
    for door in DOORS:
        assert Client().get(f"{SESSIONS}/{uuid4()}{door}").status_code == 401
    for act in ACTS:
        assert Client().post(f"{SESSIONS}/{uuid4()}{act}").status_code == 401


@pytest.mark.parametrize("many", [100, pytest.param(200, marks=pytest.mark.full)])
def test_security_many_requests_at_once_let_through_exactly_the_limit(
    alice: Any, many: int
) -> None:
    """Whatever address they claim; a refused one says how long to wait."""

    def request(number: int) -> Any:
        forged = {"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.1.0.{number}"}
        try:
            return post(alice, SESSIONS, {"question": ""}, **forged)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=25) as pool:
        answers = list(pool.map(request, range(many)))
    codes = [one.status_code for one in answers]
    assert (codes.count(400), codes.count(429)) == (60, many - 60)
    assert all(0 < int(one["Retry-After"]) <= 60 for one in answers if one.status_code == 429)
    assert AgentSession.objects.count() == 0


def test_security_what_one_limit_refuses_counts_in_none() -> None:
    """After the hour's thousand no minute's sixty is used up by trying."""
    name = f"agents:{uuid4()}"
    (minute, short), (_, hour) = LIMITS
    tight = [(minute, short), (2, hour)]
    assert [bool(admit_within(name, tight)) for _ in range(5)] == [False, False, True, True, True]
    assert admit_within(name, tight) > short
    for key in redis_connection().scan_iter(f"omc:rate:{{{name}}}:*"):
        assert redis_connection().zcard(key) == 2


def test_security_a_million_users_share_no_limit(alice: Any) -> None:
    other = get_user_model().objects.create_user("other")
    while not admit_within(f"agents:{alice.pk}", LIMITS):
        pass
    assert post(alice, SESSIONS).status_code == 429
    assert post(other, SESSIONS).status_code == 201


def asked_often(user: Any, times: int) -> None:
    """Store that a user has asked so many questions just now."""
    session = AgentSession.objects.create(user=user)
    SessionEvent.objects.bulk_create(
        SessionEvent(session=session, sequence=n, turn=n, kind="asked", payload={})
        for n in range(1, times + 1)
    )


def test_security_without_redis_the_stored_questions_are_counted(alice: Any) -> None:
    other = get_user_model().objects.create_user("other")
    asked_often(alice, 59)
    with without_redis():
        last, refused, others = (post(who, SESSIONS) for who in (alice, alice, other))
    assert [one.status_code for one in (last, refused, others)] == [201, 429, 201]
    assert 0 < int(refused["Retry-After"]) <= 60


def test_security_a_stored_question_counts_for_a_minute_and_for_an_hour(alice: Any) -> None:
    asked_often(alice, 1_000)
    now = timezone.now()
    assert timedelta(minutes=57) < wait_by_events(alice.pk, now + 2 * MINUTE) < HOUR - MINUTE
    assert wait_by_events(alice.pk, now + HOUR) == timedelta()


def test_cancelling_is_not_limited_as_asking_is(alice: Any) -> None:
    session = post(alice, SESSIONS, **LATER).json()["session_id"]
    while not admit_within(f"agents:{alice.pk}", LIMITS):
        pass
    assert post(alice, f"{SESSIONS}/{session}/cancel", {}).status_code == 200
