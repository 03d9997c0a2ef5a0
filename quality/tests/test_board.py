"""The board shows what is wrong first, who is told of it, and every feed with its last day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledgers.collecting.registry import feed_of
from ledgers.feeds import State
from ledgers.models import Ledger
from ledgers.reading import Pair, pair
from quality.alerting import snooze
from quality.board import HOURS, heart, rooms_of, spelled_day, standing_by_level, told_of, work
from quality.delivering import HEARTBEAT, SILENCE
from quality.findings import Level
from quality.models import Alert, Delivery
from quality.services import run_check
from quality.tests.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    SECOND,
    covered,
    make_alert,
    make_collector,
    make_user,
)
from quality.watching import feeds_visible_to

pytestmark = pytest.mark.usefixtures("ledger")
URL = "/admin/quality/board/"
MAX_QUERIES = 45


@pytest.fixture
def olga():
    return make_user("olga", is_staff=True, is_superuser=True)


@pytest.fixture
def root(olga):
    client = Client()
    client.force_login(olga)
    return client


def rooms(at=NOW):
    return {room.ledger: room for room in rooms_of(feeds_visible_to(None), cuts(at))}


def cuts(at) -> Pair:
    return Pair(as_of=at, horizon=pair().horizon)


def test_each_hour_of_a_feeds_last_day_has_the_state_it_had_then(sources) -> None:
    sources(source := make_collector("source", Ledger.GLASS))
    covered(feed_of(source, ""), NOW - 12 * HOUR)
    (line,) = rooms()[Ledger.GLASS].sources
    # Covered up to noon's twelfth hour before: fresh up to half a cadence after it, late up to two.
    assert line.day == [*[State.UNKNOWN] * 11, State.FRESH, *[State.LATE] * 2, *[State.STALE] * 10]
    assert len(line.day) == HOURS
    assert line.day[-1] == line.now.state
    assert spelled_day(line.day) == "1 h fresh, 2 h late, 10 h stale, 11 h unknown"


def test_feeds_of_a_source_stand_together_as_good_as_the_worst(sources) -> None:
    many = make_collector("many", Ledger.HUMAN, scopes=("a", "b", "c"))
    sources(many, make_collector("one", Ledger.HUMAN))
    for scope in ("a", "c"):
        covered(feed_of(many, scope), NOW)
    covered(feed_of(many, "b"), NOW - DAY)
    first, second = rooms()[Ledger.HUMAN].sources
    assert (first.name, first.now.state, first.feeds) == ("one", State.UNKNOWN, ())
    assert (second.name, second.now.state) == ("many", State.STALE)
    assert [one.name for one in second.feeds] == ["many/b", "many/a", "many/c"]
    assert second.day[-1] == State.STALE


def test_all_four_ledgers_are_shown_also_one_without_a_feed(sources, root) -> None:
    sources(make_collector("source", Ledger.GLASS))
    assert list(rooms()) == list(Ledger)
    assert rooms()[Ledger.EXCHANGE].worst is None
    text = root.get(URL).content.decode()
    assert [text.count(f">{ledger.label}<") > 0 for ledger in Ledger] == [True] * 4
    assert "No feed fills this ledger yet." in text


def test_alerts_that_are_not_silenced_are_counted_by_level_the_worst_first(olga) -> None:
    make_alert("a", level=Level.WARNING)
    make_alert("b", level=Level.CRITICAL)
    make_alert("c", level=Level.WARNING)
    make_alert("d", state="resolved", resolved_at=NOW)
    silent = make_alert("e", level=Level.ERROR)
    snooze(silent.pk, until=NOW + DAY, by=olga.pk, now=NOW)
    assert standing_by_level() == {Level.CRITICAL: 1, Level.WARNING: 2}
    assert list(standing_by_level()) == [Level.CRITICAL, Level.WARNING]


def delivery(channel: str, state: str, **options) -> Delivery:
    values = {"kind": "opened", "made_at": NOW, "due_at": NOW, "state": state}
    if state == "sent":
        values["sent_at"] = NOW
    return Delivery.objects.create(channel=channel, **{**values, **options})


def test_a_channel_that_fails_is_shown_with_its_error_beside_those_that_work(settings) -> None:
    settings.OMC_ALERT_CHANNELS = ["log"]
    delivery("webhook", "given_up", error="hooks.example.com answered 503")
    delivery("webhook", "pending")
    delivery("webhook", "sent", made_at=NOW - DAY)
    delivery(HEARTBEAT, "sent")
    log, webhook = told_of(NOW)
    assert (log.channel, log.sent, log.error) == ("log", 0, "")
    assert (webhook.sent, webhook.waiting, webhook.given_up) == (0, 1, 1)
    assert webhook.error == "hooks.example.com answered 503"


@pytest.mark.parametrize(("after", "beats"), [(-SECOND, True), (0 * SECOND, False)])
def test_the_heart_beats_for_as_long_as_it_was_heard_lately(settings, after, beats) -> None:
    settings.OMC_HEARTBEAT_URL = "https://heart.example.com"
    delivery(HEARTBEAT, "sent")
    assert heart().is_beating(NOW + SILENCE + after) == beats


@pytest.mark.parametrize(
    ("url", "made", "said"),
    [
        ("", None, "OMC_HEARTBEAT_URL is not set"),
        ("https://heart.example.com", None, "No heartbeat goes out"),
        ("https://heart.example.com", "sent", "Heard just now."),
        ("https://heart.example.com", "given_up", "refused by heart"),
    ],
)
def test_the_page_says_whether_anybody_hears_the_heart(root, settings, url, made, said) -> None:
    settings.OMC_HEARTBEAT_URL = url
    now = timezone.now()
    if made == "sent":
        delivery(HEARTBEAT, made, made_at=now, sent_at=now)
    elif made:
        delivery(HEARTBEAT, made, made_at=now, error="refused by heart")
    assert said in root.get(URL).content.decode()


def test_without_a_channel_the_page_says_that_nobody_is_told(root, settings) -> None:
    settings.OMC_ALERT_CHANNELS = []
    assert "OMC_ALERT_CHANNELS is empty" in root.get(URL).content.decode()


def test_checks_that_failed_or_never_ran_are_named(probe) -> None:
    assert "test.probe" in work().never
    probe.does = lambda: 1 / 0
    run_check("test.probe", NOW)
    done = work()
    assert (done.failed, done.oldest) == (["test.probe"], NOW)
    assert "test.probe" not in done.never


@pytest.mark.parametrize(
    ("act", "state"), [("acknowledge", "acknowledged"), ("hour", "snoozed"), ("day", "snoozed")]
)
def test_an_alert_is_answered_on_the_board(root, olga, act, state) -> None:
    alert = make_alert("coinspot")
    assert 'value="acknowledge"' in root.get(URL).content.decode()
    before = timezone.now()
    assert root.post(URL, {"do": act, "alert": alert.pk}).url == reverse("quality-board")
    alert.refresh_from_db()
    assert alert.state == state
    if state == "snoozed":
        width = HOUR if act == "hour" else DAY
        assert before + width <= alert.snoozed_until <= timezone.now() + width
    assert alert.events.get().by == olga


def test_an_alert_is_taken_on_and_the_board_says_by_whom(root, olga) -> None:
    alert = make_alert("coinspot")
    root.post(URL, {"do": "take", "alert": alert.pk})
    assert Alert.objects.get().assigned_to == olga
    (shown,) = root.get(URL).context["alerts"]
    assert (shown["who"], shown["state"]) == ("olga", "")


def test_what_is_over_meanwhile_is_said_and_not_an_error(root) -> None:
    alert = make_alert("coinspot", state="resolved", resolved_at=NOW)
    answer = root.post(URL, {"do": "acknowledge", "alert": alert.pk}, follow=True)
    assert "It is resolved since" in answer.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"do": "delete", "alert": "1"},
        {"do": "acknowledge"},
        {"do": "acknowledge", "alert": "7"},
        {"do": "acknowledge", "alert": "x"},
        {"do": "acknowledge", "alert": "9" * 30},
    ],
)
def test_an_answer_that_does_not_exist_or_to_nothing_is_not_found(root, asked) -> None:
    assert root.post(URL, asked).status_code == 404


def test_who_may_only_look_sees_no_buttons_and_answers_nothing() -> None:
    guest = make_user("guest", is_staff=True)
    client = Client()
    client.force_login(guest)
    assert client.get(URL).status_code == 403
    guest.user_permissions.add(Permission.objects.get(codename="view_alert"))
    alert = make_alert("coinspot")
    page = client.get(URL)
    assert page.status_code == 200
    assert 'name="do"' not in page.content.decode()
    assert client.post(URL, {"do": "acknowledge", "alert": alert.pk}).status_code == 403


def test_the_side_bar_leads_to_the_board_and_the_board_to_metrics_and_deliveries(root) -> None:
    assert f'href="{URL}"' in root.get(reverse("admin:index")).content.decode()
    text = root.get(URL).content.decode()
    for name in (
        "metrics",
        "admin:quality_delivery_changelist",
        "admin:quality_checkrun_changelist",
    ):
        assert f'href="{reverse(name)}"' in text


def test_many_alerts_are_cut_and_counted_in_few_queries(
    root, django_assert_max_num_queries
) -> None:
    for number in range(35):
        make_alert(f"s{number}", opened_at=NOW + number * MINUTE, seen_at=NOW + timedelta(days=1))
    root.get(URL)
    with django_assert_max_num_queries(MAX_QUERIES):
        page = root.get(URL)
    assert len(page.context["alerts"]) == 30
    assert "and 5 more" in page.content.decode()
