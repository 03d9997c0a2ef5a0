"""Values as sources write them, made safe: numbers, text, times."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ledgers.collecting.errors import BadValueError
from ledgers.numeric import MAX_DIGITS

EARLIEST = datetime(2008, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
KEPT_CONTROLS = "\n\t"


def decimal_of(value: Any, name: str) -> Decimal:
    """Return a finite number of at most 60 digits, never rounded; text or JSON number in."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise BadValueError("not_a_number", f"{name} is {value!r}, not a number.")
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation as error:
        raise BadValueError("not_a_number", f"{name} is {value!r}, not a number.") from error
    if not number.is_finite():
        raise BadValueError("not_finite", f"{name} is {value!r}.")
    if _digits(number) > MAX_DIGITS:
        raise BadValueError("too_long", f"{name} has more than {MAX_DIGITS} digits.")
    return number


def price_of(value: Any, name: str) -> Decimal:
    """Return a number above zero."""
    price = decimal_of(value, name)
    if price <= 0:
        raise BadValueError("not_positive", f"{name} is {value!r}. A price is above zero.")
    return price


def whole_of(value: Any, name: str) -> int:
    """Return a whole number that fits into 32 bits, such as a count."""
    number = decimal_of(value, name)
    if number != number.to_integral_value() or not -(2**31) <= number < 2**31:
        raise BadValueError("not_a_count", f"{name} is {value!r}. A whole number is wanted.")
    return int(number)


def text_of(value: Any, name: str, *, limit: int) -> str:
    """Return text in NFC without control characters, cut at `limit` characters."""
    if not isinstance(value, str):
        raise BadValueError("not_text", f"{name} is {value!r}, not text.")
    kept = "".join(
        sign
        for sign in unicodedata.normalize("NFC", value)
        if sign in KEPT_CONTROLS or unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co")
    )
    return kept.strip()[:limit]


def epoch_of(value: Any, name: str) -> datetime:
    """Return the moment of a count of seconds since 1970; milliseconds are refused."""
    seconds = decimal_of(value, name)
    try:
        moment = datetime.fromtimestamp(float(seconds), tz=UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise BadValueError("not_a_time", f"{name} is {value!r}.") from error
    return plausible(moment, name)


def iso_of(value: Any, name: str, *, earliest: datetime = EARLIEST) -> datetime:
    """Return the moment of an ISO 8601 text; without a zone it is refused."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise BadValueError("not_a_time", f"{name} is {value!r}, not a time.") from error
    if moment.tzinfo is None:
        raise BadValueError("no_time_zone", f"{name} is {value!r}. Give its time zone.")
    return plausible(moment.astimezone(UTC), name, earliest=earliest)


def plausible(moment: datetime, name: str, *, earliest: datetime = EARLIEST) -> datetime:
    """Refuse moments before Bitcoin, or what else is the earliest, and after this century."""
    if not earliest <= moment <= LATEST:
        raise BadValueError("implausible_time", f"{name} is {moment:%F}.")
    return moment


def _digits(number: Decimal) -> int:
    """Count the digits that the number needs when written out without an exponent."""
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101  # finite
    return max(len(digits) + max(exponent, 0), -exponent)
