"""Releases of the Federal Reserve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledgers.catalyst.collectors.fed import RELEASES
from ledgers.catalyst.models import Event
from ledgers.collecting.errors import DriftError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.reading import pair
from ledgers.tests.misbehaving import HEAD, body, serving
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    only,
    parsed,
    payload,
    replayed,
    samples_needed,
    shipped,
)

FED = collectors["fed"]
LINK = "https://www.federalreserve.gov/newsevents/pressreleases/monetary{number}.htm"


def item(title="Federal Reserve issues FOMC statement", number=1, when="", **own) -> str:
    link = own.get("link", LINK.format(number=number))
    date = f"<pubDate>{when}</pubDate>" if when else ""
    return (
        f"<item><title>{title}</title><link><![CDATA[{link}]]></link>"
        f"<guid><![CDATA[{link}]]></guid><category>Monetary Policy</category>{date}</item>"
    )


def feed(*items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{"".join(items)}</channel></rss>'


def parse(text: str) -> tuple[list, list]:
    return parsed(FED, payload(RELEASES, text))


def test_a_release_is_a_macro_event_about_every_asset() -> None:
    (event,), rejects = parse(feed(item(when="Wed, 18 Mar 2026 06:00:00 -0400")))
    assert event.event_at == event.published_at == datetime(2026, 3, 18, 10, tzinfo=UTC)
    assert (event.source, event.source_key) == ("fed", LINK.format(number=1))
    assert (event.kind, event.form, event.impact) == ("macro", "statement", "high")
    assert (event.assets, event.codes, event.company) == (
        [],
        ["Monetary Policy"],
        "Federal Reserve",
    )
    assert (event.url, rejects) == (LINK.format(number=1), [])


@pytest.mark.parametrize(
    ("title", "form", "impact"),
    [
        ("Federal Reserve issues FOMC statement", "statement", "high"),
        ("Federal Open Market Committee statement", "statement", "high"),
        ("Statement on a supervisory matter", "", "medium"),
        ("Minutes of the Federal Open Market Committee, June 16-17", "minutes", "medium"),
        ("Board and FOMC release economic projections", "projections", "high"),
        (
            "Minutes of the Board&#39;s discount rate meetings on July 20",
            "discount rate minutes",
            "low",
        ),
        ("Federal Reserve Board announces a new facility", "", "medium"),
    ],
)
def test_the_title_tells_the_form_and_the_form_the_impact(title, form, impact) -> None:
    (event,), _ = parse(feed(item(title)))
    assert (event.form, event.impact) == (form, impact)
    assert "&#39;" not in event.title


def test_without_a_date_a_release_is_of_the_moment_we_saw_it() -> None:
    (event,), _ = parse(feed(item()))
    assert event.published_at == NOW


def test_a_date_in_the_future_is_clamped_to_the_moment_we_saw_it() -> None:
    ahead = f"{NOW + timedelta(hours=1):%a, %d %b %Y %H:%M:%S} GMT"
    (event,), _ = parse(feed(item(when=ahead)))
    assert event.published_at == NOW


@pytest.mark.parametrize("bad", [item(title=""), item(link="javascript:alert(1)")])
def test_an_item_without_title_or_link_is_rejected_and_the_others_are_kept(bad) -> None:
    events, rejects = parse(feed(bad, item(number=2)))
    assert ([event.url for event in events], len(rejects)) == ([LINK.format(number=2)], 1)


@pytest.mark.parametrize("text", ["", "{}", "<html><p>Hi</p></html>", "<Error/>"])
def test_what_is_no_feed_is_drift(text) -> None:
    with pytest.raises(DriftError, match="is no feed"):
        parse(text)


@pytest.mark.usefixtures("ledger")
def test_shipped_releases_are_collected_and_only_once(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = only(collect("fed")), only(collect("fed"))
    assert (first.outcome, first.new, first.rejected) == ("ok", 5, 0)
    assert (again.outcome, again.new, again.revised) == ("ok", 0, 0)
    newest = Event.objects.order_by("-event_at")[0].event_at
    assert first.window.lower == newest


def test_shipped_releases_are_of_every_form() -> None:
    events, _ = parse(shipped("fed/press_monetary.xml"))
    assert {event.form for event in events} == {
        "statement",
        "projections",
        "minutes",
        "discount rate minutes",
    }


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_recorded_releases_are_stored_as_they_stand_and_a_second_look_stores_none(settings) -> None:
    with replayed(SAMPLES, settings):
        first, again = only(collect("fed")), only(collect("fed"))
    text = (SAMPLES / "rss/fed_monetary_2026-09-25.xml").read_text()
    assert first.fetched == first.new == text.count("<item>") == 2
    assert (again.new, again.revised, again.duplicate) == (0, 0, 2)
    statement, minutes = Event.objects.at(pair()).order_by("-event_at")
    assert statement.event_at == datetime(2026, 9, 16, 18, tzinfo=UTC)
    assert statement.url.endswith("monetary20260916a.htm")
    assert (minutes.title, minutes.form) == (
        "Minutes of the Board's discount rate meetings on July 20 and July 29, 2026",
        "discount rate minutes",
    )


GOOD = feed(item(when="Wed, 18 Mar 2026 10:00:00 GMT"), item(number=2))


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (GOOD, "ok"),
        (GOOD.replace("<item>", "<entrée>").replace("</item>", "</entrée>"), "drift"),
        (GOOD.replace("title>", "name>"), "drift"),
        (GOOD.replace("link>", "href>").replace("guid>", "key>"), "drift"),
        (feed(), "drift"),
        (GOOD[:60], "drift"),
        ("<!DOCTYPE html><html><body>Access denied</body></html>", "blocked"),
        ('{"error": "busy"}', "drift"),
        ("", "drift"),
    ],
)
def test_no_changed_answer_is_a_success_without_a_release(settings, answer, outcome) -> None:
    head = HEAD.replace(b"application/json", b"application/rss+xml")
    settings.OMC_HTTP_ATTEMPTS = 1
    with serving(body(answer.encode(), head)) as (base, _):
        settings.OMC_BASE_URLS = {"fed": base}
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        run = only(collect("fed"))
    assert run.outcome == outcome
    assert (run.new > 0) == (outcome == "ok")
