"""Long answers whose rows the database writes as JSON: asked, and sent on without being parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import QueryDict, StreamingHttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer

from ledgers.answers import Answer
from ledgers.checks import fact_models
from ledgers.filling import feeds_of
from ledgers.matrix import MatrixQuestion, interval_of
from ledgers.models import Feed
from ledgers.questions import PAIR, ask_pair, asset_of, given_of, moment_of
from ledgers.reading import Pair
from ledgers.serializers import AnswerSerializer

SERIES = (*PAIR, "source", "currency")
WINDOW = ("since", "until")
MAX_ROWS, MAX_ASSETS = 50_000, 1000
MINUTE, YEAR = 60, 365 * 86400


def given_series(params: QueryDict, *own: str) -> dict[str, str]:
    """Return the parameters of a question about one series, which must name source and currency."""
    given = given_of(params, (*SERIES, *own))
    missing = [name for name in ("source", "currency") if name not in given]
    if missing:
        raise ValidationError(dict.fromkeys(missing, "Whose, and in which currency? Give both."))
    return given


def assets_of(given: Mapping[str, str]) -> list[str]:
    """Return the symbols of a comma-separated list."""
    symbols = [asset_of(part) for part in given.get("assets", "").split(",") if part.strip()]
    if not 0 < len(symbols) <= MAX_ASSETS:
        raise ValidationError({"assets": f"Name from 1 to {MAX_ASSETS} assets, such as BTC,ETH."})
    return symbols


def pair_and_window(
    given: Mapping[str, str], *, window: timedelta
) -> tuple[Pair, datetime, datetime]:
    """Return the pair and the window of event time; without `since` it is `window` long."""
    pair = ask_pair(given)
    until = moment_of(given, "until") or pair.as_of
    try:
        since = moment_of(given, "since") or until - window
    except OverflowError:
        raise ValidationError({"until": "Give a later one, or since."}) from None
    if since >= until:
        raise ValidationError({"since": "The window is empty: since must be before until (as_of)."})
    return pair, since, until


def seconds_of(
    given: Mapping[str, str], name: str, *, default: int, among: Sequence[int] = ()
) -> int:
    """Return a parameter that counts seconds: one of a few numbers, or from a minute to a year."""
    written = given.get(name, str(default))
    seconds = int(written) if re.fullmatch(r"[0-9]{1,8}", written) else 0
    if among and seconds not in among:
        raise ValidationError({name: f"{written[:40]!r} is none of {', '.join(map(str, among))}."})
    if not MINUTE <= seconds <= YEAR:
        raise ValidationError({name: f"{written[:40]!r} is no number of seconds up to a year."})
    return seconds


def require_few(since: datetime, until: datetime, step: int) -> None:
    """Refuse a window of more rows than one answer holds."""
    if (until - since) / timedelta(seconds=step) > MAX_ROWS:
        message = f"More than {MAX_ROWS:,} rows. Ask for a shorter window, or for longer steps."
        raise ValidationError({"since": message})


def stream(said: Answer, rows: str, **members: Any) -> StreamingHttpResponse:
    """Return an answer whose rows are written already."""
    head = JSONRenderer().render({**AnswerSerializer(said).data, **members, "next": None})
    parts = (head[:-1], b',"results":[', rows.encode(), b"]}")
    return StreamingHttpResponse(parts, content_type="application/json")


def ask_matrix(params: QueryDict, symbol: str) -> MatrixQuestion:
    """Return the question for what was known of an asset at each of many moments."""
    given = given_series(params, *WINDOW, "step", "window", "basis")
    pair, since, until = pair_and_window(given, window=timedelta(days=30))
    step = seconds_of(given, "step", default=3600)
    require_few(since, until, step)
    basis = given.get("basis", "known")
    if basis not in ("known", "recorded"):
        raise ValidationError({"basis": f"{basis[:40]!r} is neither known nor recorded."})
    asset, source, currency = asset_of(symbol), given["source"], given["currency"]
    return MatrixQuestion(
        asset=asset,
        source=source,
        currency=currency,
        interval=interval_of(asset, source, currency, until, pair) or 0,
        since=since,
        until=until,
        step=timedelta(seconds=step),
        window=timedelta(seconds=seconds_of(given, "window", default=86400)),
        recorded=basis == "recorded",
        pair=pair,
    )


def feeds_of_matrix(question: MatrixQuestion) -> list[Feed]:
    """Return the feeds of the asked source's prices, of scores and of events."""
    tables = {table._meta.label_lower: table for table in fact_models()}
    prices = tables["glass.candle" if question.interval else "glass.quote"]
    news = [tables["human.score"], tables["catalyst.event"]]
    return [
        *feeds_of([prices], user_id=None, source=question.source),
        *feeds_of(news, user_id=None),
    ]
