"""Reading the Catalyst ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from django.db.models import Q
from pydantic import StringConstraints

from agents.quoting import cleaned
from agents.results import EventData, EventRow, Window
from agents.retrieval import observe, plain_source
from agents.tools.human import SymbolOrAll
from agents.tools.registry import Context, Injected, tool
from ledgers.catalyst.companies import companies_of
from ledgers.catalyst.models import Event
from ledgers.erasing import ERASED
from ledgers.models import Feed, Ledger
from ledgers.public_ids import public_id

SPAN = timedelta(days=30)
MOST = 20
COMPANIES = {
    "COIN": "coinbase",
    "MSTR": "strategy inc",
    "RIOT": "riot platforms",
    "MARA": "mara holdings",
    "CLSK": "cleanspark",
    "HUT": "hut 8",
    "GLXY": "galaxy digital",
    "HOOD": "robinhood",
    "CRCL": "circle internet",
}
KINDS = {
    "exchange_listing": ("listing",),
    "exchange_delisting": ("delisting",),
    "exchange_maintenance": ("maintenance",),
    "exchange_announcement": ("announcement", "listing", "delisting", "maintenance", "staking",
                              "fork"),
    "sec_filing": ("sec_filing",),
    "macro": ("macro",),
    "governance": ("governance",),
    "fork": ("fork",),
    "staking": ("staking",),
}  # fmt: skip
ONLY = {"macro": "fed", "governance": "snapshot"}
"""Kinds that one source alone tells of; all others but filings are an exchange's."""
EventType = Annotated[
    str,
    StringConstraints(
        pattern=r"^(all|exchange_(listing|delisting|maintenance|announcement)|sec_filing|macro"
        r"|governance|fork|staking|[0-9A-Z][0-9A-Z-]{0,9}(/A)?)$"
    ),
]


@tool
def get_catalyst_events(
    symbol: SymbolOrAll = "*",
    event_type: EventType = "all",
    *,
    context: Annotated[Context, Injected()],
) -> EventData:
    """Filings, listings, announcements and decisions about an asset or company, newest first.

    `symbol` is an asset's symbol or a company's ticker in upper case (ETH, COIN), or * for all.
    `event_type` is all, sec_filing or an SEC form such as 10-K, exchange_listing,
    exchange_delisting, exchange_maintenance, exchange_announcement, macro, governance, fork or
    staking. Without a window it is the last 30 days; a window may lie in the future.
    """
    pair = context.pair
    window = context.window or Window(start=pair.as_of - SPAN, end=pair.as_of)
    events = Event.objects.at(pair).filter(_about(symbol), _of_type(event_type))
    events = events.filter(event_at__gte=window.start, event_at__lt=window.end)
    rows = events.order_by("-event_at", "-id")[:MOST]
    look = observe(
        Ledger.CATALYST, lambda feed: _could_hold(feed, symbol, event_type), window, pair
    )
    look = look.told()
    found = tuple(_row(event) for event in rows)
    return EventData(
        symbol=symbol,
        event_type=event_type,
        window=window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=look.state(found=bool(found), current=False),
        gaps=look.gaps,
        quality=look.quality,
        count=events.count() if len(found) == MOST else len(found),
        rows=found,
    )


def _about(symbol: str) -> Q:
    """Match an asset, a ticker, or the name of a company whose filings carry no ticker."""
    if symbol == "*":
        return Q()
    name = COMPANIES.get(symbol)
    named = Q(company__icontains=name) if name else Q()
    about = Q(assets__contains=[symbol]) | Q(tickers__contains=[symbol])
    return about | named if name else about


def _of_type(event_type: str) -> Q:
    if event_type == "all":
        return Q()
    if event_type in KINDS:
        return Q(kind__in=KINDS[event_type])
    return Q(kind=Event.Kind.SEC_FILING, form__in=[event_type, f"{event_type}/A"])


def _could_hold(feed: Feed, symbol: str, event_type: str) -> bool:
    """Tell whether a feed must have looked before the absence of such events means anything."""
    source = plain_source(feed)
    if source == "sec":
        is_filing = event_type in ("all", "sec_filing") or event_type not in KINDS
        return is_filing and _could_hold_filing(feed.scope, symbol, event_type)
    if event_type in ONLY:
        return source == ONLY[event_type]
    is_of_exchange = event_type in KINDS and event_type != "sec_filing"
    return event_type == "all" or (is_of_exchange and source not in ONLY.values())


def _could_hold_filing(scope: str, symbol: str, event_type: str) -> bool:
    """Ask a watched company's own list, which is whole; for all others the newest of each form."""
    kind, _, name = scope.partition("/")
    watched = [company.scope for company in companies_of(symbol)]
    if kind == "submissions":
        return scope in watched
    any_form = event_type in ("all", "sec_filing", name) or name in ("", "all")
    return any_form and not (watched and kind == "current")


def _row(event: Event) -> EventRow:
    return EventRow(
        id=public_id(event),
        at=event.event_at,
        known_at=event.known_at,
        source=event.source,
        kind=event.kind,
        title=cleaned(event.title) or ERASED,
        company=cleaned(event.company),
        tickers=tuple(event.tickers),
        assets=tuple(event.assets),
        form=cleaned(event.form),
        impact=event.impact,
        url=cleaned(event.url),
    )
