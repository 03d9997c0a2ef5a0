"""Facts of every ledger, as a test needs them: what it names matters, the rest does not."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from ledgers.catalyst.models import Event
from ledgers.collecting.storing import store
from ledgers.exchange.models import Account, Balance, Fill, Transfer
from ledgers.glass.models import Candle, Quote
from ledgers.human.models import Article
from ledgers.models import CollectorRun, Fact, Feed, Ledger
from quality.tests.factories import import_feed, make_run, stray_feed

ARTICLE = {
    "source": "rss",
    "outlet": "herald",
    "title": "Something happened",
    "url": "https://herald.test/1",
    "summary": "It did.",
    "author": "",
    "assets": [],
}
EVENT = {
    "source": "announcements",
    "kind": "announcement",
    "title": "Something is announced",
    "assets": [],
    "company": "",
    "tickers": [],
    "form": "",
    "codes": [],
    "impact": "low",
    "url": "https://venue.test/1",
    "confidence": Decimal(1),
}


def quote(asset: str, at: datetime, **options: Any) -> None:
    """Store one quote of an asset, of CoinSpot in AUD unless told otherwise."""
    quotes([asset], at, **options)


def quotes(assets: list[str], at: datetime, **options: Any) -> None:
    """Store one equal quote of each asset."""
    values: dict[str, Any] = {"source": "coinspot", "currency": "AUD", "last": 100}
    values |= {"bid": 99, "ask": 101} | options
    for name in ("bid", "ask", "last"):
        values[name] = None if values[name] is None else Decimal(values[name])
    rows = [_record(Quote, at, asset=asset, quoted_at=at, **values) for asset in assets]
    _keep(Quote, rows, stray_feed(values["source"]), at)


def candles(moments: list[datetime], *, at: datetime | None = None, **options: Any) -> None:
    """Store an equal candle at each moment, of an hour unless told otherwise, as told at `at`."""
    values: dict[str, Any] = {"source": "kraken_ohlc", "asset": "BTC", "currency": "AUD"}
    values |= {"interval": 3600, "open": 100, "high": 110, "low": 90, "close": 105, "volume": 1}
    values |= options
    for name in ("open", "high", "low", "close", "volume"):
        values[name] = Decimal(values[name])
    rows = [_record(Candle, moment, **values) for moment in moments]
    _keep(Candle, rows, stray_feed(values["source"]), at or max(moments))


def article(guid: str, at: datetime, **options: Any) -> None:
    """Store one article."""
    values = {**ARTICLE, **options}
    row = _record(Article, at, guid=guid, published_on=at.date(), **values)
    _keep(Article, [row], stray_feed(f"rss/{values['outlet']}", Ledger.HUMAN), at)


def event(key: str, at: datetime, **options: Any) -> None:
    """Store one event."""
    values = {**EVENT, **options}
    row = _record(Event, at, source_key=key, **values)
    _keep(Event, [row], stray_feed(values["source"], Ledger.CATALYST), at)


def fill(account: Account, key: str, at: datetime, **options: Any) -> None:
    """Store one fill of an account: half a Bitcoin bought for 50 AUD unless told otherwise."""
    values: dict[str, Any] = {"side": "buy", "base": "BTC", "quote": "AUD", "quantity": "0.5"}
    values |= {"price": 100, "fee": 0, "fee_asset": "", "order_id": ""} | options
    for name in ("quantity", "price", "fee"):
        values[name] = Decimal(values[name])
    row = _record(Fill, at, account_id=account.pk, venue_id=key, value=None, **values)
    _keep(Fill, [row], import_feed(account), at)


def transfer(account: Account, key: str, at: datetime, **options: Any) -> None:
    """Store one transfer of an account: a deposit of one Bitcoin unless told otherwise."""
    values: dict[str, Any] = {"kind": "deposit", "asset": "BTC", "quantity": 1, "fee": 0}
    values |= {"fee_asset": "", "match": ""} | options
    for name in ("quantity", "fee"):
        values[name] = Decimal(values[name])
    row = _record(Transfer, at, account_id=account.pk, venue_id=key, value=None, **values)
    _keep(Transfer, [row], import_feed(account), at)


def balance(account: Account, asset: str, quantity: str, at: datetime) -> None:
    """Store what the venue says is there."""
    row = _record(Balance, at, account_id=account.pk, asset=asset, quantity=Decimal(quantity))
    _keep(Balance, [row], import_feed(account), at)


def look(feed: Feed, at: datetime, **options: Any) -> CollectorRun:
    """Make one finished live look at a feed."""
    run = make_run(feed, **{"kind": "live", "finished_at": at, **options})
    CollectorRun.objects.filter(pk=run.pk).update(started_at=at)
    return run


def _record(model: type[Fact], at: datetime, **values: Any) -> Any:
    return model.record(event_at=at, published_at=at, **values)


def _keep(model: type[Fact], rows: list[Any], feed: Feed, at: datetime) -> None:
    store(model, rows, make_run(feed), observed_at=at)
