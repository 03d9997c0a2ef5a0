"""Whatever an answer cites can be opened, by who asked alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from agents.records import record_of
from agents.tests import factories as make
from agents.tests.factories import DAY, HOUR, NOW
from agents.tests.test_more_tools import alert
from ledgers.exchange.models import Account
from ledgers.models import Coverage, Feed
from quality.models import Alert

pytestmark = pytest.mark.usefixtures("ledger")
SESSIONS = "/api/v1/agents/sessions"
QUESTIONS = (
    "which feeds are stale",
    "are there any alerts",
    "what is the price of BTC",
    "how did BTC do over 7 days",
    "news about BTC",
    "list my orders",
    "what is my portfolio worth",
    "timeline for BTC this week",
    "how much did I pay in fees last month",
)


@pytest.fixture
def alice(ledger: None) -> Any:
    """Make alice, bob, and something to cite of every kind."""
    users: Any = get_user_model().objects
    alice, bob = users.create_user("alice"), users.create_user("bob")
    make.covered(make.quotes([make.quote(), make.quote(at=NOW - 6 * DAY)]), NOW - 9 * DAY)
    make.covered(make.articles([make.article("Bitcoin calm")]), NOW - 9 * DAY, NOW - 8 * DAY)
    make.posts([])
    for user in (alice, bob):
        account = make.make_account(user)
        make.covered(make.orders([make.order(account)], account), NOW - 9 * DAY)
        make.fills(account, ["10", "20"])
        alert(f"of {user}", user=user)
    alert("coinspot")
    return alice


def client_of(user: Any) -> Client:
    """Return a client in which a user is logged in."""
    client = Client()
    client.force_login(user)
    return client


def opened(user: Any, question: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Ask over the API and open what the answer cites."""
    client = client_of(user)
    body = {"question": question, "as_of": NOW.isoformat()}
    answer = client.post(SESSIONS, body, content_type="application/json").json()
    return answer, client.get(f"{SESSIONS}/{answer['session_id']}/citations").json()


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_of_every_kind_of_answer_opens(alice: Any, question: str) -> None:
    answer, citations = opened(alice, question)
    assert answer["outcome"] == "answer", answer
    assert citations
    for one in citations:
        row = one["fact"] or one["record"]
        assert row, one
        assert row["id"] == one["id"]
        assert one["claims"]


def test_a_feed_is_cited_by_its_newest_look_and_one_that_never_looked_by_itself(alice: Any) -> None:
    _, citations = opened(alice, "which feeds are stale")
    records = {one["source"]: one["record"] for one in citations}
    look = Coverage.objects.get(feed="rss/decrypt")
    assert records["rss/decrypt"]["id"] == f"ledgers.coverage.{look.pk}"
    assert records["rss/decrypt"]["fields"]["end"] == (NOW - 8 * DAY).isoformat()
    assert records["reddit/CryptoCurrency"]["id"] == "ledgers.feed.reddit/CryptoCurrency"
    assert {one["ledger"] for one in citations if one["source"] == "coinspot"} == {"glass"}


def test_a_look_that_was_not_known_then_is_not_cited(alice: Any) -> None:
    make.covered(Coverage.objects.get(feed="rss/decrypt").run, NOW - HOUR, NOW)
    newest = Coverage.objects.filter(feed="rss/decrypt").order_by("-id")[0]
    client = client_of(alice)
    body = {"question": "which feeds are stale", "as_of": (NOW - 2 * HOUR).isoformat()}
    answer = client.post(SESSIONS, body, content_type="application/json").json()
    assert newest.available_at > NOW - 2 * HOUR
    assert f"ledgers.coverage.{newest.pk}" not in {one["id"] for one in answer["citations"]}


def test_the_standing_alerts_are_cited_themselves(alice: Any) -> None:
    answer, citations = opened(alice, "are there any alerts")
    own = {
        f"quality.alert.{pk}"
        for pk in Alert.objects.exclude(subject="of bob").values_list("pk", flat=True)
    }
    cited = {one["id"] for one in citations if "standing alerts" in one["over"]}
    assert cited == own
    assert "2 items" in answer["answer"]


def test_security_a_record_of_another_user_is_as_good_as_absent(alice: Any) -> None:
    bob = get_user_model().objects.get(username="bob")
    his = Alert.objects.get(subject="of bob")
    account = Account.objects.get(user=bob)
    feed = Feed.objects.get(name=f"import_omc/{account.pk}")
    look = Coverage.objects.get(feed=feed)
    for written in (
        f"quality.alert.{his.pk}", f"ledgers.feed.{feed.name}", f"ledgers.coverage.{look.pk}",
    ):  # fmt: skip
        assert record_of(written, user_id=bob.pk)
        assert record_of(written, user_id=alice.pk) is None
        assert record_of(written, user_id=None) is None
    _, citations = opened(alice, "which feeds are stale")
    assert feed.name not in str(citations)


@pytest.mark.parametrize(
    "written",
    ["", "ledgers.coverage.", "ledgers.coverage.x", "ledgers.coverage.-1", "quality.alert.²",
     "ledgers.coverage.99999999999999999999", "ledgers.feed.", "users.user.1", "ledgers.feed"],
)  # fmt: skip
def test_what_is_no_id_of_a_record_opens_nothing(alice: Any, written: str) -> None:
    assert record_of(written, user_id=alice.pk) is None


def test_the_page_links_each_record_where_its_reader_may_see_it(alice: Any) -> None:
    answer, citations = opened(alice, "which feeds are stale")
    alice.is_staff = True
    alice.save()
    page = client_of(alice).get(f"/admin/ask/{answer['session_id']}/").content.decode()
    assert "/api/v1/quality/feeds" in page
    alice.is_superuser = True
    alice.save()
    page = client_of(alice).get(f"/admin/ask/{answer['session_id']}/").content.decode()
    for one in citations:
        assert one["id"] in page
    place = f"/admin/ledgers/coverage/{Coverage.objects.get(feed='rss/decrypt').pk}/change/"
    assert place in page
    assert client_of(alice).get(place).status_code == 200
