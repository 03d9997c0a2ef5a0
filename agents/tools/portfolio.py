"""Reading what a user's accounts hold and have earned: only ever of the user the server names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import StringConstraints

from agents.books import Books, Source, books_of
from agents.results import (
    Earned,
    FeedQuality,
    PnlData,
    Position,
    PositionData,
    Quality,
    SourceRow,
    State,
    Window,
)
from agents.retrieval import Observation, observe
from agents.tools.registry import Context, Injected, ToolError, tool
from ledgers.feeds import State as Level
from ledgers.models import Ledger
from trading.core.valuation import Amounts
from trading.histories import UnbookableError
from trading.pricing import Price

HeldSymbol = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z0-9]{1,30})$")]


@tool
def get_positions(
    user_id: Annotated[int, Injected()],
    symbol: HeldSymbol = "*",
    *,
    context: Annotated[Context, Injected()],
) -> PositionData:
    """What the user who asks holds, over all accounts, and what it is worth at the bid.

    `symbol` is an asset's symbol in upper case, or * for everything, cash too. It is what was
    held at the end of the window, by default now. An asset without a price stands at its cost and
    is named in `missing`.
    """
    at, pair = _moment(context), context.pair
    books = _books(user_id, context, at)
    look = observe(Ledger.EXCHANGE, lambda _: True, Window(start=at, end=at), pair, user_id=user_id)
    positions = tuple(_positions(books, symbol)) if books else ()
    chosen = books.missing if books and symbol == "*" else ()
    whole = books.whole.equity if books and symbol == "*" else None
    return PositionData(
        symbol=symbol,
        window=context.window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=_state(look, books),
        gaps=look.gaps,
        quality=_quality(look, books),
        count=len(positions),
        base_currency=books.currency if books else "",
        total=whole,
        missing=tuple(chosen),
        positions=positions,
        rows=tuple(_rows(books, [one.symbol for one in positions])) if books else (),
    )


@tool
def get_pnl(
    user_id: Annotated[int, Injected()],
    symbol: HeldSymbol = "*",
    *,
    context: Annotated[Context, Injected()],
) -> PnlData:
    """What the user who asks has earned: realised, unrealised, income and fees.

    `symbol` is an asset's symbol in upper case, or * for everything. Without a window it is
    everything up to now; with one, what came about within it. Lots are matched by the method of
    each account; see docs/pnl.md for what each amount means.
    """
    at, pair, window = _moment(context), context.pair, context.window
    books = _books(user_id, context, at, since=window.start if window else None)
    looked = window or Window(start=at, end=at)
    look = observe(Ledger.EXCHANGE, lambda _: True, looked, pair, user_id=user_id)
    parts = tuple(_parts(books, symbol)) if books else ()
    total = _earned("*", books.whole, books.before.get("*"), ()) if books else None
    return PnlData(
        symbol=symbol,
        window=window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=_state(look, books) if parts else look.state(found=False, current=False),
        gaps=look.gaps,
        quality=_quality(look, books),
        count=len(parts),
        base_currency=books.currency if books else "",
        method=books.method if books else "",
        missing=books.missing if books else (),
        total=_backed(total, parts) if total else None,
        parts=parts,
        rows=tuple(_rows(books, [one.symbol for one in parts])) if books else (),
    )


def _moment(context: Context) -> datetime:
    """Return the end of the window, as far as it is known."""
    end = context.window.end if context.window else context.pair.as_of
    return min(end, context.pair.as_of)


def _books(
    user_id: int, context: Context, at: datetime, *, since: datetime | None = None
) -> Books | None:
    try:
        return books_of(user_id, context.pair, at=at, since=since)
    except UnbookableError as error:
        raise ToolError(f"{error} Nothing is computed without it.") from error


def _positions(books: Books, symbol: str) -> Iterator[Position]:
    """Yield the holdings, those of one asset in several accounts as one."""
    assets = dict.fromkeys(one.asset for one in books.holdings if symbol in ("*", one.asset))
    made = [_position(books, asset) for asset in assets]
    yield from sorted(made, key=lambda one: (-one.value, one.symbol))


def _position(books: Books, asset: str) -> Position:
    own = [one for one in books.holdings if one.asset == asset]
    price = _price_of(books, asset)
    return Position(
        symbol=asset,
        quantity=sum((one.quantity for one in own), Decimal(0)),
        cost=sum((one.cost for one in own), Decimal(0)),
        value=sum((one.value for one in own), Decimal(0)),
        unrealized=sum((one.unrealized for one in own), Decimal(0)),
        price=price.value if price else None,
        price_id=price.id if price else "",
        is_missing=any(one.is_missing for one in own),
        entries=tuple(source.id for source in books.sources.get(asset, ())),
    )


def _price_of(books: Books, asset: str) -> Price | None:
    return next((one.price for one in books.holdings if one.asset == asset and one.price), None)


def _parts(books: Books, symbol: str) -> Iterator[Earned]:
    """Yield what came of each asset that was ever traded, cash apart."""
    for line in books.lines:
        if symbol == line.key or (symbol == "*" and line.key != books.currency):
            entries = tuple(source.id for source in books.sources.get(line.key, ()))
            yield _earned(line.key, line.amounts, books.before.get(line.key), entries)


def _earned(symbol: str, now: Amounts, before: Amounts | None, entries: tuple[str, ...]) -> Earned:
    """Return the amounts of a moment, or how they grew since another; equity stays what it is."""

    def grown(name: str) -> Decimal:
        value: Decimal = getattr(now, name)
        return value - getattr(before, name) if before else value

    return Earned(
        symbol=symbol,
        realized=grown("realized") + grown("realized_unmatched"),
        unrealized=grown("unrealized"),
        income=grown("income"),
        fees=grown("fees"),
        flows=grown("flows"),
        equity=now.equity,
        entries=entries,
    )


def _backed(total: Earned, parts: Sequence[Earned]) -> Earned:
    """Name the rows of all parts as those of the whole."""
    entries = dict.fromkeys(entry for part in parts for entry in part.entries)
    return total.model_copy(update={"entries": tuple(entries)})


def _rows(books: Books, symbols: Sequence[str]) -> Iterator[SourceRow]:
    """Yield the stored rows behind these assets: their newest entries, and their prices."""
    found: dict[str, tuple[str, Source]] = {}
    for symbol in symbols:
        for source in books.sources.get(symbol, ()):
            found.setdefault(source.id, (symbol, source))
    for symbol, source in found.values():
        yield SourceRow(
            id=source.id,
            at=source.at,
            known_at=source.known_at,
            source=source.id.rpartition(".")[0],
            role="entry",
            symbol=symbol,
        )
    for symbol in symbols:
        if price := _price_of(books, symbol):
            yield SourceRow(
                id=price.id,
                at=price.at,
                known_at=price.at,
                source=price.source,
                role="price",
                symbol=symbol,
                price=price.value,
                field=price.field,
            )


def _state(look: Observation, books: Books | None) -> State:
    """Say what the positions are worth: a doubted price makes all of them stale."""
    if books is None:
        return look.state(found=False, current=False)
    priced = [one.price for one in books.holdings if one.price]
    return State.STALE if any(one.state >= Level.STALE for one in priced) else State.VALUE


def _quality(look: Observation, books: Books | None) -> Quality:
    """Return the worst of the accounts' feeds and the feeds of the prices."""
    prices = {one.price.feed: one.price for one in books.holdings if one.price} if books else {}
    found = look.quality
    feeds = (*found.feeds, *(_feed(price) for price in prices.values()))
    worst = max(prices.values(), key=lambda one: one.state, default=None)
    if worst is None or (found.feeds and worst.state <= Level[found.state.upper()]):
        return found.model_copy(update={"feeds": feeds})
    return Quality(state=worst.state.name.lower(), reason=worst.reason, since=worst.at, feeds=feeds)


def _feed(price: Price) -> FeedQuality:
    return FeedQuality(feed=price.feed, state=price.state.name.lower(), covered_until=price.at)
