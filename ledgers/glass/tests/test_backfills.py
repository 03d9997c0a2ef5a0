"""The collectors of this ledger fill gaps of the past, as `manage.py backfill` asks them to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from psycopg.types.range import Range

from ledgers.collecting.backfilling import backfill
from ledgers.collecting.http import RequestsHttp
from ledgers.collecting.registry import collectors
from ledgers.collecting.replaying import SHIPPED
from ledgers.glass.models import Candle, ChainMetric, ProtocolMetric
from ledgers.glass.tests.asking import DAY, HOUR
from ledgers.models import CollectorRun
from ledgers.tests.sources import replayed

OK = CollectorRun.Outcome.OK
SERIES = {
    "kraken_ohlc": ("XBTAUD", Candle, HOUR),
    "binance": ("BTCUSDT", Candle, HOUR),
    "coinbase": ("BTC-USD", Candle, HOUR),
    "defillama": ("fees/aave", ProtocolMetric, DAY),
    "blockchain_info": ("hash-rate", ChainMetric, DAY),
}


@pytest.fixture
def offline(settings, ledger) -> Iterator[None]:
    with replayed(SHIPPED, settings):
        yield


def filled(slug: str, since: datetime, until: datetime):
    scope, _, _ = SERIES[slug]
    collector = collectors[slug]
    window = Range(since, until)
    return backfill(collector, scope, RequestsHttp(collector), window, lambda *_: None)


def midnight() -> datetime:
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("slug", SERIES)
def test_a_gap_is_filled_in_one_run_and_asked_for_once(slug) -> None:
    _, model, step = SERIES[slug]
    since, until = midnight() - 5 * DAY, midnight() - 2 * DAY
    first, again = filled(slug, since, until), filled(slug, since, until)
    assert ([run.outcome for run in first.runs], first.left) == ([OK], [])
    assert (again.found, again.runs) == ([], [])
    inside = model.objects.filter(event_at__gte=since, event_at__lt=until).count()
    assert inside == (until - since) // step


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("slug", SERIES)
def test_what_the_source_no_longer_tells_stays_a_gap(slug) -> None:
    since, until = midnight() - 200 * DAY, midnight() - timedelta(days=2)
    done = filled(slug, since, until)
    (gap,) = done.left
    assert gap.lower == since
    assert since < gap.upper < until
