"""Reading what happened around an asset across the ledgers: written, filed, announced, traded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from django.db import connection

from agents.evidence import Evidence, Telling, quotable, told
from agents.plans import Step
from agents.quoting import cleaned
from agents.results import Result, Row, Window
from agents.retrieval import observe_all, plain_source
from agents.telling.phrases import between, exact, quote, there_were, written
from agents.tools.glass import Symbol
from agents.tools.registry import Context, Injected, tool
from ledgers.erasing import ERASED
from ledgers.models import Feed, Ledger

SPAN = timedelta(days=7)
MOST, SHOWN = 20, 8
LEDGERS = (Ledger.HUMAN, Ledger.CATALYST, Ledger.EXCHANGE)
NO_STORY = ("alternative_me", "vader", "scores")
"""Feeds that bring no item of a timeline."""
NEWEST = """
    SELECT f.event_at, f.known_at, '{name}.' || f.id, {source}, {kind}, {title}, {quantity}
    FROM {table} f {join}
    WHERE f.event_at >= %(start)s AND f.event_at < %(end)s AND NOT f.withdrawn
      AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s AND {about}
      AND NOT EXISTS (
          SELECT 1 FROM {table} later WHERE later.revision > f.revision AND {same}
            AND later.available_at <= %(as_of)s AND later.known_at <= %(horizon)s
      )
"""
NAMED = "f.assets @> ARRAY[%(symbol)s]::varchar[]"
TRADED = "f.base = %(symbol)s"
OWN = "JOIN exchange_account a ON a.id = f.account_id AND a.user_id = %(user)s"
PARTS: tuple[dict[str, str], ...] = (
    {"table": "human_article", "name": "human.article", "source": "f.outlet", "kind": "'article'",
     "title": "f.title", "quantity": "NULL::numeric", "join": "", "about": NAMED,
     "same": "later.outlet = f.outlet AND later.guid = f.guid AND "
             "later.published_on = f.published_on"},
    {"table": "human_post", "name": "human.post", "source": "f.source", "kind": "'post'",
     "title": "f.title", "quantity": "NULL::numeric", "join": "", "about": NAMED,
     "same": "later.source = f.source AND later.post_id = f.post_id"},
    {"table": "catalyst_event", "name": "catalyst.event", "source": "f.source", "kind": "f.kind",
     "title": "f.title", "quantity": "NULL::numeric", "join": "", "about": NAMED,
     "same": "later.source = f.source AND later.source_key = f.source_key"},
    {"table": "exchange_order", "name": "exchange.order", "source": "a.venue",
     "kind": "'order, ' || f.side || ', ' || f.status", "title": "''", "quantity": "f.quantity",
     "join": OWN, "about": TRADED,
     "same": "later.account_id = f.account_id AND later.order_id = f.order_id"},
    {"table": "exchange_fill", "name": "exchange.fill", "source": "a.venue",
     "kind": "'fill, ' || f.side", "title": "''", "quantity": "f.quantity",
     "join": OWN, "about": TRADED,
     "same": "later.account_id = f.account_id AND later.venue_id = f.venue_id"},
)  # fmt: skip
TIMELINE = f"""
    WITH item AS MATERIALIZED (
        {" UNION ALL ".join(NEWEST.format(**part) for part in PARTS)}
    )
    SELECT *, (SELECT count(*) FROM item) FROM item ORDER BY 1 DESC, 3 DESC LIMIT %(most)s
"""


class TimelineRow(Row):
    """One thing that happened; `quantity` only of the user's own orders and fills."""

    kind: str
    title: str
    quantity: Decimal | None


class TimelineData(Result):
    """What happened around an asset, newest first."""

    rows: tuple[TimelineRow, ...]


def _tell(_: int, step: Step, data: TimelineData) -> Iterator[Evidence]:
    """Yield how much happened, and the newest of it."""
    yield Evidence(
        field="count", value=Decimal(data.count), unit="items",
        assets=(data.symbol,), window=data.window, label=step.label,
        rows=tuple(row.id for row in data.rows), over="count of items in the window",
    )  # fmt: skip
    for row in data.rows[:SHOWN]:
        kinds = tuple(row.kind.replace(",", "").split())
        words = (*kinds, *row.kind.split("_"), row.source)
        yield Evidence(
            field="quantity" if row.quantity is not None else "item",
            value=row.quantity, unit=data.symbol if row.quantity is not None else "",
            assets=(data.symbol,), words=(row.kind, *words), times=(row.at,), rows=(row.id,),
            text=quotable(row.title),
        )  # fmt: skip


def _say(_: Step, own: Sequence[Evidence]) -> Iterator[str]:
    """Say how much there was, then item by item."""
    count, *rest = own
    yield f"{there_were(count, 'items')} about {count.assets[0]} {between(count)} [{count.key}]."
    for one in rest:
        kind = one.words[0].replace("_", " ")
        if one.field == "quantity":
            when = written(one.times[0])
            yield f"At {when}: {kind}, quantity {exact(one)} {one.unit} [{one.key}]."
        else:
            yield quote(one, f", {kind}")


@told(Telling(evidence=_tell, draft=_say, subject="What happened", ledger="four"))
@tool
def get_timeline(
    symbol: Symbol,
    *,
    context: Annotated[Context, Injected()],
) -> TimelineData:
    """What happened around an asset across the ledgers, newest first.

    News, posts, filings, announcements, and the orders and fills of the user who asks. `symbol`
    is the asset's symbol in upper case, such as ETH. Without a window it is the last 7 days.
    """
    pair = context.pair
    window = context.window or Window(start=pair.as_of - SPAN, end=pair.as_of)
    question: dict[str, Any] = {
        "symbol": symbol,
        "user": context.user_id,
        "start": window.start,
        "end": window.end,
        "as_of": pair.as_of,
        "horizon": pair.horizon,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(TIMELINE, question)
        found = cursor.fetchall()
    look = observe_all(LEDGERS, _brings, window, pair, user_id=context.user_id).told()
    return TimelineData(
        symbol=symbol,
        window=window,
        as_of=pair.as_of,
        horizon=pair.horizon,
        state=look.state(found=bool(found), current=False),
        gaps=look.gaps,
        quality=look.quality,
        count=found[0][-1] if found else 0,
        rows=tuple(_row(*row) for row in found),
    )


def _brings(feed: Feed) -> bool:
    return plain_source(feed) not in NO_STORY


def _row(*row: Any) -> TimelineRow:
    at, known_at, fact_id, source, kind, title, quantity, _ = row
    is_own = quantity is not None
    return TimelineRow(
        id=fact_id,
        at=at,
        known_at=known_at,
        source=cleaned(source),
        kind=kind,
        title="" if is_own else cleaned(title) or ERASED,
        quantity=quantity,
    )
