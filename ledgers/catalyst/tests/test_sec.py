"""SEC filings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from ledgers import tasks
from ledgers.catalyst.models import Event
from ledgers.collecting.collector import Ask, slot_of
from ledgers.collecting.errors import DriftError, NotConfiguredError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.models import CollectorRun, Slot
from ledgers.reading import pair
from ledgers.slots import claim, dispatch
from ledgers.tests.sources import (
    NOW,
    SAMPLES,
    collect,
    parsed,
    payload,
    replayed,
    samples_needed,
    shipped,
)

SEC = collectors["sec"]
CURRENT = "https://www.sec.gov/cgi-bin/browse-edgar?action=getcurrent"
SUBMISSIONS = "https://data.sec.gov/submissions/CIK0001679788.json"
SLOT = slot_of(NOW, timedelta(minutes=5))
OK = CollectorRun.Outcome.OK


def entry(title="8-K - COINBASE (0001679788) (Filer)", accession="0001679788-26-000001", **own):
    updated = own.get("updated", "2026-03-18T06:00:00-04:00")
    summary = own.get("summary", "Filed: 2026-03-18")
    return (
        f"<entry><title>{title}</title><summary>{summary}</summary><updated>{updated}</updated>"
        f"<id>urn:tag:sec.gov,2008:accession-number={accession}</id></entry>"
    )


def atom(*entries: str) -> str:
    return (
        '<?xml version="1.0" encoding="ISO-8859-1" ?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>Latest Filings</title>{''.join(entries)}</feed>"
    )


def current(*entries: str) -> tuple[list, list]:
    return parsed(SEC, payload(CURRENT, atom(*entries)))


def columns(**changes: list) -> str:
    recent = {
        "accessionNumber": ["0001679788-26-000001"],
        "form": ["8-K"],
        "acceptanceDateTime": ["2026-03-18T10:00:00.000Z"],
        "items": ["2.02,9.01"],
        "somethingNew": [1],
    }
    document = {"cik": "0001679788", "name": "COINBASE GLOBAL, INC.", "filings": {"recent": recent}}
    recent.update(changes)
    return json.dumps(document)


def test_a_filing_of_a_watched_company_is_told_whole() -> None:
    summary = "Filed: 2026-03-18 &lt;br&gt;Item 2.02: Results &lt;br&gt;Item 9.01: Exhibits"
    (event,), rejects = current(entry(summary=summary))
    assert event.event_at == event.published_at == datetime(2026, 3, 18, 10, tzinfo=UTC)
    assert (event.source_key, event.form, event.codes) == (
        "0001679788-26-000001",
        "8-K",
        ["2.02", "9.01"],
    )
    assert (event.company, event.tickers, event.impact) == ("Coinbase Global", ["COIN"], "high")
    assert event.url == (
        "https://www.sec.gov/Archives/edgar/data/1679788/000167978826000001/"
        "0001679788-26-000001-index.htm"
    )
    assert rejects == []


@pytest.mark.parametrize("order", [1, -1])
def test_of_several_parties_the_company_it_is_about_counts_whatever_the_order(order) -> None:
    parties = [
        entry("4 - SMITH A. (0001999999) (Reporting)"),
        entry("4 - ACME CORP (0001888888) (Issuer)"),
    ][::order]
    events, _ = current(*parties)
    assert {event.company for event in events} == {"ACME CORP"}
    assert len(events) == 2


def test_a_watched_party_comes_before_all_others() -> None:
    events, _ = current(
        entry("SCHEDULE 13G - ACME CORP (0001888888) (Subject)"),
        entry("SCHEDULE 13G - STRATEGY (0001050446) (Filed by)"),
    )
    assert {event.company for event in events} == {"Strategy"}


@pytest.mark.parametrize(
    ("form", "watched", "impact"),
    [
        ("8-K", True, "high"),
        ("8-K/A", True, "high"),
        ("10-Q", True, "medium"),
        ("4", True, "low"),
        ("8-K", False, "low"),
    ],
)
def test_impact_follows_form_and_watch_list(form, watched, impact) -> None:
    party = "X (0001679788) (Filer)" if watched else "X (0001888888) (Filer)"
    (event,), _ = current(entry(f"{form} - {party}"))
    assert event.impact == impact
    assert event.title.endswith("amended") == form.endswith("/A")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (entry("no such title"), "unknown_title"),
        (entry(accession="12"), "no_accession"),
        (entry(updated="yesterday"), "not_a_time"),
        (entry(updated="2026-03-18T06:00:00"), "no_time_zone"),
        ("<entry/>", "not_text"),
    ],
)
def test_a_bad_entry_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    events, rejects = current(bad, entry())
    assert len(events) == 1
    assert [reject.reason for reject in rejects] == [reason]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "plain text",
        "<rss/>",
        atom(entry())[:-20],
        '<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a "b">]><feed>&a;</feed>',
    ],
)
def test_what_is_no_list_of_filings_is_drift(body) -> None:
    with pytest.raises(DriftError, match=r"no valid XML|no Atom feed"):
        parsed(SEC, payload(CURRENT, body))


def test_a_list_of_headings_is_empty_and_one_of_renamed_entries_is_not() -> None:
    assert SEC.is_empty(payload(CURRENT, atom()))
    renamed = atom(entry()).replace("entry>", "item>")
    assert not SEC.is_empty(payload(CURRENT, renamed))
    assert SEC.is_empty(payload(SUBMISSIONS, columns(accessionNumber=[])))
    assert not SEC.is_empty(payload(SUBMISSIONS, columns()))


def test_columns_become_filings_whose_publication_is_not_claimed() -> None:
    (event,), _ = parsed(SEC, payload(SUBMISSIONS, columns()))
    assert (event.event_at, event.published_at) == (datetime(2026, 3, 18, 10, tzinfo=UTC), None)
    assert (event.codes, event.company) == (["2.02", "9.01"], "Coinbase Global")


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '{"filings": {}}',
        columns(form=["8-K", "4"]),
        columns(items=None),
        columns()[:-30],
    ],
)
def test_columns_of_another_shape_are_drift(body) -> None:
    with pytest.raises(DriftError):
        parsed(SEC, payload(SUBMISSIONS, body))


def test_both_lists_tell_the_same_of_what_makes_a_revision() -> None:
    (listed,), _ = parsed(SEC, payload(SUBMISSIONS, columns()))
    (newest,), _ = current(entry())
    told = [(getattr(listed, name), getattr(newest, name)) for name in Event.compared]
    assert all(one == other for one, other in told)


def test_nothing_is_asked_of_the_sec_without_saying_who_asks(settings) -> None:
    settings.OMC_SEC_USER_AGENT = ""
    with pytest.raises(NotConfiguredError, match="OMC_SEC_USER_AGENT"):
        next(SEC.fetch(RequestsHttp(SEC), Ask(scope="current/8-K", window=SLOT, now=NOW)))


@pytest.mark.usefixtures("ledger")
def test_shipped_filings_are_collected_and_only_once(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = collect("sec"), collect("sec")
    assert {run.outcome for run in [*first, *again]} == {OK}
    assert sum(run.new for run in first) == Event.objects.count() == 6 + 12 * 3
    assert sum(run.new + run.revised for run in again) == 0


@pytest.mark.usefixtures("ledger")
def test_a_company_s_whole_list_is_asked_for_once_an_hour_by_the_schedule(settings) -> None:
    sent: list[int] = []
    with replayed(SHIPPED, settings):
        for minutes in (0, 5):
            now = timezone.now() + timedelta(minutes=minutes)
            dispatch(now, lambda job, slot: sent.append(slot) if job == "collect:sec" else None)
            tasks.collect(sent[-1])
    by_slot = [CollectorRun.objects.filter(slot=slot).count() for slot in sent]
    assert by_slot == [5 + 12, 5]
    assert {slot.state for slot in Slot.objects.filter(pk__in=sent)} == {Slot.State.DONE}
    assert claim(sent[0], timezone.now()) is None


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_the_four_recorded_lists_each_fetched_hold_exactly_52_filings(settings) -> None:
    settings.OMC_SEC_FORMS = ["all", "4"]
    settings.OMC_SEC_WATCHLIST = []
    with replayed(SAMPLES, settings, in_sequence=True):
        for _ in range(2):
            collect("sec")
    payloads = {
        sha
        for run in CollectorRun.objects.filter(feed__scope__startswith="current/")
        for sha in run.payloads
    }
    assert len(payloads) == 4
    assert Event.objects.filter(published_at__isnull=False).count() == 52


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_recorded_filings_are_stored_as_they_stand_and_a_second_look_stores_none(settings) -> None:
    recorded = json.loads((SAMPLES / "edgar/submissions_CIK0001318605_2026-03-05.json").read_text())
    recent = recorded["filings"]["recent"]
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = ["8-K"], ["1318605"]
    with replayed(SAMPLES, settings):
        first, again = collect("sec"), collect("sec")
    assert {run.outcome for run in [*first, *again]} == {OK}
    assert sum(run.new + run.revised for run in again) == 0
    told = Event.objects.at(pair()).filter(tickers=["TSLA"])
    stored = {event.source_key: event for event in told}
    assert set(stored) == set(recent["accessionNumber"])
    for accession, form, items in zip(
        recent["accessionNumber"], recent["form"], recent["items"], strict=True
    ):
        assert stored[accession].form == form
        assert ",".join(stored[accession].codes) == items.replace(",,", ",")


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_between_two_recorded_polls_only_the_new_filings_are_new(settings) -> None:
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = [], ["1318605"]
    with replayed(SAMPLES, settings, in_sequence=True):
        (february,), (march,) = collect("sec"), collect("sec")
    assert (february.new, march.new, march.revised) == (1000, 2, 0)


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_a_company_s_list_covers_from_its_oldest_filing_to_the_end_of_the_hour(settings) -> None:
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = [], ["1318605"]
    with replayed(SAMPLES, settings):
        (run,) = collect("sec")
    oldest = Event.objects.order_by("event_at").first().event_at
    assert (run.window.lower, run.window.upper) == (oldest, datetime(2026, 3, 5, 1, tzinfo=UTC))


def test_shipped_columns_are_of_equal_length() -> None:
    body = shipped("edgar/submissions.json", match="0001679788")
    assert len(parsed(SEC, payload(SUBMISSIONS, body))[0]) == 3
