"""A better parser reads again what was kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ledgers.collecting.collector import Collector, each, member
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.runner import run_collector
from ledgers.collecting.values import decimal_of
from ledgers.glass.models import ChainMetric
from ledgers.glass.records import ChainMetricRecord
from ledgers.models import CollectorRun, Coverage, Ledger, RawPayload, RejectedRecord
from ledgers.reading import pair
from ledgers.tests.misbehaving import HEAD, body, serving

pytestmark = pytest.mark.usefixtures("ledger")
T0 = datetime.fromisoformat("2026-03-18T12:00:00+00:00")
MINUTE = timedelta(minutes=1)


class Gauge(Collector):
    """http://gauge.test: named numbers, of the moment of the answer or of a moment it names."""

    slug = "gauge"
    ledger = Ledger.GLASS
    every = MINUTE
    hosts = ("gauge.test",)

    def fetch(self, http, ask):
        yield http.get("http://gauge.test/")

    def parse(self, payload):
        numbers = member(payload.json(), "numbers", dict, payload.url)
        yield from each(numbers.items(), lambda item: self.number(payload, *item))

    def value(self, written: Any):
        return decimal_of(written, "value")

    def number(self, payload, name: str, written: Any) -> ChainMetricRecord:
        return ChainMetricRecord(
            event_at=payload.observed_at if name.startswith("now") else T0,
            published_at=None,
            source="gauge",
            asset="BTC",
            metric=name,
            value=self.value(written),
            unit="",
        )


class BetterGauge(Gauge):
    """The same source, read by a parser that knows thousands and halves."""

    parser = 2

    def value(self, written: Any):
        return decimal_of(written.replace(",", "") if isinstance(written, str) else written, "v")


class HalvingGauge(Gauge):
    """The same source, read by a parser that has learnt that it counts double."""

    parser = 2

    def value(self, written: Any):
        return decimal_of(written, "value") / 2


class DeafGauge(Gauge):
    """The same source, read by a parser that does not know its document."""

    def parse(self, payload):
        yield from each(member(payload.json(), "figures", dict, payload.url).items(), print)


def collect(settings, collector: Collector, *answers: Any, first: int = 0) -> list[CollectorRun]:
    """Poll once a minute from T0 on; what is no bytes is a document of these numbers."""
    runs = []
    for minute, answer in enumerate(answers, first):
        content = answer if isinstance(answer, bytes) else json.dumps({"numbers": answer}).encode()
        date = format_datetime(T0 + minute * MINUTE, usegmt=True)
        with serving(body(content, HEAD + f"Date: {date}\r\n".encode())) as (url, _):
            settings.OMC_BASE_URLS = {"gauge": url}
            settings.OMC_ALLOW_PRIVATE = [url.removeprefix("http://")]
            runs += run_collector(collector, RequestsHttp(collector), now=T0 + minute * MINUTE)
    return runs


@pytest.fixture
def read_again(monkeypatch):
    """Return what reads again with another parser, and gives what that came to."""

    def run(collector: Collector, *arguments: str) -> dict[str, int]:
        monkeypatch.setitem(collectors, "gauge", collector)
        out = StringIO()
        call_command("reparse", "--slug", "gauge", "--json", *arguments, stdout=out)
        feeds = json.loads(out.getvalue())["feeds"]
        return feeds[0] if feeds else {}

    return run


def only(told: dict[str, int], **expected: int) -> bool:
    """Tell whether these counts, and no others, are above zero."""
    counted = {name: count for name, count in told.items() if name != "feed" and count}
    assert counted == expected
    return True


def history(metric: str) -> list[str]:
    rows = ChainMetric.objects.filter(metric=metric).order_by("event_at", "revision")
    return [f"{row.value:f}" for row in rows]


def told_now() -> dict[str, str]:
    return {row.metric: f"{row.value:f}" for row in ChainMetric.objects.at(pair())}


def test_a_reject_that_can_be_read_becomes_a_fact_and_says_so(settings, read_again) -> None:
    collect(settings, Gauge(), {"a": 1, "b": "1,234.5", "c": "?"})
    covered = list(Coverage.objects.values_list("window", "available_at", "known_at"))
    told = read_again(BetterGauge())
    assert only(told, looks=1, payloads=1, new=1, resolved=1, rejected=1)
    assert told_now() == {"a": "1", "b": "1234.5"}
    resolved = RejectedRecord.objects.get(item__contains="1,234.5")
    assert resolved.resolved_by == CollectorRun.objects.get(kind="replay")
    assert ChainMetric.objects.get(metric="b").run == resolved.resolved_by
    assert RejectedRecord.objects.get(item__contains="?").resolved_by is None
    assert list(Coverage.objects.values_list("window", "available_at", "known_at")) == covered


def test_reading_again_twice_changes_nothing_more(settings, read_again) -> None:
    collect(settings, Gauge(), {"a": 1, "b": "1,234.5", "c": "?"}, {"a": 2, "b": "7"})
    read_again(BetterGauge())
    rows = ChainMetric.objects.count(), RejectedRecord.objects.count()
    again = read_again(BetterGauge())
    assert (again["new"], again["revised"], again["resolved"]) == (0, 0, 0)
    assert (ChainMetric.objects.count(), RejectedRecord.objects.count()) == rows


def test_what_today_s_parser_has_read_is_not_read_again_and_that_is_said(settings) -> None:
    collect(settings, Gauge(), {"a": 1})
    collectors["gauge"] = Gauge()
    try:
        out = StringIO()
        call_command("reparse", "--slug", "gauge", stdout=out)
    finally:
        del collectors["gauge"]
    assert out.getvalue().startswith("Nothing to read again")


def test_a_better_parser_corrects_what_the_old_one_made_and_adds_a_revision(
    settings, read_again
) -> None:
    collect(settings, Gauge(), {"a": 4, "now": 6})
    told = read_again(HalvingGauge())
    assert only(told, looks=1, payloads=1, revised=2)
    assert (history("a"), history("now")) == (["4", "2"], ["6", "3"])


def test_an_old_answer_is_corrected_also_after_a_look_by_the_new_parser(
    settings, read_again
) -> None:
    collect(settings, Gauge(), {"now": 4}, {"now": 6})
    collect(settings, HalvingGauge(), {"now": 8}, first=2)
    told = read_again(HalvingGauge())
    assert only(told, looks=2, payloads=2, revised=2)
    assert history("now") == ["4", "2", "6", "3", "4"]


def test_what_the_source_restated_is_not_taken_back_to_what_it_said_before(
    settings, read_again
) -> None:
    collect(settings, Gauge(), {"a": 1}, {"a": 2}, {"a": 3}, {"a": 3})
    read_again(BetterGauge())
    assert history("a") == ["1", "2", "3"]
    read_again(HalvingGauge())
    assert history("a") == ["1", "2", "3", "1.5"]


def test_the_same_bytes_of_two_moments_are_two_observations(settings, read_again) -> None:
    collect(settings, Gauge(), {"now": 4}, {"now": 4})
    assert RawPayload.objects.count() == 1
    read_again(HalvingGauge())
    assert history("now") == ["4", "2", "4", "2"]


def test_an_answer_that_was_drift_is_read_and_proves_no_coverage(settings, read_again) -> None:
    (run,) = collect(settings, DeafGauge(), {"a": 1})
    assert run.outcome == "drift"
    told = read_again(Gauge())
    assert only(told, looks=1, payloads=1, new=1)
    assert (told_now(), Coverage.objects.count()) == ({"a": "1"}, 0)


def test_what_is_still_not_readable_or_no_longer_kept_is_counted(settings, read_again) -> None:
    collect(settings, DeafGauge(), b"[]", {"a": 1}, b'{"numbers": 7}')
    RawPayload.objects.filter(url="http://gauge.test/", size=2).delete()
    told = read_again(Gauge())
    assert only(told, looks=2, gone=1, payloads=2, unreadable=1, new=1)
    replay = CollectorRun.objects.get(kind="replay")
    assert (replay.outcome, "'numbers'" in replay.error) == ("partial", True)


def test_of_a_look_at_several_pages_the_missing_ones_are_counted(settings, read_again) -> None:
    first, second = collect(settings, DeafGauge(), {"a": 1}, {"a": 2})
    first.payloads += second.payloads
    first.urls += second.urls
    first.observed += second.observed
    first.save()
    second.delete()
    RawPayload.objects.filter(pk=first.payloads[0]).delete()
    assert only(read_again(Gauge()), looks=1, payloads=1, missing=1, new=1)


def test_looks_of_which_nothing_is_kept_are_said_and_not_read(settings, monkeypatch) -> None:
    collect(settings, DeafGauge(), {"a": 1}, {"a": 2})
    RawPayload.objects.all().delete()
    monkeypatch.setitem(collectors, "gauge", Gauge())
    out = StringIO()
    call_command("reparse", "--slug", "gauge", stdout=out)
    assert "Of 2 more looks nothing is kept any more: OMC_PAYLOAD_DAYS" in out.getvalue()
    assert not CollectorRun.objects.filter(kind="replay").exists()


def test_a_parser_that_crashes_costs_one_answer(settings, read_again) -> None:
    class Brittle(Gauge):
        parser = 2

        def parse(self, payload):
            if b'"boom"' in payload.body:
                raise ZeroDivisionError("a bug")
            yield from super().parse(payload)

    collect(settings, Gauge(), {"boom": 1}, {"b": "x"}, {"c": 1})
    told = read_again(Brittle())
    assert (told["unreadable"], told["payloads"]) == (2, 3)
    assert "none of 1 items" in CollectorRun.objects.get(kind="replay").error


def test_what_the_new_parser_refuses_is_kept_as_a_reject(settings, read_again) -> None:
    class Strict(Gauge):
        parser = 2

        def value(self, written):
            return decimal_of({1: None}.get(written, written), "value")

    collect(settings, Gauge(), {"a": 1, "b": 2})
    told = read_again(Strict())
    assert only(told, looks=1, payloads=1, rejected=1)
    assert RejectedRecord.objects.get().reason == "not_a_number"
    assert told_now() == {"a": "1", "b": "2"}
    read_again(Strict())
    assert RejectedRecord.objects.count() == 1


def test_only_looks_since_a_moment_are_read(settings, read_again) -> None:
    collect(settings, Gauge(), {"a": "1,0"}, {"b": 1, "c": "2,0"})
    first, second = CollectorRun.objects.order_by("pk")
    told = read_again(BetterGauge(), "--since", second.started_at.isoformat())
    assert only(told, looks=1, payloads=1, new=1, resolved=1)
    assert first.outcome == "drift"


def test_a_source_that_is_unknown_and_a_moment_without_a_zone_are_named() -> None:
    with pytest.raises(CommandError, match=r"'gouge'.*coinspot"):
        call_command("reparse", "--slug", "gouge")
    with pytest.raises(CommandError, match="time zone"):
        call_command("reparse", "--since", "2026-01-01T00:00:00")


def test_every_feed_is_told_in_a_line(settings, monkeypatch) -> None:
    collect(settings, Gauge(), {"a": 1, "b": "1,234.5", "c": "?"})
    monkeypatch.setitem(collectors, "gauge", BetterGauge())
    out = StringIO()
    call_command("reparse", stdout=out)
    assert out.getvalue() == (
        "gauge: 1 payloads of 1 looks: 1 new, 0 revised, 1 rejects resolved, 1 still rejected.\n"
    )


def test_many_looks_are_shared_out_among_runs_of_a_bounded_size(
    settings, read_again, monkeypatch
) -> None:
    monkeypatch.setattr("ledgers.collecting.reparsing.LOOKS", 2)
    answers: Sequence[Any] = [{"now": number} for number in range(5)]
    collect(settings, Gauge(), *answers)
    read_again(HalvingGauge())
    replays = CollectorRun.objects.filter(kind="replay").order_by("pk")
    assert [len(run.payloads) for run in replays] == [2, 2, 1]
    assert [run.revised for run in replays] == [1, 2, 1]  # nought stays nought
