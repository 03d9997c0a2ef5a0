"""The read of `get_sentiment_data`: articles, posts and moods of a window, with their scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from agents.quoting import cleaned
from agents.results import SentimentRow, Window
from ledgers.erasing import ERASED
from ledgers.reading import Pair

MOST = 20
SCORED = """
    SELECT %(name)s AS kind, f.id, f.event_at, f.known_at, f.source, f.{outlet} AS outlet, f.title,
           f.url, s.value
    FROM {table} f LEFT JOIN LATERAL (
        SELECT c.value FROM human_score c
        WHERE c.item = %(name)s || f.id
          AND c.available_at <= %(as_of)s AND c.known_at <= %(horizon)s AND NOT c.withdrawn
        ORDER BY c.known_at DESC, c.id DESC LIMIT 1
    ) s ON true
    WHERE f.event_at >= %(start)s AND f.event_at < %(end)s AND NOT f.withdrawn
      AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
      AND (%(symbol)s = '*' OR f.assets @> ARRAY[%(symbol)s]::varchar[])
      AND ({filter})
      AND NOT EXISTS (
          SELECT 1 FROM {table} later
          WHERE later.revision > f.revision AND {same}
            AND later.available_at <= %(as_of)s AND later.known_at <= %(horizon)s
      )
"""
MOODS = """
    SELECT 'human.mood.' AS kind, f.id, f.event_at, f.known_at, f.source, f.source AS outlet,
           f.label AS title, '' AS url, f.value::numeric
    FROM human_mood f
    WHERE f.event_at >= %(start)s AND f.event_at < %(end)s AND NOT f.withdrawn
      AND f.available_at <= %(as_of)s AND f.known_at <= %(horizon)s
      AND NOT EXISTS (
          SELECT 1 FROM human_mood later
          WHERE later.revision > f.revision
            AND later.source = f.source AND later.event_at = f.event_at
            AND later.available_at <= %(as_of)s AND later.known_at <= %(horizon)s
      )
"""
NEWEST = """
    WITH found AS MATERIALIZED ({rows})
    SELECT *, (SELECT count(*) FROM found), (SELECT count(value) FROM found),
           (SELECT avg(value) FROM found)
    FROM found ORDER BY event_at DESC, kind, id DESC LIMIT %(most)s
"""
ARTICLE = "human.article."
POST = "human.post."
SAME = {
    ARTICLE: "later.outlet = f.outlet AND later.guid = f.guid "
    "AND later.published_on = f.published_on",
    POST: "later.source = f.source AND later.post_id = f.post_id",
}
SOCIAL = {"social": "true", "reddit": "f.source LIKE '%%reddit'", "hn": "f.source LIKE '%%hn'"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """The newest items of a window; `count`, `scored` and `mean` are of the whole window."""

    rows: tuple[SentimentRow, ...]
    count: int
    scored: int
    mean: Decimal | None


def mentions(symbol: str, source: str, window: Window, pair: Pair) -> Mentions:
    """Return what a source wrote about an asset in a window, newest first; one query."""
    question: dict[str, Any] = {
        "symbol": symbol,
        "outlet": source,
        "start": window.start,
        "end": window.end,
        "as_of": pair.as_of,
        "horizon": pair.horizon,
        "most": MOST,
    }
    with connection.cursor() as cursor:
        cursor.execute(NEWEST.format(rows=_rows_of(source)), question)
        found = cursor.fetchall()
    count, scored, mean = found[0][-3:] if found else (0, 0, None)
    return Mentions(rows=tuple(_rows(found)), count=count, scored=scored, mean=mean)


def _rows_of(source: str) -> str:
    """Return the SQL of the items of one kind of source, or of one outlet."""
    if source == "fear_greed":
        return MOODS
    if source in SOCIAL:
        return _scored(POST, SOCIAL[source])
    if source == "news":
        return _scored(ARTICLE, "true")
    if source != "all":
        return _scored(ARTICLE, "lower(f.outlet) = %(outlet)s")
    return f"{_scored(ARTICLE, 'true')} UNION ALL {_scored(POST, 'true')}"


def _scored(name: str, condition: str) -> str:
    table, outlet = ("human_article", "outlet") if name == ARTICLE else ("human_post", "channel")
    shaped = SCORED.format(table=table, outlet=outlet, filter=condition, same=SAME[name])
    return shaped.replace("%(name)s", f"'{name}'")


def _rows(found: list[tuple[Any, ...]]) -> Iterator[SentimentRow]:
    for kind, pk, event_at, known_at, source, outlet, title, url, score, *_ in found:
        yield SentimentRow(
            id=f"{kind}{pk}",
            at=event_at,
            known_at=known_at,
            source=source,
            kind=kind.split(".")[1],
            outlet=cleaned(outlet),
            title=cleaned(title) or ERASED,
            score=score,
            url=cleaned(url),
        )
