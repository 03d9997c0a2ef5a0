"""The operator's first page: what is wrong comes first, then what the ledgers hold.

Everything is read as of one pair. A room that is not installed shows nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from ledgers.admin import COLOURS, OUTCOMES, age_of, ago, stamp
from ledgers.checks import fact_models
from ledgers.collecting.registry import expected_feeds
from ledgers.counting import rows_about
from ledgers.feeds import FeedState, State, states, worst
from ledgers.glass.models import Quote
from ledgers.models import CollectorRun, Fact, Feed, Ledger
from ledgers.reading import Pair, pair
from quality.admin import COLOURS as LEVELS
from quality.models import Alert
from trading.histories import UnbookableError
from trading.models import AccountPnl
from trading.services import pnl_of
from trading.writing import money

MAX_FEEDS = 6
MAX_RUNS = 8
MAX_ALERTS = 8
CHART_DAYS = timedelta(days=30)
CHART_STEP = timedelta(hours=6)
CHART_ASSET, CHART_CURRENCY = "BTC", "AUD"
VIEWS = {"quote": "quoterow", "candle": "candlerow"}
"""Tables with composite keys, and the views that the admin shows in their place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One figure at the top of the page."""

    title: str
    value: str
    note: str
    label: str = ""
    colour: str = "info"
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLine:
    """One feed: its state, and how long ago somebody looked."""

    name: str
    state: str
    colour: str
    age: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table and about how many rows it has."""

    name: str
    rows: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """One ledger: its worst state, its feeds with the worst on top, its tables."""

    name: str
    state: str
    colour: str
    feeds: Sequence[FeedLine]
    more: int
    tables: Sequence[Table]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """One look at one feed."""

    feed: str
    at: str
    outcome: str
    colour: str
    note: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertLine:
    """One thing that is wrong, and since when."""

    subject: str
    message: str
    level: str
    colour: str
    age: str
    href: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Fill the admin's index page; unfold's callback."""
    now = pair()
    judged = states(_feeds(), now)
    cards = [
        _feeds_card(judged),
        _price_card(newest_price(now, judged)),
        *_profit_cards(request, now),
    ]
    context |= {
        "cards": cards,
        "chart": _chart(now),
        "chart_title": f"{CHART_ASSET} in {CHART_CURRENCY}, {CHART_DAYS.days} days",
        "alerts": list(_alerts(request)),
        "alerts_title": "Open alerts",
        "no_alerts": "No open alert.",
        "rooms": _rooms(judged, request),
        "feeds_page": _page(Feed),
        "runs": list(_runs()),
        "zone": timezone.get_current_timezone_name(),
        "as_of": stamp(now.as_of),
    }
    return context


def zone_badge(request: HttpRequest) -> list[str]:  # noqa: ARG001  # unfold's signature
    """Say on every page in which zone its times are; unfold's callback."""
    return [f"Times in {timezone.get_current_timezone_name()}", "default"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """The newest quote of the preferred source, and the state of its feed."""

    quote: Quote
    state: FeedState | None


def newest_price(now: Pair, judged: Sequence[FeedState]) -> Price | None:
    """Return the quote of the first source that is fresh, else the newest of all."""
    by_source = {state.feed: state for state in judged}
    found = [
        Price(quote=quote, state=by_source.get(source))
        for source in settings.OMC_PRICE_SOURCES
        for quote in Quote.objects.newest(
            [CHART_ASSET], source=source, currency=CHART_CURRENCY, pair=now
        ).values()
    ]
    fresh = (price for price in found if price.state and price.state.state == State.FRESH)
    newest = max(found, key=lambda price: price.quote.quoted_at, default=None)
    return next(fresh, newest)


def _feeds() -> list[Feed]:
    """Return every feed, also those that should be looked at and never were."""
    expected = {feed.name: feed for feed in expected_feeds()}
    return list((expected | {feed.name: feed for feed in Feed.objects.all()}).values())


def _feeds_card(judged: Sequence[FeedState]) -> Card:
    fresh = sum(state.state == State.FRESH for state in judged)
    bad = worst(judged)
    return Card(
        title="Fresh feeds",
        value=f"{fresh} of {len(judged)}",
        note=bad.reason if bad and bad.state != State.FRESH else "All feeds are looked at in time.",
        label=bad.label if bad else "none",
        colour=COLOURS[bad.label] if bad else "info",
        href=_page(Feed),
    )


def _price_card(price: Price | None) -> Card:
    title = f"{CHART_ASSET} in {CHART_CURRENCY}"
    if price is None:
        sources = ", ".join(settings.OMC_PRICE_SOURCES)
        note = f"None of {sources} has quoted it. Look at the last runs."
        return Card(title=title, value="not observed", note=note, label="unknown")
    quote, state = price.quote, price.state
    return Card(
        title=title,
        value=_money(quote.last or quote.bid or quote.ask),
        note=f"{quote.source}, {stamp(quote.quoted_at)}. Bid {_money(quote.bid)}.",
        label=state.label if state else "unknown",
        colour=COLOURS[state.label] if state else "info",
        href=f"{_page(Quote)}?q={CHART_ASSET}",
    )


def _profit_cards(request: HttpRequest, now: Pair) -> Iterator[Card]:
    """Yield what an account is worth: the reader's first own one, else the first there is."""
    if not _may_see(request, AccountPnl):
        return
    own = AccountPnl.objects.filter(user_id=request.user.pk or 0)
    account = own.first() or AccountPnl.objects.first()
    if account is None:
        return
    title = f"Equity of {account.name}"
    href = f"{_page(AccountPnl)}{account.pk}/change/"
    try:
        report = pnl_of(account.user_id, pair=now, account_id=account.pk)
    except UnbookableError as error:
        yield Card(title=title, value="refused", note=str(error), label="refused", href=href)
        return
    nothing = Decimal(0)
    realized, unrealized = report.realized or nothing, report.unrealized or nothing
    yield Card(
        title=title,
        value=f"{money(report.equity or nothing)} {account.base_currency}",
        note=f"Realized {money(realized)}, unrealized {money(unrealized)}."
        if report.complete
        else f"Without a known worth: {', '.join(report.missing)}.",
        label="complete" if report.complete else "incomplete",
        colour="success" if report.complete else "warning",
        href=href,
    )


def _chart(now: Pair) -> str:
    """Return the chart's data: the last price of each step, of the first source that has one."""
    steps: dict[int, Quote] = {}
    since = now.as_of - CHART_DAYS
    for source in settings.OMC_PRICE_SOURCES:
        series = (source, CHART_ASSET, CHART_CURRENCY)
        for quote in Quote.objects.sampled(series, since=since, step=CHART_STEP, pair=now):
            steps.setdefault((quote.event_at - since) // CHART_STEP, quote)
    points = [steps[step] for step in sorted(steps)]
    if not points:
        return ""
    data = {
        "labels": [f"{timezone.localtime(quote.quoted_at):%-d %b}" for quote in points],
        "datasets": [
            {
                "label": f"{CHART_ASSET}/{CHART_CURRENCY}",
                "data": [str(quote.last or quote.bid or quote.ask) for quote in points],
                "borderColor": "var(--color-primary-500)",
                "displayYAxis": True,
                "maxTicksXLimit": 6,
            }
        ],
    }
    return json.dumps(data)


def _rooms(judged: Sequence[FeedState], request: HttpRequest) -> list[Room]:
    """Return the four ledgers, the worst first."""
    by_ledger: dict[str, list[FeedState]] = {ledger.value: [] for ledger in Ledger}
    for state in judged:
        by_ledger[state.ledger].append(state)
    rooms = sorted(by_ledger.items(), key=lambda room: -_badness(room[1]))
    return [_room(ledger, feeds, request) for ledger, feeds in rooms]


def _room(ledger: str, feeds: list[FeedState], request: HttpRequest) -> Room:
    bad = worst(feeds)
    label = bad.label if bad else "unknown"
    ordered = sorted(feeds, key=lambda state: (-state.state, state.feed))
    return Room(
        name=Ledger(ledger).label,
        state=label if bad else "no feed yet",
        colour=COLOURS[label],
        feeds=[_line(state) for state in ordered[:MAX_FEEDS]],
        more=max(0, len(ordered) - MAX_FEEDS),
        tables=[
            _table(table)
            for table in fact_models()
            if table.ledger == ledger and _may_see(request, table)
        ],
    )


def _may_see(request: HttpRequest, model: type[Model]) -> bool:
    """Tell whether the reader may open the list of a model."""
    name = VIEWS.get(str(model._meta.model_name), model._meta.model_name)
    return bool(request.user.has_perm(f"{model._meta.app_label}.view_{name}"))


def _badness(feeds: Iterable[FeedState]) -> int:
    bad = worst(feeds)
    return int(bad.state) if bad else -1


def _line(state: FeedState) -> FeedLine:
    return FeedLine(
        name=state.feed,
        state=state.label,
        colour=COLOURS[state.label],
        age=age_of(state),
        reason=state.reason,
    )


def _table(table: type[Fact]) -> Table:
    rows: Any = table._default_manager.all()
    if table.ledger == Ledger.EXCHANGE:
        rows = rows.of_everyone()
    count, is_exact = rows_about(rows)
    name = str(table._meta.verbose_name_plural)
    return Table(
        name=name.capitalize(), rows=f"{count:,}" if is_exact else f"~{count:,}", href=_page(table)
    )


def _alerts(request: HttpRequest) -> Iterator[AlertLine]:
    """Yield what stands and is not silenced, the worst first, to who may see alerts."""
    if not request.user.has_perm("quality.view_alert"):
        return
    for alert in Alert.objects.standing().exclude(state=Alert.State.SNOOZED)[:MAX_ALERTS]:
        yield AlertLine(
            subject=alert.subject,
            message=alert.message,
            level=alert.get_level_display(),
            colour=LEVELS[alert.get_level_display()],
            age=ago(alert.opened_at),
            href=f"{_page(Alert)}{alert.pk}/change/",
        )


def _runs() -> Iterator[RunLine]:
    for run in CollectorRun.objects.all()[:MAX_RUNS]:
        counts = f"{run.new} new, {run.revised} revised, {run.duplicate} known"
        rejected = f", {run.rejected} rejected" if run.rejected else ""
        yield RunLine(
            feed=run.feed_id,
            at=ago(run.started_at),
            outcome=run.outcome.replace("_", " "),
            colour=OUTCOMES[run.outcome],
            note=run.error or counts + rejected,
            href=f"{_page(CollectorRun)}{run.pk}/change/",
        )


def _page(model: type[Model]) -> str:
    """Return the admin's list of a model, or nothing if it has none."""
    name = VIEWS.get(str(model._meta.model_name), model._meta.model_name)
    try:
        return reverse(f"admin:{model._meta.app_label}_{name}_changelist")
    except NoReverseMatch:
        return ""


def _money(value: Decimal | None) -> str:
    """Write a price for a person; the ledger keeps every digit."""
    return "-" if value is None else f"{value:,.2f}" if abs(value) >= 1 else f"{value:,.6f}"
