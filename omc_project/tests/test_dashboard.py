"""The operator's first page: what is wrong comes first, and nothing is shown that is not known."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from ledgers.reading import pair
from omc_project.dashboard import newest_price
from omc_project.tests.factories import (
    MINUTE,
    keep,
    looked,
    make_run,
    make_user,
    quote,
    this_minute,
)
from quality.findings import Level
from quality.models import Alert

MAX_QUERIES = 60
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def root(ledger):
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def page(client):
    response = client.get(reverse("admin:index"))
    assert response.status_code == 200
    return response.context


def card(context, title):
    return next(card for card in context["cards"] if card.title == title)


def test_an_empty_installation_says_what_to_do(root) -> None:
    context = page(root)
    assert card(context, "BTC in AUD").value == "not observed"
    assert card(context, "Fresh feeds").value.startswith("0 of ")
    assert context["chart"] == ""
    assert context["runs"] == []
    text = root.get(reverse("admin:index")).content.decode()
    assert "No run yet" in text
    assert "Not observed" in text


def test_the_worst_ledger_and_the_worst_feed_stand_on_top(root) -> None:
    now = this_minute()
    for name, ledger, until in (
        ("rss/a", "human", now),
        ("rss/b", "human", now - timedelta(days=3)),
        ("sec/x", "catalyst", now),
    ):
        looked(make_run(name, ledger), now - timedelta(days=9), until)
    rooms = [room for room in page(root)["rooms"] if room.name in ("Human", "Catalyst")]
    assert [room.name for room in rooms].index("Human") < [room.name for room in rooms].index(
        "Catalyst"
    )
    human = next(room for room in rooms if room.name == "Human")
    assert human.state in ("stale", "unknown")
    states = [feed.state for feed in human.feeds]
    order = ["unknown", "stale", "late", "fresh"]
    assert states == sorted(states, key=order.index)


def test_a_fresh_source_gives_the_price_before_a_preferred_one_that_is_stale(
    root, settings
) -> None:
    settings.OMC_PRICE_SOURCES = ["kraken", "coinspot"]
    now = this_minute()
    for source, bid, until in (
        ("kraken", "1", now - timedelta(days=2)),
        ("coinspot", "2", now + 3 * MINUTE),
    ):
        run = make_run(source)
        keep([quote(until - 4 * MINUTE, bid, source=source)], run)
        looked(run, now - timedelta(days=3), until)
    price = card(page(root), "BTC in AUD")
    assert (price.value, price.label) == ("2.00", "fresh")
    assert "coinspot" in price.note


def test_without_a_fresh_source_the_newest_price_is_shown_with_its_state(root, settings) -> None:
    settings.OMC_PRICE_SOURCES = ["kraken", "coinspot"]
    now = this_minute()
    for source, age in (("kraken", timedelta(days=2)), ("coinspot", timedelta(days=1))):
        keep([quote(now - age, "3", source=source)], make_run(source))
    price = newest_price(pair(), [])
    assert price is not None
    assert (price.quote.source, price.state) == ("coinspot", None)


def test_the_chart_takes_each_step_from_the_first_source_that_has_one(root, settings) -> None:
    settings.OMC_PRICE_SOURCES = ["coinspot", "seed:coinspot"]
    now = this_minute()
    day = timedelta(days=1)
    keep(
        [quote(now - n * day, str(n), source="seed:coinspot") for n in range(1, 20)],
        make_run("seed:coinspot"),
    )
    keep([quote(now - n * day, str(1000 + n)) for n in range(1, 4)], make_run("coinspot"))
    chart = json.loads(page(root)["chart"])
    data = chart["datasets"][0]["data"]
    assert len(data) == len(chart["labels"]) == 19
    assert data[-3:] == ["1003", "1002", "1001"]
    assert data[0] == "19"


def test_the_last_runs_are_listed_with_what_they_brought(root) -> None:
    run = make_run("coinspot", outcome="drift", error="No items.")
    make_run("coinspot", outcome="ok", new=3)
    newest, older = page(root)["runs"]
    assert (newest.outcome, newest.note) == ("ok", "3 new, 0 revised, 0 known")
    assert (older.colour, older.note) == ("danger", "No items.")
    assert older.href.endswith(f"/{run.pk}/change/")


def test_what_is_wrong_is_listed_the_worst_first_to_who_may_see_it(root) -> None:
    now = this_minute()
    for subject, level, options in (
        ("rss", Level.WARNING, {}),
        ("coinspot", Level.CRITICAL, {}),
        ("quiet", Level.ERROR, {"state": "snoozed", "snoozed_until": now + MINUTE}),
        ("over", Level.ERROR, {"state": "resolved", "resolved_at": now}),
    ):
        Alert.objects.create(
            check_id="freshness.glass",
            subject=subject,
            level=level,
            message="It is late.",
            opened_at=now,
            seen_at=now,
            **options,
        )
    alerts = page(root)["alerts"]
    assert [(alert.subject, alert.level, alert.colour) for alert in alerts] == [
        ("coinspot", "critical", "danger"),
        ("rss", "warning", "warning"),
    ]
    assert root.get(alerts[0].href).status_code == 200
    client = Client()
    client.force_login(make_user("vera", is_staff=True))
    assert page(client)["alerts"] == []


def test_every_link_of_the_page_leads_somewhere(root) -> None:
    keep([quote(this_minute())], make_run("coinspot"))
    context = page(root)
    links = {card.href for card in context["cards"]} | {run.href for run in context["runs"]}
    links |= {table.href for room in context["rooms"] for table in room.tables}
    links |= {alert.href for alert in context["alerts"]}
    for link in links:
        assert root.get(link).status_code == 200, link


def test_the_page_asks_a_bounded_number_of_times(root, django_assert_max_num_queries) -> None:
    now = this_minute()
    for n in range(20):
        run = make_run(f"rss/{n}", "human")
        looked(run, now - MINUTE, now)
    with django_assert_max_num_queries(MAX_QUERIES):
        page(root)


def test_the_side_bar_offers_only_what_one_may_see() -> None:
    client = Client()
    client.force_login(make_user("olga", is_staff=True))
    text = client.get(reverse("admin:index")).content.decode()
    assert "Overview" in text
    assert "/admin/exchange/fill/" not in text.partition("omc-cards")[0]
