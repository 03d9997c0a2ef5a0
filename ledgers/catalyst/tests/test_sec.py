"""SEC filings."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from psycopg.types.range import Range

from ledgers import tasks
from ledgers.catalyst.collectors.sec import SecFilings, _older_pages
from ledgers.catalyst.models import Event
from ledgers.collecting.backfilling import backfill
from ledgers.collecting.collector import Ask, slot_of
from ledgers.collecting.errors import DriftError, NotConfiguredError
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED, Recording, replaying
from ledgers.models import CollectorRun, Slot
from ledgers.reading import pair
from ledgers.slots import claim, dispatch
from ledgers.tests.misbehaving import HEAD, body, serving
from ledgers.tests.redis_keys import forget
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


@pytest.mark.parametrize(
    ("accepted", "latest"),
    [("2026-03-18T02:00:00.000Z", 7), ("2026-03-18T10:00:00.000Z", 12)],
)
def test_a_company_s_list_tells_only_when_a_filing_was_published_at_the_latest(
    accepted, latest
) -> None:
    (event,), _ = parsed(SEC, payload(SUBMISSIONS, columns(acceptanceDateTime=[accepted])))
    assert event.published_at == datetime(2026, 3, 18, latest, tzinfo=UTC)
    assert event.published_at == min(event.event_at + timedelta(hours=5), NOW)
    assert (event.codes, event.company) == (["2.02", "9.01"], "Coinbase Global")
    (newest,), _ = current(entry())
    assert (event.is_publication_exact, newest.is_publication_exact) == (False, True)


def test_a_company_that_only_the_operator_watches_is_called_as_the_sec_calls_it(settings) -> None:
    settings.OMC_SEC_WATCHLIST = ["1679788"]
    own = json.loads(columns()) | {"tickers": ["COIN", None], "name": None}
    (event,), _ = parsed(SEC, payload(SUBMISSIONS, json.dumps(own)))
    assert (event.tickers, event.company) == (["COIN"], "Coinbase Global")
    settings.OMC_SEC_WATCHLIST = ["1"]
    (event,), _ = parsed(SEC, payload(SUBMISSIONS, columns()))
    assert (event.tickers, event.company, event.impact) == ([], "COINBASE GLOBAL, INC.", "low")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"form": ["", "4"]}, "no_form"),
        ({"form": [7, "4"]}, "not_text"),
        ({"accessionNumber": ["1", "0001679788-26-000002"]}, "no_accession"),
        ({"acceptanceDateTime": [None, "2026-03-18T10:00:00.000Z"]}, "not_a_time"),
        ({"acceptanceDateTime": ["2026-03-18", "2026-03-18T10:00:00Z"]}, "no_time_zone"),
        ({"items": [None, ""]}, "unknown_shape"),
    ],
)
def test_a_bad_row_is_rejected_and_the_others_are_kept(changes, reason) -> None:
    two = {
        "accessionNumber": ["0001679788-26-000001", "0001679788-26-000002"],
        "form": ["8-K", "4"],
        "acceptanceDateTime": ["2026-03-18T10:00:00.000Z"] * 2,
        "items": ["", ""],
    }
    events, rejects = parsed(SEC, payload(SUBMISSIONS, columns(**two | changes)))
    assert [event.source_key for event in events] == ["0001679788-26-000002"]
    assert [reject.reason for reject in rejects] == [reason]


def test_codes_and_forms_longer_than_their_columns_are_cut() -> None:
    (event,), _ = parsed(SEC, payload(SUBMISSIONS, columns(form=["F" * 40], items=["x" * 90])))
    assert (len(event.form), len(event.codes[0])) == (30, 30)


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "[]",
        '{"filings": {}}',
        columns(form=["8-K", "4"]),
        columns(items=None),
        columns()[:-30],
        columns().replace("0001679788", "Coinbase"),
        "<html/>",
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
    assert Event.objects.filter(is_publication_exact=True).count() == 52


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
        assert stored[accession].form == form.replace("SC 13G", "SCHEDULE 13G")
        assert stored[accession].is_amendment == form.endswith("/A")
        assert ",".join(stored[accession].codes) == items.replace(",,", ",")


def moved(document: dict, hours: int) -> dict:
    """Return a company's list with every acceptance time moved."""
    recent = document["filings"]["recent"]
    times = [datetime.fromisoformat(told) for told in recent["acceptanceDateTime"]]
    later = [f"{at + timedelta(hours=hours):%Y-%m-%dT%H:%M:%S.000Z}" for at in times]
    filings = document["filings"] | {"recent": recent | {"acceptanceDateTime": later}}
    return document | {"filings": filings}


def company_list(count: int, cik: str = "0001318605") -> dict:
    """Write a company's list of so many filings, newest first, an hour apart."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    numbers = range(count, 0, -1)
    times = [start + timedelta(hours=number) for number in numbers]
    recent = {
        "accessionNumber": [f"{cik}-25-{number:06}" for number in numbers],
        "form": [("8-K", "4", "10-Q")[number % 3] for number in numbers],
        "acceptanceDateTime": [f"{at:%Y-%m-%dT%H:%M:%S.000Z}" for at in times],
        "items": [("7.01,9.01", "", "")[number % 3] for number in numbers],
    }
    return {"cik": cik, "name": "EXAMPLE", "filings": {"recent": recent, "files": []}}


@pytest.fixture
def polls(tmp_path, settings):
    """Serve a company's lists one after another, a day apart, and say what each look brought."""
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = [], ["1318605"]

    def looks(*documents: dict) -> list[CollectorRun]:
        rows = ["host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"]
        for day, document in enumerate(documents, 1):
            (tmp_path / f"{day}.json").write_text(json.dumps(document))
            where = "data.sec.gov\tGET\t/submissions/CIK0001318605.json\t200\tapplication/json"
            rows.append(f"{where}\t2026-06-{day:02}T00:00:00+00:00\t{day}.json\trecorded")
        (tmp_path / "ROUTES.tsv").write_text("\n".join(rows))
        with replayed(tmp_path, settings, in_sequence=True):
            return [run for _ in documents for run in collect("sec")]

    return looks


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("hours", [4, 5, -4, -5])
def test_370_acceptance_times_that_move_are_no_change_and_four_filings_are_new(
    polls, hours
) -> None:
    first, second, third = polls(
        company_list(370), moved(company_list(374), hours), company_list(374)
    )
    assert (first.new, second.new, third.new) == (370, 4, 0)
    assert (second.duplicate, third.duplicate) == (370, 374)
    assert second.revised + second.late + third.revised + third.late == 0
    assert Event.objects.count() == 374


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_a_recorded_list_whose_acceptance_times_all_move_changes_nothing(polls) -> None:
    recorded = json.loads((SAMPLES / "edgar/submissions_CIK0001318605_2026-03-05.json").read_text())
    first, second = polls(recorded, moved(recorded, -5))
    assert (first.new, second.new, second.revised, second.late) == (1002, 0, 0, 0)


@pytest.mark.usefixtures("ledger")
def test_a_filing_that_is_corrected_is_one_revision_and_a_renamed_form_is_none(polls) -> None:
    before, renamed, corrected = company_list(1), company_list(1), company_list(1)
    before["filings"]["recent"]["form"] = ["SC 13G"]
    renamed["filings"]["recent"]["form"] = ["SCHEDULE 13G"]
    corrected["filings"]["recent"]["form"] = ["SCHEDULE 13D"]
    first, second, third = polls(before, renamed, corrected)
    assert (first.new, second.revised, third.revised) == (1, 0, 1)


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_between_two_recorded_polls_only_the_new_filings_are_new(settings) -> None:
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = [], ["1318605"]
    with replayed(SAMPLES, settings, in_sequence=True):
        (february,), (march,) = collect("sec"), collect("sec")
    assert (february.new, march.new, march.revised) == (1000, 2, 0)


EDGAR_SAMPLES = sorted((SAMPLES / "edgar").glob("*"))


@samples_needed
@pytest.mark.parametrize("path", EDGAR_SAMPLES, ids=lambda path: path.name)
def test_of_no_recorded_answer_an_item_is_lost(path) -> None:
    body = path.read_bytes()
    if path.name.startswith("getcurrent"):
        url, items = CURRENT, body.count(b"<entry>")
    elif "_page001" in path.name:
        url = "https://data.sec.gov/submissions/CIK0001318605-submissions-001.json"
        items = len(json.loads(body)["accessionNumber"])
    elif path.name.startswith("submissions"):
        url, items = SUBMISSIONS, len(json.loads(body)["filings"]["recent"]["accessionNumber"])
    else:
        for url in (CURRENT, SUBMISSIONS):
            with pytest.raises(DriftError):
                parsed(SEC, payload(url, body))
        return
    events, rejects = parsed(SEC, payload(url, body))
    assert (len(events), rejects) == (items, [])
    assert items > 0


def test_there_are_samples_to_parse_where_there_are_any() -> None:
    assert not SAMPLES.exists() or len(EDGAR_SAMPLES) >= 15


BUSY = body(b"<html>Down for a moment</html>", HEAD.replace(b"200 OK", b"503 Busy"))


@pytest.fixture
def busy_once(settings):
    """Answer the SEC's first request with a 503, and then with these bytes; give what was asked."""
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = [], ["1679788"]
    settings.OMC_HTTP_BACKOFF = 0.01

    @contextmanager
    def serve(text: str):
        with serving(BUSY, body(text.encode())) as (base, asked):
            settings.OMC_BASE_URLS = {"sec": base}
            settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
            yield asked

    return serve


@pytest.mark.usefixtures("ledger")
def test_a_sec_that_is_busy_once_and_then_answers_is_one_good_look(busy_once) -> None:
    with busy_once(columns()) as asked:
        (run,) = collect("sec")
    assert (run.outcome, run.error, run.new, len(run.payloads)) == (OK, "", 1, 1)
    assert [request == asked[0] for request in asked] == [True, True]
    assert Event.objects.get().source_key == "0001679788-26-000001"


def test_the_newest_filings_are_asked_for_again_with_the_same_page(busy_once) -> None:
    with busy_once(atom(entry())) as asked:
        newest = next(SEC.fetch(RequestsHttp(SEC), Ask(scope="current/8-K", window=SLOT, now=NOW)))
    assert [request == asked[0] for request in asked] == [True, True]
    (event,), rejects = parsed(SEC, newest)
    assert (event.source_key, rejects) == ("0001679788-26-000001", [])


class SecNearby(SecFilings):
    """The SEC's collector with its rate, for a server that is no stand-in of its own."""

    hosts = ("127.0.0.1",)


def test_requests_to_the_sec_keep_to_its_rate_however_many_send_them(settings) -> None:
    forget("omc:budget:127.0.0.1")
    a_second = SEC.requests_per_minute / 60
    assert a_second <= 10  # what the SEC allows everybody
    with serving(body(b"{}")) as (base, asked), ThreadPoolExecutor(4) as workers:
        settings.OMC_ALLOW_PRIVATE = [base.removeprefix("http://")]
        started = time.monotonic()
        list(workers.map(lambda _: RequestsHttp(SecNearby()).get(base), range(5)))
        took = time.monotonic() - started
    assert len(asked) == 5
    assert took >= (5 - a_second) / a_second * 0.9
    forget("omc:budget:127.0.0.1")


@samples_needed
@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("file", "status", "outcome"),
    [
        ("error_403_undeclared_automated_tool.html", 403, "blocked"),
        ("error_429_rate_threshold_exceeded.html", 429, "rate_limited"),
        ("error_429_rate_threshold_exceeded.html", 200, "blocked"),
        ("error_429_rate_threshold_exceeded.html", 503, "transport"),
        ("error_404_NoSuchKey.xml", 404, "transport"),
        ("error_404_NoSuchKey.xml", 200, "drift"),
        ("form4_snow.xml", 200, "drift"),
    ],
)
def test_recorded_refusals_end_as_what_they_are(settings, file, status, outcome) -> None:
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = ["8-K"], ["1318605"]
    settings.OMC_HTTP_ATTEMPTS = 1
    kind = "text/html" if file.endswith("html") else "application/xml"
    answers = [
        Recording(
            host=host,
            method="GET",
            path=path,
            query=frozenset(),
            status=status,
            content_type=kind,
            recorded_at=NOW,
            file=SAMPLES / "edgar" / file,
            note="recorded",
        )
        for host, path in (
            ("www.sec.gov", "/cgi-bin/browse-edgar"),
            ("data.sec.gov", "/submissions/*"),
        )
    ]
    with replaying(answers) as settings.OMC_REPLAY_URL:
        runs = collect("sec")
    assert [run.outcome for run in runs] == [outcome, outcome]
    assert [run.window for run in runs] == [None, None]
    assert all(run.error for run in runs)
    assert Event.objects.count() == 0


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_a_company_s_list_covers_from_its_oldest_filing_to_the_end_of_the_hour(settings) -> None:
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = [], ["1318605"]
    with replayed(SAMPLES, settings):
        (run,) = collect("sec")
    oldest = Event.objects.order_by("event_at").first().event_at
    assert (run.window.lower, run.window.upper) == (oldest, datetime(2026, 3, 5, 1, tzinfo=UTC))


@samples_needed
@pytest.mark.usefixtures("ledger")
def test_a_backfill_reads_the_older_pages_and_knows_their_filings_when_the_world_did(
    settings,
) -> None:
    settings.OMC_SEC_FORMS, settings.OMC_SEC_WATCHLIST = ["8-K"], ["1318605"]
    window = Range(datetime(2012, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
    with replayed(SAMPLES, settings):
        of_company = backfill(SEC, "submissions/0001318605", RequestsHttp(SEC), window, shown)
        of_everyone = backfill(SEC, "current/8-K", RequestsHttp(SEC), window, shown)
    assert [run.new for run in of_company.runs] == [1002 + 720]
    assert (list(of_company.left), list(of_everyone.left)) == ([], [window])
    then = pair(datetime(2015, 1, 1, tzinfo=UTC))
    told = Event.objects.at(replace(then, horizon=pair().horizon))
    assert 0 < told.count() < 720
    assert all(event.published_at <= then.as_of for event in told)


def shown(feed: str, asked: timedelta, whole: timedelta) -> None:
    """Stand where a backfill shows its progress."""


@pytest.mark.parametrize(
    "files",
    [
        None,
        [{"name": "CIK0001318605-submissions-001.json"}],
        [{"name": "../../evil.json", "filingTo": "2018-02-11"}],
        [{"name": "CIK0001318605-submissions-001.json", "filingTo": "long ago"}],
        ["CIK0001318605-submissions-001.json"],
    ],
)
def test_older_pages_named_in_an_unknown_way_are_drift(files) -> None:
    document = company_list(1)
    document["filings"]["files"] = files
    with pytest.raises(DriftError, match=r"files|older"):
        _older_pages(payload(SUBMISSIONS, json.dumps(document)), datetime(2012, 1, 1, tzinfo=UTC))


def test_a_page_older_than_the_window_is_not_asked_for() -> None:
    document = company_list(1)
    names = [f"CIK0001318605-submissions-00{number}.json" for number in (1, 2, 3)]
    ends = ["2018-02-11", "2012-01-01", "2009-05-05"]
    document["filings"]["files"] = [
        {"name": name, "filingTo": end} for name, end in zip(names, ends, strict=True)
    ]
    since = datetime(2012, 1, 2, tzinfo=UTC)
    asked = _older_pages(payload(SUBMISSIONS, json.dumps(document)), since)
    assert asked == [names[1], names[0]]


def test_shipped_columns_are_of_equal_length() -> None:
    body = shipped("edgar/submissions.json", match="0001679788")
    assert len(parsed(SEC, payload(SUBMISSIONS, body))[0]) == 3
