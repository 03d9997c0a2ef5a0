"""The operator's pages of the sources: what they show, what they do, and who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import current_app
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledgers.assets import symbol_of
from ledgers.collecting.collector import Collector, Need
from ledgers.collecting.registry import broken, collectors
from ledgers.credentials import masked, secret_of
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, Credential, Ledger, Schedule, Slot
from ledgers.tests.factories import PASSWORD
from ledgers.tests.misbehaving import HEAD, body, serving
from ledgers.tests.redis_keys import forget, without_redis
from omc_project.tests.factories import (
    MINUTE,
    keep,
    looked,
    make_run,
    make_user,
    quote,
    this_minute,
)

MAX_QUERIES = 25
JOB = "collect:coinspot"
OWN = {"own-password": PASSWORD}
pytestmark = pytest.mark.usefixtures("ledger")


class Keyed(Collector):
    """https://keyed.test/docs"""

    slug = "keyed"
    ledger = Ledger.HUMAN
    every = timedelta(minutes=5)
    hosts = ("keyed.test",)
    is_plug_in = True
    needs = (
        Need(name="client_id", help="Its number.", is_secret=False),
        Need(name="secret", help="Its secret."),
    )

    def fetch(self, http, ask):
        yield http.get("https://keyed.test/")

    def parse(self, payload):
        return iter(())


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    """Add one plug-in, and leave the installation as it was."""
    wrong = dict(broken)
    broken.clear()
    collectors["keyed"] = Keyed()
    yield
    del collectors["keyed"]
    broken.clear()
    broken.update(wrong)


@pytest.fixture(autouse=True)
def _sent_nowhere() -> Iterator[None]:
    """Take what is sent from the queue again."""
    yield
    current_app.connection_for_write().default_channel.client.delete("celery")


@pytest.fixture
def root() -> Client:
    forget("omc:rate:*")
    return entered(make_user("root", is_staff=True, is_superuser=True))


def entered(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def operator(*permissions: str) -> Client:
    user = make_user("olga", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return entered(user)


def page(slug: str) -> str:
    return reverse("source", args=[slug])


def do(client: Client, slug: str, what: str, **values: str) -> str:
    """Press a button; return the page that follows."""
    response = client.post(page(slug), {"do": what, **values}, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return response.content.decode()


def test_the_list_shows_every_source_its_state_and_the_disk(root) -> None:
    run = make_run("coinspot", outcome="ok", new=2, finished_at=timezone.now())
    looked(run, this_minute(), this_minute() + MINUTE)
    response = root.get(reverse("sources"))
    shown = {one["slug"]: one for room in response.context["rooms"] for one in room["sources"]}
    assert set(shown) == set(collectors)
    coinspot = shown["coinspot"]
    assert (coinspot["work"], coinspot["state"], coinspot["rows"]) == ("on", "fresh", "2")
    assert coinspot["last"] == "ok, just now"
    assert shown["keyed"]["work"] == "off"
    assert "Missing: client_id, secret." in shown["keyed"]["why"]
    assert [card["title"] for card in response.context["disk"]] == [
        "Database",
        "Grows a day",
        "Free",
        "Days left",
    ]


@pytest.mark.parametrize("slug", [None, "coinspot", "rss", "keyed"])
def test_a_page_opens_in_few_queries(root, slug, django_assert_max_num_queries) -> None:
    path = page(slug) if slug else reverse("sources")
    with django_assert_max_num_queries(MAX_QUERIES):
        assert "Times are in UTC" in text_of(root, path)


def test_what_is_broken_is_shown_with_its_error_and_the_others_too(root) -> None:
    broken["omc_plug_ins.mine"] = "SyntaxError: invalid syntax"
    text = text_of(root, reverse("sources"))
    assert "omc_plug_ins.mine" in text
    assert "SyntaxError: invalid syntax" in text
    assert page("coinspot") in text


def test_a_source_shows_its_runs_its_last_error_and_how_late_its_rows_came(root) -> None:
    run = make_run("coinspot", outcome="ok", new=1, fetched=1, finished_at=timezone.now())
    keep([quote(this_minute() - 2 * MINUTE)], run)
    failed = make_run("coinspot", outcome="blocked", error="It refuses us.")
    response = root.get(page("coinspot"))
    text = response.content.decode()
    assert reverse("admin:ledgers_collectorrun_change", args=[failed.pk]) in text
    assert text.count("It refuses us.") == 2
    assert "1 items, 1 new, 0 revised, 0 rejected" in text
    hours, minutes, _ = response.context["lag"]["mean"].split(":")
    assert (hours, minutes in {"02", "03"}) == ("0", True)


def test_run_now_sends_a_slot_and_closes_the_breaker(root) -> None:
    until = timezone.now() + timedelta(hours=1)
    Schedule.objects.create(job=JOB, every=MINUTE, failures=7, rests_until=until)
    text = text_of(root, page("coinspot"))
    assert "resting" in text
    assert "Failed rounds in a row: 7." in text
    assert "Sent." in do(root, "coinspot", "run")
    slot = Slot.objects.get()
    assert (slot.schedule_id, slot.number < 0) == (JOB, True)
    schedule = Schedule.objects.get(job=JOB)
    assert (schedule.failures, schedule.rests_until) == (0, None)


def test_a_source_is_paused_and_resumed(root) -> None:
    assert "An operator paused it." in do(root, "coinspot", "pause")
    assert Schedule.objects.get(job=JOB).is_paused
    assert "An operator paused it." not in do(root, "coinspot", "resume")
    assert not Schedule.objects.get(job=JOB).is_paused


def test_a_plug_in_that_is_off_is_not_run(root) -> None:
    assert "It is off. Nothing was sent." in do(root, "keyed", "run")
    assert "It is off: its schedule begins" in do(root, "keyed", "every", every="600")
    assert not Slot.objects.exists()


def test_the_schedule_is_changed_within_reason(root) -> None:
    assert "looked at every 10" in do(root, "coinspot", "every", every="600").replace("\xa0", " ")
    assert Schedule.objects.get(job=JOB).every == timedelta(minutes=10)
    for wrong in ("0", "-1", "9999999", "often", ""):
        response = root.post(page("coinspot"), {"do": "every", "every": wrong})
        assert response.context["every_form"].errors
    assert Schedule.objects.get(job=JOB).every == timedelta(minutes=10)


def test_a_schedule_without_a_pause_is_refused_on_its_own_page_too(root) -> None:
    Schedule.objects.create(job=JOB, every=MINUTE)
    path = reverse("admin:ledgers_schedule_change", args=["collect_3Acoinspot"])
    response = root.post(path, {"every": "0"})
    assert "every" in response.context["adminform"].form.errors


def test_the_connection_is_tested_without_storing_anything(root, settings) -> None:
    prices = {"btc": {"bid": "1", "ask": "2", "last": "1.5"}}
    answer = json.dumps({"status": "ok", "message": "ok", "prices": prices}).encode()
    refused = body(b"", HEAD.replace(b"200 OK", b"403 No"))
    renamed = answer.replace(b'"ask"', b'"offer"')
    with serving(body(answer), refused, body(renamed)) as (url, asked):
        settings.OMC_BASE_URLS = {"coinspot": url}
        settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
        good = do(root, "coinspot", "test")
        bad = do(root, "coinspot", "test")
        other = do(root, "coinspot", "test")
    assert len(asked) == 3
    assert "coinspot answers as it did when recorded: 1 records, 0 rejected" in good
    assert "The test failed." in bad
    assert "refuses us (403)" in bad
    assert "The test failed." in other
    assert not Quote.objects.exists()
    assert not CollectorRun.objects.exists()
    assert symbol_of("btc") == "BTC"


def test_keys_are_kept_encrypted_and_never_shown_again(root) -> None:
    secret = "a very long secret 1234"
    text = do(root, "keyed", "keys", client_id="my id", secret=secret, **OWN)
    assert "Kept, encrypted." in text
    assert secret not in text
    assert "…1234" in text
    assert secret_of("source:keyed", purpose="a test") == {"client_id": "my id", "secret": secret}
    assert not Credential.objects.filter(sealed__contains=secret.encode()).exists()
    assert 'work" in' not in text
    assert root.get(page("keyed")).context["source"]["work"] == "on"
    assert "Forgotten." in do(root, "keyed", "forget", **OWN)
    assert masked("source:keyed") == {}
    assert root.get(page("keyed")).context["source"]["work"] == "off"


def test_half_of_the_keys_is_refused_and_what_was_typed_is_not_written_back(root) -> None:
    values = {"do": "keys", "client_id": "", "secret": "hush hush", **OWN}
    response = root.post(page("keyed"), values)
    assert response.context["keys_form"].errors == {"client_id": ["This field is required."]}
    assert "hush hush" not in response.content.decode()
    assert not Credential.objects.exists()


@pytest.mark.parametrize("what", ["keys", "forget"])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"own-password": "another"}, "This is not your password."),
        ({"own-password": f"{PASSWORD} "}, "This is not your password."),
        ({"password": PASSWORD}, "This field is required."),
        ({}, "This field is required."),
    ],
)
def test_security_without_the_own_password_no_key_changes(root, what, given, says) -> None:
    before = {"client_id": "first id", "secret": "the first secret 1234"}
    do(root, "keyed", "keys", **before, **OWN)
    text = do(root, "keyed", what, client_id="other id", secret="the other secret", **given)
    assert says in text
    assert "Kept, encrypted." not in text
    assert "Forgotten." not in text
    for secret in (before["secret"], "the other secret", PASSWORD):
        assert secret not in text
    assert secret_of("source:keyed", purpose="a test") == before


def test_security_passwords_are_not_guessed_on_the_page_of_a_source(root) -> None:
    values = {"client_id": "my id", "secret": "hush hush"}
    for _ in range(10):
        assert "Too many" not in do(root, "keyed", "keys", **values, **{"own-password": "guess"})
    assert "Too many tries. Wait 60 minutes." in do(root, "keyed", "keys", **values, **OWN)
    assert not Credential.objects.exists()
    assert "Forgotten." in do(root, "keyed", "forget", **OWN)
    with without_redis():
        assert "cannot be checked now" in do(root, "keyed", "forget", **OWN)


def test_security_a_source_that_needs_a_password_is_not_given_the_operators(root) -> None:
    Keyed.needs, before = (Need(name="password", help="Of the source."),), Keyed.needs
    try:
        assert "Kept, encrypted." in do(root, "keyed", "keys", password="of the source", **OWN)
    finally:
        Keyed.needs = before
    assert secret_of("source:keyed", purpose="a test") == {"password": "of the source"}


def test_a_key_of_the_environment_is_named_and_not_asked_for(root, settings) -> None:
    settings.OMC_SOURCE_KEYS = {"OMC_KEYED_SECRET": "from outside 9876"}
    response = root.get(page("keyed"))
    text = response.content.decode()
    assert list(response.context["keys_form"].fields) == ["client_id"]
    assert "environment" in text
    assert "9876" not in text
    do(root, "keyed", "keys", client_id="my id", **OWN)
    assert root.get(page("keyed")).context["source"]["work"] == "on"


def test_a_source_without_needs_keeps_no_keys(root) -> None:
    root.post(page("coinspot"), {"do": "keys", "anything": "x", **OWN})
    assert not Credential.objects.exists()


def test_who_may_only_look_does_nothing() -> None:
    client = operator("view_feed")
    assert client.get(reverse("sources")).status_code == 200
    assert 'name="do"' not in text_of(client, page("keyed"))
    for what in ("run", "pause", "resume", "every", "test", "keys", "forget", ""):
        assert client.post(page("keyed"), {"do": what, "every": "60"}).status_code == 403
    assert not Slot.objects.exists()


def test_who_may_operate_may_not_keep_keys() -> None:
    client = operator("view_feed", "change_schedule")
    assert "Paused." in do(client, "coinspot", "pause")
    for what in ("keys", "forget"):
        values = {"do": what, "client_id": "a", "secret": "b", **OWN}
        assert client.post(page("keyed"), values).status_code == 403
    assert not Credential.objects.exists()


def test_who_sees_no_feeds_sees_no_sources() -> None:
    client = operator("view_asset")
    assert client.get(reverse("sources")).status_code == 403
    assert client.get(page("coinspot")).status_code == 403
    assert reverse("sources") not in text_of(client, reverse("admin:index"))


def test_the_side_bar_leads_to_the_sources(root) -> None:
    assert reverse("sources") in text_of(root, reverse("admin:index"))


def test_a_source_that_nobody_knows_is_absent_and_an_unknown_act_does_nothing(root) -> None:
    assert root.get(page("nobody")).status_code == 404
    assert "Sources" in do(root, "coinspot", "explode")
    assert not Slot.objects.exists()
