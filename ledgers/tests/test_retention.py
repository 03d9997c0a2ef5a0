"""Months are there before they are needed, and old ones go with everything made of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone as django_timezone
from psycopg.types.range import Range

from ledgers import slots
from ledgers.answers import answer
from ledgers.collecting.storing import store
from ledgers.coverage import Presence, cover, gaps
from ledgers.glass.models import Candle, LatestQuote, Quote, Rollup
from ledgers.jobs import cadences, task_of
from ledgers.models import Dropped, Slot
from ledgers.partitions import ensure_months, month_after, months_of
from ledgers.reading import announce_and_stamp, pair
from ledgers.retention import drop_old, make_ahead, retention_is_understood
from ledgers.tasks import keep
from ledgers.tests.factories import HOUR, T0, make_run
from ledgers.tests.histories import STEP, candle, quote

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)
LATER = T0 + timedelta(days=2)
pytestmark = pytest.mark.usefixtures("ledger")


@pytest.fixture
def far_away() -> Any:
    """Use months of another century, which nobody else drops or makes."""
    yield datetime(2096, 11, 5, 6, tzinfo=UTC)
    with connection.cursor() as cursor:
        for table in ("glass_candle", "glass_quote"):
            for month in months_of(table):
                if month.year > 2090:
                    cursor.execute(f"DROP TABLE {table}_{month:%Y_%m}")


def test_this_month_and_the_next_three_are_made_once(far_away) -> None:
    made = make_ahead(far_away)
    assert made == [
        f"{table}_{month}"
        for table in ("glass_quote", "glass_candle")
        for month in ("2096_11", "2096_12", "2097_01", "2097_02")
    ]
    assert make_ahead(far_away) == []


def test_a_month_is_made_by_one_of_many(far_away) -> None:
    def make(_: int) -> list[str]:
        try:
            return ensure_months("glass_candle", [far_away])
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        made = [name for names in pool.map(make, range(8)) for name in names]
    assert made == ["glass_candle_2096_11"]


def test_a_month_begins_at_midnight_utc_wherever_a_moment_was_written(far_away) -> None:
    in_sydney = timezone(timedelta(hours=11))
    ends = [datetime(2096, 12, 1, 9, tzinfo=in_sydney), datetime(2096, 12, 1, 11, tzinfo=in_sydney)]
    assert ensure_months("glass_quote", ends) == ["glass_quote_2096_11", "glass_quote_2096_12"]
    assert month_after(datetime(2096, 12, 1, tzinfo=UTC)) == datetime(2097, 1, 1, tzinfo=UTC)


def keep_and_cover() -> None:
    """Store candles and quotes from T0, two hours before February, and cover them."""
    for model, make, name in ((Candle, candle, "candles"), (Quote, quote, "quotes")):
        run = make_run(name)
        store(model, [make(step) for step in range(9)], run, observed_at=LATER)
        with transaction.atomic():
            cover(run, Range(T0, T0 + 5 * HOUR), known_at=announce_and_stamp())


def test_what_is_older_than_its_table_keeps_is_dropped_and_written_down(settings) -> None:
    settings.OMC_RETENTION = {"glass_candle": "2"}
    drop_old(datetime(2026, 3, 31, tzinfo=UTC))  # months of other tests
    keep_and_cover()
    assert drop_old(datetime(2026, 3, 31, tzinfo=UTC)) == []
    assert drop_old(datetime(2026, 4, 1, tzinfo=UTC)) == ["glass_candle_2026_01"]
    assert next(row.event_at for row in Candle.objects.order_by("event_at")) == FEBRUARY
    assert Quote.objects.count() == 9
    (dropped,) = Dropped.objects.all()
    assert (dropped.table, dropped.feed_id) == ("glass_candle", "candles")
    assert dropped.window == Range(datetime(2026, 1, 1, tzinfo=UTC), FEBRUARY)
    assert not Rollup.objects.filter(base__gt=0, event_at__lt=FEBRUARY).exists()
    assert Rollup.objects.filter(base=0, event_at__lt=FEBRUARY).exists()


def test_coverage_of_what_was_dropped_is_a_gap_and_answers_say_why(settings) -> None:
    keep_and_cover()
    feed = make_run("candles").feed
    asked = Range(T0, T0 + 5 * HOUR)
    before = pair()
    assert gaps("candles", asked, before) == []
    settings.OMC_RETENTION = {"glass_candle": "0"}
    drop_old(datetime(2026, 2, 1, tzinfo=UTC))
    assert gaps("candles", asked, before) == [Range(T0, FEBRUARY)]
    assert gaps("quotes", asked, before) == []
    said = answer([feed], before, since=T0, until=T0 + HOUR, found=False).coverage
    assert said.presence == Presence.NOT_OBSERVED
    assert [(gap.since, gap.until) for gap in said.dropped] == [(T0, T0 + HOUR)]
    after = answer([feed], before, since=FEBRUARY, until=FEBRUARY + HOUR, found=False).coverage
    assert (after.presence, after.dropped) == (Presence.NONE_IN_COVERED_WINDOW, [])


def test_a_newest_quote_that_was_dropped_is_forgotten(settings) -> None:
    store(Quote, [quote(0), quote(1, asset="ETH"), quote(8)], make_run(), observed_at=LATER)
    settings.OMC_RETENTION = {"glass_quote": "0"}
    drop_old(datetime(2026, 2, 20, tzinfo=UTC))
    assert [row.asset for row in LatestQuote.objects.all()] == ["BTC"]
    asked = {"source": "kraken", "currency": "USD", "pair": pair()}
    assert set(Quote.objects.newest(["BTC", "ETH"], **asked)) == {"BTC"}
    store(Quote, [quote(2, asset="ETH")], make_run(), observed_at=LATER + STEP)
    assert set(Quote.objects.newest(["BTC", "ETH"], **asked | {"pair": pair()})) == {"BTC", "ETH"}


def test_a_table_in_use_keeps_its_months_until_the_next_time(settings, monkeypatch) -> None:
    monkeypatch.setattr("ledgers.retention.PATIENCE", "50ms")
    settings.OMC_RETENTION = {"glass_candle": "0"}
    now = datetime(2026, 2, 20, tzinfo=UTC)
    drop_old(now)  # months of other tests
    Dropped.objects.all().delete()
    keep_and_cover()

    def try_elsewhere() -> list[str]:
        try:
            return drop_old(now)
        finally:
            connection.close()

    with transaction.atomic(), ThreadPoolExecutor(1) as pool:
        Candle.objects.count()
        assert pool.submit(try_elsewhere).result() == []
    assert not Dropped.objects.exists()
    assert drop_old(now) == ["glass_candle_2026_01"]


@pytest.mark.parametrize("wrong", [{"glass_quotes": "3"}, {"glass_quote": "-1"}])
def test_a_retention_that_means_nothing_is_refused_at_the_start(settings, wrong) -> None:
    assert retention_is_understood() == []
    settings.OMC_RETENTION = wrong
    (error,) = retention_is_understood()
    assert "Write TABLE=MONTHS" in error.msg


def test_the_months_are_kept_by_a_daily_job() -> None:
    assert cadences()["keep:months"] == timedelta(days=1)
    assert task_of("keep:months") == "ledgers.tasks.keep"
    slots.dispatch(django_timezone.now(), lambda job, slot: None)
    slot = Slot.objects.get(schedule_id="keep:months")
    keep(slot.pk)
    slot.refresh_from_db()
    assert slot.state == Slot.State.DONE
    assert django_timezone.now().replace(day=1).date() in {
        month.date() for month in months_of("glass_quote")
    }


def test_the_command_makes_all_caches_anew(capsys) -> None:
    keep_and_cover()
    rows = Rollup.objects.count()
    Rollup.objects.all().delete()
    LatestQuote.objects.update(last=99)
    call_command("rebuild_projections", json=True)
    told = json.loads(capsys.readouterr().out)
    assert sum(told.values()) == rows + 1
    assert told["LatestQuotes of quotes"] == 1
    assert LatestQuote.objects.get().last != 99
    call_command("rebuild_projections")
    assert "Rollups of candles" in capsys.readouterr().out
