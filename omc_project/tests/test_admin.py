"""The operator's pages: they open in few queries, show the state of feeds, and change no fact."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.contrib import admin
from django.contrib.admin.utils import quote as escaped
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ledgers.checks import fact_models
from ledgers.glass.models import Quote
from ledgers.glass.rows import QuoteRow
from ledgers.models import Asset, CollectorRun, Feed, RejectedRecord, Schedule, Slot
from ledgers.public_ids import public_id
from omc_project.tests.factories import (
    MINUTE,
    fill,
    keep,
    looked,
    make_account,
    make_run,
    make_user,
    order,
    quote,
    this_minute,
)

MAX_QUERIES = 25
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def root(ledger):
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def filled(ledger):
    """Twenty quotes of a source with a colon in its name, fills, runs, rejects."""
    now = this_minute()
    run = make_run("seed:coinspot", outcome="partial", error="x" * 200, finished_at=now)
    keep([quote(now - n * MINUTE, source="seed:coinspot") for n in range(20)], run)
    looked(run, now - timedelta(hours=1), now + 3 * MINUTE)
    RejectedRecord.objects.create(run=run, reason="nan", detail="no number", item="x")
    account = make_account(make_user("ada"))
    own = make_run(f"import_omc/{account.pk}", "exchange", every=None)
    keep([fill(account, now - n * MINUTE, venue_id=str(n)) for n in range(20)], own)
    keep([order(account, now)], own)
    looked(own, now - timedelta(days=1), now)
    return now


def lists():
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]


@pytest.mark.parametrize("path", lists())
def test_every_list_opens_in_few_queries(root, filled, path, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(MAX_QUERIES):
        response = root.get(path)
    assert response.status_code == 200
    assert b"Times in UTC" in response.content


def test_every_fact_has_a_page_and_none_can_be_changed() -> None:
    pages = {page.fact(): page for page in admin.site._registry.values() if hasattr(page, "fact")}
    assert set(pages) == set(fact_models())
    for page in pages.values():
        assert not page.has_add_permission(None)
        assert not page.has_change_permission(None)
        assert not page.has_delete_permission(None)


def test_the_view_gives_each_quote_its_public_id_as_key(filled) -> None:
    rows = {row.pk for row in QuoteRow.objects.all()}
    assert rows == {public_id(fact) for fact in Quote.objects.all()}
    assert len(rows) == 20
    assert all("seed%3Acoinspot" in key for key in rows)


@pytest.mark.parametrize("source", ["a b", "a~b", "a/b", "a%b", "a+b&c#d", "seed:x"])
def test_the_view_writes_ids_as_the_api_does_whatever_the_source_is_called(source) -> None:
    keep([quote(this_minute(), source=source)], make_run("coinspot"))
    assert QuoteRow.objects.get().pk == public_id(Quote.objects.get())


def test_a_quote_opens_by_its_public_id(root, filled) -> None:
    row = QuoteRow.objects.first()
    page = reverse("admin:glass_quoterow_change", args=[escaped(row.pk)])
    response = root.get(page)
    assert response.status_code == 200
    assert row.pk in response.content.decode()
    assert root.post(page, {}).status_code == 403
    absent = reverse("admin:glass_quoterow_change", args=["glass.quote.x"])
    assert root.get(absent).status_code == 302


def test_a_list_shows_its_own_window_and_a_wider_one_on_request(root) -> None:
    old = this_minute() - timedelta(days=3)
    keep([quote(old)], make_run("coinspot"))
    path = reverse("admin:glass_quoterow_changelist")
    assert root.get(path).context["cl"].result_count == 0
    assert root.get(path, {"window": "week"}).context["cl"].result_count == 1
    assert root.get(path, {"window": "all"}).context["cl"].result_count == 1
    assert root.get(path, {"window": "nonsense"}).context["cl"].result_count == 0


def test_a_list_says_how_good_its_feeds_are(root, filled) -> None:
    response = root.get(reverse("admin:glass_quoterow_changelist"))
    assert response.context["quality"].state == "unknown"
    assert response.context["quality"].reason in response.content.decode()


def test_a_search_finds_an_asset_exactly(root, filled) -> None:
    path = reverse("admin:glass_quoterow_changelist")
    assert root.get(path, {"q": "BTC"}).context["cl"].result_count == 20
    assert root.get(path, {"q": "BT"}).context["cl"].result_count == 0


def test_operators_see_the_fills_of_every_user_with_the_owner(root, filled) -> None:
    response = root.get(reverse("admin:exchange_fill_changelist"))
    assert response.context["cl"].result_count == 20
    assert "ada" in response.content.decode()


def test_who_may_not_see_a_ledger_does_not(filled) -> None:
    operator = make_user("olga", is_staff=True)
    client = Client()
    client.force_login(operator)
    path = reverse("admin:exchange_fill_changelist")
    assert client.get(path).status_code == 403
    operator.user_permissions.add(Permission.objects.get(codename="view_fill"))
    assert client.get(path).status_code == 200


def act(client, action, *feeds):
    path = reverse("admin:ledgers_feed_changelist")
    return client.post(path, {"action": action, "_selected_action": feeds}, follow=True)


def test_an_operator_pauses_and_resumes_the_job_of_a_feed(root) -> None:
    make_run("coinspot")
    act(root, "pause", "coinspot")
    assert Schedule.objects.get(job="collect:coinspot").is_paused
    assert root.get(reverse("admin:ledgers_feed_changelist")).context["cl"].result_list[0].is_paused
    act(root, "resume", "coinspot")
    assert not Schedule.objects.get(job="collect:coinspot").is_paused


def test_run_now_makes_a_slot_of_its_own_and_sends_it(root) -> None:
    make_run("coinspot")
    make_run("import_omc/1", "exchange", every=None)
    response = act(root, "run_now", "coinspot", "import_omc/1")
    slot = Slot.objects.get()
    assert (slot.schedule_id, slot.state) == ("collect:coinspot", Slot.State.SENT)
    assert slot.number < 0
    text = response.content.decode()
    assert "Sent 1 jobs" in text
    assert "import_omc/1" in text


def test_who_may_only_look_at_feeds_runs_nothing() -> None:
    make_run("coinspot")
    operator = make_user("olga", is_staff=True)
    operator.user_permissions.add(Permission.objects.get(codename="view_feed"))
    client = Client()
    client.force_login(operator)
    act(client, "run_now", "coinspot")
    assert not Slot.objects.exists()


def test_feeds_are_listed_with_state_and_age(root, filled) -> None:
    text = root.get(reverse("admin:ledgers_feed_changelist")).content.decode()
    assert "seed:coinspot" in text
    assert "fresh" in text.lower()


def test_runs_show_their_outcome_window_and_error(root, filled) -> None:
    run = CollectorRun.objects.get(feed="seed:coinspot")
    text = root.get(reverse("admin:ledgers_collectorrun_changelist")).content.decode()
    assert "Stored, with rejected records" in text
    assert "x" * 80 + "..." in text
    page = root.get(reverse("admin:ledgers_collectorrun_change", args=[run.pk]))
    assert page.status_code == 200


def test_an_asset_can_be_described_but_not_renamed(root) -> None:
    Asset.objects.create(symbol="NEW", name="NEW")
    page = reverse("admin:ledgers_asset_change", args=["NEW"])
    values = {"name": "New coin", "kind": "crypto", "aliases": "neo coin", "symbol": "OTHER"}
    assert root.post(page, values).status_code == 302
    assert Asset.objects.get(symbol="NEW").name == "New coin"
    act_path = reverse("admin:ledgers_asset_changelist")
    root.post(act_path, {"action": "verify", "_selected_action": ["NEW"]})
    assert Asset.objects.get(symbol="NEW").is_verified
    Asset.objects.filter(symbol="NEW").delete()


def test_pages_show_the_users_zone_and_say_so(filled) -> None:
    user = make_user("syd", is_staff=True, is_superuser=True, time_zone="Australia/Sydney")
    client = Client()
    client.force_login(user)
    text = client.get(reverse("admin:glass_quoterow_changelist")).content.decode()
    assert "Times in Australia/Sydney" in text
    local = timezone.localtime(filled, timezone=ZoneInfo("Australia/Sydney"))
    assert f"{local:%Y-%m-%d %H:%M:%S}" in text


def test_a_zone_that_is_none_is_refused_and_one_already_stored_falls_back(root) -> None:
    user = make_user("odd", time_zone="Mars/Olympus", is_staff=True, is_superuser=True)
    page = reverse("admin:users_user_change", args=[user.pk])
    response = root.post(page, {"username": "odd", "time_zone": "Mars/Olympus"})
    assert "time_zone" in response.context["adminform"].form.errors
    client = Client()
    client.force_login(user)
    assert b"Times in UTC" in client.get(reverse("admin:index")).content


def test_the_admin_loads_nothing_foreign(root) -> None:
    response = root.get(reverse("admin:index"))
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy
    text = response.content.decode()
    assert 'src="http' not in text
    assert "//fonts." not in text
    assert "'unsafe-eval'" not in root.get(reverse("docs"))["Content-Security-Policy"]


def test_numbers_are_shown_with_all_their_digits(root) -> None:
    tiny = Decimal("0.0000000000000000000000012")
    keep([quote(this_minute(), bid=tiny)], make_run("coinspot"))
    text = root.get(reverse("admin:glass_quoterow_changelist")).content.decode()
    assert str(f"{tiny:f}") in text


def test_a_feed_never_saved_has_no_page_of_its_own(root) -> None:
    assert Feed.objects.count() == 0
    assert root.get(reverse("admin:ledgers_feed_changelist")).status_code == 200
