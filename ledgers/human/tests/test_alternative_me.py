"""The Fear & Greed index."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from psycopg.types.range import Range

from ledgers.collecting.collector import Ask, Looked
from ledgers.collecting.errors import DriftError, RateLimitedError, StatusError
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.human.collectors.alternative_me import URL
from ledgers.human.models import Mood
from ledgers.models import CollectorRun
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

FNG = collectors["alternative_me"]
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
TODAY = datetime(2026, 3, 18, tzinfo=UTC)


def day(value="40", label="Fear", at=TODAY, **more) -> dict:
    stamp = at if isinstance(at, str) else str(int(at.timestamp()))
    return {"value": value, "value_classification": label, "timestamp": stamp, **more}


def answer(*days, error=None) -> bytes:
    return json.dumps({"data": list(days), "metadata": {"error": error}}).encode()


def parse(body: bytes | str) -> tuple[list, list]:
    return parsed(FNG, payload(URL, body))


def looked(*events, at=NOW) -> Looked:
    ask = Ask(scope="", window=Range(at, at + HOUR), now=at)
    return Looked(ask=ask, observed_at=at, covered_until=None, overlaps=True, events=events)


def test_a_day_becomes_a_mood_of_its_day() -> None:
    (mood,), rejects = parse(answer(day("40", "Fear", TODAY + 5 * HOUR)))
    assert (mood.value, mood.label, mood.source) == (40, "Fear", "alternative_me")
    assert (mood.event_at, mood.published_at) == (TODAY, TODAY + 5 * HOUR)
    assert rejects == []


@pytest.mark.parametrize("written", ["extreme greed", "EXTREME GREED", "Extreme  greed "])
def test_labels_are_written_in_one_way(written) -> None:
    (mood,), _ = parse(answer(day("80", written)))
    assert mood.label == "Extreme Greed"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (day("101"), "out_of_range"),
        (day("-1"), "out_of_range"),
        (day("40.5"), "not_a_count"),
        (day("high"), "not_a_number"),
        (day(None), "not_a_number"),
        (day(at="26-02-2019"), "not_a_number"),
        (day(at="1551157200000"), "not_a_time"),
        (day(label=None), "not_text"),
        ({"value": "40"}, "unknown_shape"),
        ("40", "unknown_shape"),
    ],
)
def test_a_day_that_cannot_be_read_is_rejected_and_the_others_are_kept(bad, reason) -> None:
    moods, (reject,) = parse(answer(day(), bad))
    assert ([mood.value for mood in moods], reject.reason) == ([40], reason)


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"data": null}', '{"data": {}}', '{"Data": []}', "not json", ""]
)
def test_another_shape_is_drift(body) -> None:
    with pytest.raises(DriftError):
        parse(body)


@pytest.mark.parametrize(
    ("said", "error"),
    [("Rate limit exceeded", RateLimitedError), ("Internal failure", StatusError)],
)
def test_an_error_in_a_good_answer_is_an_error(said, error) -> None:
    with pytest.raises(error, match=said):
        parse(answer(error=said))


def test_only_an_empty_list_of_days_is_empty() -> None:
    assert FNG.is_empty(payload(URL, answer()))
    assert not FNG.is_empty(payload(URL, answer(day())))


def test_the_listed_days_are_covered_up_to_the_end_of_the_hour() -> None:
    assert FNG.covered(looked(TODAY, TODAY - DAY)) == Range(TODAY - DAY, NOW + HOUR)


def test_today_is_not_covered_before_its_value_is_there() -> None:
    late = looked(TODAY - DAY, TODAY - 2 * DAY)
    assert FNG.covered(late) == Range(TODAY - 2 * DAY, TODAY)


def test_an_empty_answer_covers_nothing() -> None:
    assert FNG.covered(looked()) is None


class Asked:
    """An Http that notes what it was asked for."""

    def get(self, url, headers=None, **params):
        self.params = params
        return payload(url, answer(day()))


@pytest.mark.parametrize(("is_backfill", "limit"), [(False, "10"), (True, "102")])
def test_a_backfill_asks_for_as_many_days_as_it_needs(is_backfill, limit) -> None:
    http, past = Asked(), Range(NOW - 100 * DAY, NOW - 90 * DAY)
    list(FNG.fetch(http, Ask(scope="", window=past, now=NOW, is_backfill=is_backfill)))
    assert http.params == {"limit": limit}
    assert FNG.chunk("") > 100 * DAY


@pytest.mark.parametrize(
    ("asked", "proven"),
    [
        (Range(TODAY - 5 * DAY, TODAY - 2 * DAY), Range(TODAY - 3 * DAY, TODAY - 2 * DAY)),
        (Range(TODAY - 2 * DAY, TODAY - DAY), Range(TODAY - 2 * DAY, TODAY - DAY)),
        (Range(TODAY - 9 * DAY, TODAY - 8 * DAY), None),
    ],
)
def test_a_backfill_covers_what_was_asked_and_listed(asked, proven) -> None:
    events = [TODAY - number * DAY for number in range(4)]
    ask = Ask(scope="", window=asked, now=NOW, is_backfill=True)
    seen = Looked(ask=ask, observed_at=NOW, covered_until=None, overlaps=True, events=events)
    assert FNG.covered(seen) == proven


@pytest.mark.usefixtures("ledger")
def test_shipped_moods_are_collected_once(settings) -> None:
    with replayed(SHIPPED, settings):
        first, again = only(collect("alternative_me")), only(collect("alternative_me"))
    assert (first.outcome, first.new, first.rejected) == (CollectorRun.Outcome.OK, 10, 0)
    assert (again.outcome, again.new, again.revised) == (CollectorRun.Outcome.OK, 0, 0)
    assert first.window.lower == Mood.objects.order_by("event_at").first().event_at


@pytest.mark.usefixtures("ledger")
def test_an_empty_answer_ends_the_look_as_empty_and_proves_nothing(settings, tmp_path) -> None:
    header = "host\tmethod\tpath\tstatus\tcontent_type\trecorded_at\tfile\tnote"
    row = "api.alternative.me\tGET\t/fng/\t200\tapplication/json\t\tempty.json\trecorded"
    (tmp_path / "ROUTES.tsv").write_text(f"{header}\n{row}\n")
    (tmp_path / "empty.json").write_bytes(answer())
    with replayed(tmp_path, settings):
        run = only(collect("alternative_me"))
    assert (run.outcome, run.window) == (CollectorRun.Outcome.EMPTY, None)


def test_the_shipped_payload_has_the_true_shape() -> None:
    moods, rejects = parse(shipped("alternative_me/fng.json"))
    assert (len(moods), rejects) == (10, [])
    assert moods[0].event_at == TODAY


@samples_needed
@pytest.mark.parametrize(
    "path", sorted((SAMPLES / "alternative_me").glob("*.json")), ids=lambda path: path.name
)
def test_every_recorded_answer_is_read_whole(path) -> None:
    moods, rejects = parse(path.read_bytes())
    items = json.loads(path.read_bytes())["data"]
    assert len(moods) + len(rejects) == len(items)
    assert rejects == []
    assert FNG.is_empty(payload(URL, path.read_bytes())) == (not items)
