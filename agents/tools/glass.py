"""Reading the Glass ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from django.conf import settings
from pydantic import StringConstraints

from agents.prices import best, candidates, newest, row_of, telling
from agents.results import PriceData, State, Window
from agents.retrieval import Observation, observe
from agents.tools.registry import Context, Injected, tool
from agents.tools.windows import Timeframe, window_of
from ledgers.models import Ledger

CURRENCY = "AUD"
IN_STEP = ("fresh", "late")
MAX_AGE = timedelta(days=1)
RECENT = timedelta(hours=1)
Symbol = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,30}$")]


@tool
def get_price_data(
    symbol: Symbol,
    timeframe: Timeframe = "latest",
    *,
    context: Annotated[Context, Injected()],
) -> PriceData:
    """Prices of one asset in AUD: the newest quote, or how a window of time went.

    `symbol` is the asset's symbol in upper case, such as BTC. `timeframe` is latest (the newest
    quote), a span that ends now (1h, 12h, 24h, 7d, 14d, 30d, 90d, 1y), ytd or mtd (since the
    year or month began, UTC), or range with an explicit window. A window answers with its first,
    last, highest and lowest row, the last row of each day, and the mean and count of all rows.
    """
    window = context.window or window_of(timeframe, context.pair.as_of)
    found, look = _latest(symbol, context) if window is None else _told(symbol, context, window)
    rows = found["rows"]
    return PriceData(
        symbol=symbol,
        timeframe=timeframe,
        window=window,
        as_of=context.pair.as_of,
        horizon=context.pair.horizon,
        gaps=look.gaps,
        quality=look.quality,
        currency=CURRENCY,
        source=rows[0].source if rows else "",
        **found,
    )


def _latest(symbol: str, context: Context) -> tuple[dict[str, Any], Observation]:
    """Read the newest quote of the first source in step, else the newest of all."""
    pair = context.pair
    found = newest(symbol, CURRENCY, settings.OMC_PRICE_SOURCES, pair)
    seen = _observed(Window(start=pair.as_of - RECENT, end=pair.as_of), context)
    in_step = [one for one in found if seen.only(one.feed).quality.state in IN_STEP]
    youngest = max(found, key=lambda one: one.quote.quoted_at, default=None)
    chosen = in_step[0] if in_step else youngest
    look = seen.only(chosen.feed) if chosen else seen.told()
    state = look.state(found=chosen is not None, current=True)
    if chosen and pair.as_of - chosen.quote.quoted_at > MAX_AGE:
        state = State.STALE
    rows = (row_of(chosen.quote),) if chosen else ()
    return {"rows": rows, "count": len(rows), "mean": None, "state": state}, look


def _told(symbol: str, context: Context, window: Window) -> tuple[dict[str, Any], Observation]:
    """Read the telling rows of a window from the series that reaches back best."""
    pair = context.pair
    series = best(candidates(symbol, CURRENCY, settings.OMC_PRICE_SOURCES, window, pair), window)
    told = telling(symbol, CURRENCY, series, window, pair) if series else None
    seen = _observed(window, context)
    look = seen.only(series.feed) if series else seen.told()
    state = look.state(found=bool(told and told.rows), current=False)
    if told is None:
        return {"rows": (), "count": 0, "mean": None, "state": state}, look
    return {"rows": told.rows, "count": told.count, "mean": told.mean, "state": state}, look


def _observed(window: Window, context: Context) -> Observation:
    """Ask what the feeds of all price sources have looked at."""
    sources = set(settings.OMC_PRICE_SOURCES)
    return observe(Ledger.GLASS, lambda feed: feed.source in sources, window, context.pair)
