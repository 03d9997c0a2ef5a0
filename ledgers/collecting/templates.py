"""Payload templates: the true wire format of a source, with its times moved to now.

`{{start-15m|rfc822}}` is a quarter of an hour before the server started, `{{now|epoch}}` this
moment; units are s, m, h, d; forms are rfc822, iso, eastern (ISO with New York's offset), date,
epoch, hour and midnight (the epoch of its hour's and day's start, UTC). `{{wave 146267.44}}` is a
price that moves by up to two per cent over the hours, the same for every request of one minute.
`{{match}}` is what the `*` of the route stands for.

`{{repeat 48 1h}}...{{end}}` writes its inside once for each of the last 48 hours, oldest first
(`back`: newest first), with commas between; the last hour is still open. Inside, `at` and `next`
are times (`{{at|epoch}}`) and `{{open 100.0}} {{high 100.0}} {{low 100.0}} {{close 100.0}}` tell
how the wave of that price went, so that quotes and candles of one price agree. `%price%` is a
value that the route gives (`template price=100.0`), for one file that answers several requests.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from zoneinfo import ZoneInfo

PLACEHOLDER = re.compile(r"\{\{\s*(.+?)\s*\}\}")
VALUE = re.compile(r"%(\w+)%")
REPEAT = re.compile(r"\{\{repeat (\d+) (\d+)([smhd])( back)?\}\}(.*?)\{\{end\}\}", re.DOTALL)
TIME = re.compile(r"(start|now|at|next)(?:-(\d+)([smhd]))?\|(\w+)")
CANDLE = re.compile(r"(open|high|low|close) ([\d.]+)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
EASTERN = ZoneInfo("America/New_York")
SWING = 0.02
HOUR = 3600
DAY = 86_400
PERIOD_MINUTES = 370
MINUTE = timedelta(minutes=1)

FORMS: dict[str, Callable[[datetime], str]] = {
    "rfc822": format_datetime,
    "iso": lambda moment: moment.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    "eastern": lambda moment: moment.astimezone(EASTERN).isoformat(timespec="seconds"),
    "date": lambda moment: moment.strftime("%Y-%m-%d"),
    "epoch": lambda moment: str(int(moment.timestamp())),
    "hour": lambda moment: str(int(moment.timestamp()) // HOUR * HOUR),
    "midnight": lambda moment: str(int(moment.timestamp()) // DAY * DAY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What one request knows."""

    now: datetime
    started_at: datetime
    match: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    next: datetime | None = None


def render(template: str, moment: Moment) -> str:
    """Fill the placeholders of a template; one that nobody knows is an error."""
    given = VALUE.sub(lambda found: moment.values.get(found[1], found[0]), template)
    whole = REPEAT.sub(lambda found: _repeated(found, moment), given)
    return PLACEHOLDER.sub(lambda found: _filled(found.group(1), moment), whole)


def _repeated(found: re.Match[str], moment: Moment) -> str:
    """Render the inside of a block once for each step; the last step holds this moment."""
    count, amount, unit, back, inside = found.groups()
    step = timedelta(**{UNITS[unit]: int(amount)})
    last = moment.now - (moment.now - datetime.min.replace(tzinfo=UTC)) % step
    steps = [last - number * step for number in range(int(count))]
    starts = steps if back else steps[::-1]
    return ",".join(render(inside, replace(moment, at=at, next=at + step)) for at in starts)


def _filled(placeholder: str, moment: Moment) -> str:
    if placeholder == "match":
        return moment.match
    if placeholder.startswith("wave "):
        return str(_wave(Decimal(placeholder.removeprefix("wave ")), moment.now))
    if found := CANDLE.fullmatch(placeholder):
        return str(_part(found.group(1), Decimal(found.group(2)), moment))
    if found := TIME.fullmatch(placeholder):
        anchor, amount, unit, form = found.groups()
        start = _anchor(anchor, moment)
        back = timedelta(**{UNITS[unit]: int(amount)}) if amount else timedelta(0)
        return FORMS[form]((start - back).astimezone(UTC))
    raise ValueError(f"{{{{{placeholder}}}}} is no placeholder.")


def _anchor(name: str, moment: Moment) -> datetime:
    known = {"start": moment.started_at, "now": moment.now, "at": moment.at, "next": moment.next}
    if (anchor := known[name]) is None:
        raise ValueError(f"{name!r} has a meaning only between repeat and end.")
    return anchor


def _part(name: str, price: Decimal, moment: Moment) -> Decimal:
    """Return one corner of the candle that a price's wave draws in one step."""
    start, end = _anchor("at", moment), _anchor("next", moment)
    if name in ("open", "close"):
        return _wave(price, start if name == "open" else end)
    minutes = [start + number * MINUTE for number in range((end - start) // MINUTE + 1)]
    way = [_wave(price, minute) for minute in minutes]
    return max(way) if name == "high" else min(way)


def _wave(price: Decimal, now: datetime) -> Decimal:
    """Move a price along two slow waves, keeping its number of decimals."""
    minute = int(now.timestamp()) // 60
    turn = 2 * math.pi * minute / PERIOD_MINUTES
    share = SWING * (0.7 * math.sin(turn) + 0.3 * math.sin(5 * turn))
    return (price * (1 + Decimal(str(round(share, 6))))).quantize(price)
