"""What a client asks of a list of facts, validated: nothing unknown, nothing ambiguous.

A moment is ISO 8601 with a zone. A list is of one pair (as_of, horizon), one window of event
time and one page; the cursor of the next page carries the pair, so that all pages show the same
knowledge.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from ledgers.assets import symbol_of
from ledgers.reading import Pair, clock, safe_now

PAIR = ("as_of", "horizon")
COMMON = (*PAIR, "since", "until", "limit", "cursor", "revisions")
PAGED = {*PAIR, "limit", "cursor"}
"""Parameters that may differ between two pages of one list."""
LIMIT, MAX_LIMIT = 100, 500
MAX_SYMBOL = 30
SALT = "ledgers.cursor"
LIKE = "Write it like 2026-01-31T22:00:00Z."
BLANK_PLUS = re.compile(r" (\d\d:?\d\d)$")
FLAGS = {"1": True, "true": True, "0": False, "false": False}

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a page ended: the event time, the table and the key of its last row."""

    event_at: datetime
    table: str
    key: Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One page of one list; `since` is part of the window, `until` is not."""

    pair: Pair
    since: datetime | None
    until: datetime | None
    asset: str
    limit: int
    revisions: bool
    after: Position | None
    filters: Mapping[str, Any]
    digest: str

    @property
    def end(self) -> datetime:
        """Return the end of the window that the answer speaks about."""
        return self.until or self.pair.as_of

    def cursor(self, position: Position) -> str:
        """Return the opaque mark of the page after `position`, with this question's pair."""
        moments = (self.pair.as_of, self.pair.horizon, position.event_at)
        written = [moment.isoformat() for moment in moments]
        return signing.dumps([self.digest, *written, position.table, *position.key], salt=SALT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one list lets a client ask.

    `filters` are fields that may be asked for by value; `window` is the width of the window when
    the client gives no `since` (None: from the beginning); `owner` keeps cursors apart.
    """

    name: str
    owner: int
    has_asset: bool = False
    filters: Mapping[str, models.Field[Any, Any]]
    window: timedelta | None = None


def ask(params: QueryDict, offer: Offer, *, asset: str = "") -> Question:
    """Return the question that the parameters of a request put, or raise `ValidationError`.

    `asset` is one that the path names.
    """
    given = given_of(params, (*COMMON, *(["asset"] if offer.has_asset else []), *offer.filters))
    digest = _digest(given, offer, asset)
    carried, after = _read_cursor(given["cursor"], digest) if "cursor" in given else (None, None)
    pair = ask_pair(given, carried)
    until = moment_of(given, "until")
    since = moment_of(given, "since") or _default_since(until or pair.as_of, offer.window)
    if since and since >= (until or pair.as_of):
        raise ValidationError({"since": "The window is empty: since must be before until (as_of)."})
    return Question(
        pair=pair,
        since=since,
        until=until,
        asset=asset_of(asset or given.get("asset", "")),
        limit=_limit(given),
        revisions=_flag(given, "revisions"),
        after=after,
        filters={
            name: _clean(field, given, name)
            for name, field in offer.filters.items()
            if name in given
        },
        digest=digest,
    )


def only_pair(params: QueryDict) -> Pair:
    """Return the pair of a request that may ask for nothing else."""
    return ask_pair(given_of(params, PAIR))


def ask_pair(given: Mapping[str, str], carried: Pair | None = None) -> Pair:
    """Return the pair that was asked for; the future is not known, nor is it settled."""
    as_of, horizon = (moment_of(given, name) for name in PAIR)
    if carried:
        if as_of not in (None, carried.as_of) or horizon not in (None, carried.horizon):
            raise ValidationError({"cursor": "It belongs to another as_of or horizon."})
        return carried
    settled = safe_now()
    if horizon and horizon > settled:
        message = f"Not settled yet. The newest horizon is {settled:%FT%T.%f}Z."
        raise ValidationError({"horizon": message})
    if as_of and as_of > settled and as_of > clock():
        raise ValidationError({"as_of": f"{as_of:%FT%TZ} is in the future. Nobody knows it yet."})
    horizon = horizon or settled
    return Pair(as_of=as_of or horizon, horizon=horizon)


def given_of(params: QueryDict, allowed: Collection[str]) -> dict[str, str]:
    """Return the parameters by name; each known, once, and without a NUL."""
    errors: dict[str, Any] = {
        name: f"There is no such parameter. Known are: {', '.join(sorted(allowed))}."
        for name in params
        if name not in allowed
    }
    for name, values in params.lists():
        if len(values) > 1:
            errors.setdefault(name, "It was given twice.")
        if any("\0" in value for value in values):
            errors.setdefault(name, "It holds a NUL character.")
    if errors:
        raise ValidationError(errors)
    return {name: str(value) for name, value in params.items() if value != ""}


def moment_of(given: Mapping[str, str], name: str) -> datetime | None:
    """Return the moment that a parameter names; None if it was not given."""
    written = given.get(name)
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(BLANK_PLUS.sub(r"+\1", written))
        if moment.tzinfo is None:
            raise ValidationError({name: f"Give a zone: {written[:40]!r} is many moments. {LIKE}"})
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValidationError({name: f"{written[:40]!r} is no moment. {LIKE}"}) from error


def _default_since(end: datetime, window: timedelta | None) -> datetime | None:
    if window is None:
        return None
    try:
        return end - window
    except OverflowError:
        return None


def asset_of(given: str) -> str:
    """Return the symbol that is meant, or raise `ValidationError`."""
    symbol = symbol_of(given)
    if len(symbol) > MAX_SYMBOL or "\0" in symbol:
        raise ValidationError({"asset": f"A symbol has at most {MAX_SYMBOL} plain characters."})
    return symbol


def _limit(given: Mapping[str, str]) -> int:
    written = given.get("limit", str(LIMIT))
    digits = written.lstrip("0")
    if not re.fullmatch(r"[0-9]+", digits):
        raise ValidationError({"limit": f"{written[:40]!r} is no number from 1 to {MAX_LIMIT}."})
    return min(int(digits[: len(str(MAX_LIMIT)) + 1]), MAX_LIMIT)


def _flag(given: Mapping[str, str], name: str) -> bool:
    written = given.get(name, "0")
    if written not in FLAGS:
        raise ValidationError({name: f"{written[:40]!r} is neither 1 nor 0."})
    return FLAGS[written]


def _clean(field: models.Field[Any, Any], given: Mapping[str, str], name: str) -> Any:
    try:
        return field.clean(given[name], None)
    except DjangoValidationError as error:
        raise ValidationError({name: " ".join(error.messages)}) from error


def _digest(given: Mapping[str, str], offer: Offer, asset: str) -> str:
    """Return what must be the same on every page of one list."""
    said = sorted((name, value) for name, value in given.items() if name not in PAGED)
    written = repr((offer.name, offer.owner, asset, said)).encode()
    return hashlib.sha256(written).hexdigest()[:16]


def _read_cursor(written: str, digest: str) -> tuple[Pair, Position]:
    try:
        mark, as_of, horizon, event_at, table, *key = signing.loads(written, salt=SALT)
    except (signing.BadSignature, ValueError) as error:
        message = "It is not a cursor of this API. Follow `next`, or ask for the first page."
        raise ValidationError({"cursor": message}) from error
    if mark != digest:
        raise ValidationError({"cursor": "It belongs to another question. Follow `next`."})
    moments = [datetime.fromisoformat(moment) for moment in (as_of, horizon, event_at)]
    pair = Pair(as_of=moments[0], horizon=moments[1])
    return pair, Position(event_at=moments[2], table=table, key=tuple(key))
