"""Payload templates: the true wire format of a source, with its times moved to now.

`{{start-15m|rfc822}}` is a quarter of an hour before the server started, `{{now|epoch}}` this
moment; units are s, m, h, d; forms are rfc822, iso, eastern (ISO with New York's offset), date,
epoch. `{{wave 146267.44}}` is a price that moves by up to two per cent over the hours, the same
for every request of one minute. `{{match}}` is what the `*` of the route stands for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from zoneinfo import ZoneInfo

PLACEHOLDER = re.compile(r"\{\{\s*(.+?)\s*\}\}")
TIME = re.compile(r"(start|now)(?:-(\d+)([smhd]))?\|(\w+)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
EASTERN = ZoneInfo("America/New_York")
SWING = 0.02
PERIOD_MINUTES = 370

FORMS: dict[str, Callable[[datetime], str]] = {
    "rfc822": format_datetime,
    "iso": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    "eastern": lambda moment: moment.astimezone(EASTERN).isoformat(timespec="seconds"),
    "date": lambda moment: moment.strftime("%Y-%m-%d"),
    "epoch": lambda moment: str(int(moment.timestamp())),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one request knows."""

    now: datetime
    started_at: datetime
    match: str = ""


def render(template: str, moment: Moment) -> str:
    """Fill the placeholders of a template; one that nobody knows is an error."""
    return PLACEHOLDER.sub(lambda found: _filled(found.group(1), moment), template)


def _filled(placeholder: str, moment: Moment) -> str:
    if placeholder == "match":
        return moment.match
    if placeholder.startswith("wave "):
        return _wave(Decimal(placeholder.removeprefix("wave ")), moment.now)
    if found := TIME.fullmatch(placeholder):
        anchor, amount, unit, form = found.groups()
        start = moment.started_at if anchor == "start" else moment.now
        back = timedelta(**{UNITS[unit]: int(amount)}) if amount else timedelta(0)
        return FORMS[form]((start - back).astimezone(UTC))
    raise ValueError(f"{{{{{placeholder}}}}} is no placeholder.")


def _wave(price: Decimal, now: datetime) -> str:
    """Move a price along two slow waves, keeping its number of decimals."""
    minute = int(now.timestamp()) // 60
    turn = 2 * math.pi * minute / PERIOD_MINUTES
    share = SWING * (0.7 * math.sin(turn) + 0.3 * math.sin(5 * turn))
    return str((price * (1 + Decimal(str(round(share, 6))))).quantize(price))
