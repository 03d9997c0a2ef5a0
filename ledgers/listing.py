"""Lists of facts by key, newest first: no OFFSET, and rows that arrive meanwhile move nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import CompositePrimaryKey, Q, QuerySet

from ledgers.checks import fact_models
from ledgers.counting import planned_rows
from ledgers.models import Fact, Ledger
from ledgers.questions import Key, Position, Question
from ledgers.reading import Pair

ASSET_FIELDS = ("asset", "base", "quote")
"""Fields that hold one symbol; `assets` holds several."""

REACHES = [timedelta(minutes=1), timedelta(minutes=15), timedelta(hours=2)]
BEGINNING = datetime(2008, 1, 1, tzinfo=UTC)
GUESSES = 40
FEW = 5000
"""So many rows are sorted in no time: no shorter reach is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The rows of one page, and the cursor of the next, if there is one."""

    rows: Sequence[Fact]
    cursor: str | None


def list_rows(tables: Sequence[type[Fact]], question: Question, *, user_id: int) -> Page:
    """Return one page over one or several tables, newest event first; one query a table.

    Rows of one moment are ordered by table, then by key. Of the Exchange ledger only the user's
    own rows are seen.
    """
    rows: list[Fact] = []
    for table in tables:
        rows.extend(_part(_asked(table, question, user_id), question))
    rows.sort(key=_order, reverse=True)
    page = rows[: question.limit]
    is_last = len(rows) <= question.limit
    return Page(rows=page, cursor=None if is_last else question.cursor(_position(page[-1])))


def tables_with_assets() -> list[type[Fact]]:
    """Return the tables whose rows name assets."""
    return [table for table in fact_models() if asset_fields(table)]


def asset_fields(table: type[Fact]) -> list[str]:
    """Return the fields of a table that name assets."""
    own = {field.name for field in table._meta.concrete_fields}
    return [name for name in (*ASSET_FIELDS, "assets") if name in own]


def newest_revision(fact: Fact, pair: Pair) -> Fact | None:
    """Return the newest revision of a fact's identity that the pair sees; None if it sees none."""
    same: dict[str, Any] = {name: getattr(fact, name) for name in fact.identity}
    rows: Any = type(fact).objects.filter(**same)
    if fact.ledger == Ledger.EXCHANGE:
        rows = rows.for_account(fact.account_id)  # type: ignore[attr-defined]  # an owned fact
    newest: Fact | None = rows.seen(pair).order_by("-revision").first()
    return newest


def _asked(table: type[Fact], question: Question, user_id: int) -> QuerySet[Any]:
    """Return what the question asks of one table, unordered."""
    rows: Any = table.objects.all()
    if table.ledger == Ledger.EXCHANGE:
        rows = rows.for_user(user_id)
    rows = rows.seen(question.pair) if question.revisions else rows.at(question.pair)
    return _narrowed(rows, question)


def _narrowed(rows: QuerySet[Any], question: Question) -> QuerySet[Any]:
    """Return only rows of the asked window, asset and other fields."""
    if question.since:
        rows = rows.filter(event_at__gte=question.since)
    if question.until:
        rows = rows.filter(event_at__lt=question.until)
    if question.asset:
        rows = rows.filter(_names(rows.model, question.asset))
    return rows.filter(**question.filters)


def _names(table: type[Fact], symbol: str) -> Q:
    condition = Q()
    for name in asset_fields(table):
        condition |= Q(assets__contains=[symbol]) if name == "assets" else Q(**{name: symbol})
    return condition


def _part(rows: QuerySet[Any], question: Question) -> list[Fact]:
    """Return what one table may contribute to the page, and one row more."""
    names = _key_names(rows.model)
    if question.after:
        rows = rows.filter(_beyond(rows.model, names, question.after))
    rows = rows.order_by("-event_at", *(f"-{name}" for name in names))
    for start in _starts(rows, question):
        found = list(rows.filter(event_at__gte=start)[: question.limit + 1])
        if len(found) > question.limit:
            return found
    return list(rows[: question.limit + 1])


def _starts(rows: QuerySet[Any], question: Question) -> Iterator[datetime]:
    """Yield ever earlier starts at which a page of a huge table may be full already.

    The key of a series ends in its time, so a short window over all series costs one probe a
    series, while the newest rows of a long one cost a sort of all its rows. Where the planner
    expects few rows, no such steps are needed.
    """
    if not isinstance(rows.model._meta.pk, CompositePrimaryKey):
        return
    end = question.after.event_at if question.after else question.end
    within = _narrowed(rows.model.objects.filter(event_at__lte=end), question)
    if planned_rows(within) <= FEW:
        return
    longest = end - (question.since or BEGINNING)
    for reach in REACHES:
        if reach >= longest:
            return
        yield end - reach
    yield end - _guessed(within, question.limit, end, longest)


def _guessed(rows: QuerySet[Any], limit: int, end: datetime, longest: timedelta) -> timedelta:
    """Return how far back the planner expects a few pages, where the newest rows are old."""
    short, long = REACHES[-1], longest
    for _ in range(GUESSES):
        reach = (short + long) / 2 if long <= 4 * short else short * 4
        expected = planned_rows(rows.filter(event_at__gte=end - reach))
        if expected <= limit:
            short = reach
        else:
            long = reach
            if expected <= FEW:
                break
    return long


def _beyond(table: type[Fact], names: list[str], after: Position) -> Q:
    """Return the condition of what comes after a position in the order of the list."""
    name = table._meta.label_lower
    if name < after.table:
        return Q(event_at__lte=after.event_at)
    if name > after.table:
        return Q(event_at__lt=after.event_at)
    same_moment = Q(event_at=after.event_at) & _below(names, after.key)
    return Q(event_at__lte=after.event_at) & (Q(event_at__lt=after.event_at) | same_moment)


def _below(names: Sequence[str], key: Key) -> Q:
    """Compare keys part by part: (a, b) < (x, y)."""
    condition = Q()
    for name, value in reversed(list(zip(names, key, strict=True))):
        same_so_far = Q(**{name: value}) & condition if condition else None
        condition = Q(**{f"{name}__lt": value})
        condition = condition | same_so_far if same_so_far else condition
    return condition


def _key_names(table: type[Fact]) -> list[str]:
    """Return what tells rows of one table and one moment apart."""
    return [field.attname for field in table._meta.pk_fields if field.attname != "event_at"]


def _position(row: Fact) -> Position:
    key = tuple(getattr(row, name) for name in _key_names(type(row)))
    return Position(event_at=row.event_at, table=row._meta.label_lower, key=key)


def _order(row: Fact) -> tuple[Any, ...]:
    """Sort by moment and table alone: the database ordered the keys, and `sort` is stable."""
    return (row.event_at, row._meta.label_lower)
