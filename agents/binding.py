"""Which evidence bears a number out: its asset, field, unit, sign, role and time must all match."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.claims import Number, UnsupportedError
from agents.directions import moved
from agents.evidence import Evidence
from agents.fields import FIELDS, NOW, fields_near
from agents.language.text import any_of, vocabulary
from agents.moments import Moment, is_time_of
from agents.stretches import Stretch

COUNTS = frozenset({"items", "events", "orders", "rows", "feeds"})
COUNTED = frozenset(
    vocabulary("item items event events order orders fill fills row rows feed feeds")
)
"""What anything of its unit may be called."""
RELATIVE = frozenset({"change", "difference"})
BARE = frozenset({"index", "score", "correlation"})
"""Fields whose numbers have no unit."""
SAID = frozenset({"price", "count", "quantity", "index", "correlation"})
"""Fields that a number may have without their word: a unit or a noun tells them."""
ROLES = {
    "first": any_of("first|started|starting|opened|began|open|start"),
    "last": any_of("last|ended|ending|closed|close|end"),
    "latest": any_of("now|currently|current|newest|latest"),
}
NEAR = re.compile(r"(?:^|\W)(from|to)\s+$")


def bind(number: Number, stretch: Stretch, moments: Sequence[Moment]) -> list[Evidence]:
    """Return the evidence that has this number, or raise `UnsupportedError`."""
    found = [one for one in stretch.own if _bears_out(number, one, stretch)]
    roled = [one for one in found if _has_role(number, one, stretch.text, moments)]
    if not roled:
        kind = "A number is not borne out" if not found else "A number is of another time"
        raise UnsupportedError(kind, f"{number.said} {number.unit}".strip())
    return roled


def check_moments(
    moments: Sequence[Moment],
    numbers: Sequence[Number],
    bound: Sequence[Sequence[Evidence]],
    own: Sequence[Evidence],
) -> None:
    """Check that each date or time belongs to the evidence of the number nearest to it.

    A time without a date must be of the same evidence as a date that stands beside it.
    """
    for moment in moments:
        place = _nearest(moment, numbers)
        bearers = own if place is None else bound[place]
        if not any(_fits(moment, moments, one) for one in bearers):
            raise UnsupportedError(
                "A date is neither a cited time nor a bound of the window", moment.said
            )


def _nearest(moment: Moment, numbers: Sequence[Number]) -> int | None:
    """Return the place of the number that stands nearest to a moment; None without numbers."""
    gaps = [
        (max(number.start - moment.end, moment.start - number.end, 0), place)
        for place, number in enumerate(numbers)
    ]
    return min(gaps)[1] if gaps else None


def _fits(moment: Moment, moments: Sequence[Moment], one: Evidence) -> bool:
    if not is_time_of(moment, one):
        return False
    days = [other for other in moments if other.day or other.month_day]
    if moment.clock is None or moment in days or len(days) != 1:
        return True
    whole = Moment(
        day=days[0].day, month_day=days[0].month_day, clock=moment.clock,
        start=moment.start, end=moment.end, said=moment.said,
    )  # fmt: skip
    return is_time_of(whole, one)


def _bears_out(number: Number, one: Evidence, stretch: Stretch) -> bool:
    """Tell whether evidence has this number, in this unit, of this field and asset."""
    if one.value is None or not _has_unit(number, one) or not _is_about(number, one, stretch):
        return False
    return _is_field(number, one, stretch) and _is_value(number, one, stretch)


def _is_about(number: Number, one: Evidence, stretch: Stretch) -> bool:
    if not one.assets:
        return True
    subject = stretch.subject_at(number.start)
    if not subject and number.unit in one.assets:
        return True
    return bool(subject) and set(subject) <= set(one.assets)


def _has_unit(number: Number, one: Evidence) -> bool:
    if one.unit in COUNTS:
        return number.unit == one.unit and _is_noun_of(number.noun.lower(), one)
    if one.unit in BARE or one.field in BARE:
        return number.unit == ""
    return number.unit == one.unit


def _is_noun_of(noun: str, one: Evidence) -> bool:
    """Tell whether what is counted may be called so: articles are items, items no articles."""
    return noun in COUNTED or noun in {form for word in one.words for form in (word, f"{word}s")}


def _is_field(number: Number, one: Evidence, stretch: Stretch) -> bool:
    """Tell whether the words say the evidence's field, or none where the unit says it."""
    others = {each.field for each in stretch.own} - FIELDS.keys()
    said = fields_near(stretch.text, number.start, others, without=_unfit(number))
    if one.unit in COUNTS:
        return ("scored" in said) == (one.field == "scored")
    if one.field in said or (one.field == "score" and "mean" in said):
        return True
    is_signed_change = one.field == "change" and number.sign != ""
    return not said and (one.field in SAID or is_signed_change)


def _unfit(number: Number) -> frozenset[str]:
    """Return the fields that a number of this unit cannot be: fell to 5 AUD says a price."""
    return frozenset() if number.unit in {"%", "points", ""} else RELATIVE


def _is_value(number: Number, one: Evidence, stretch: Stretch) -> bool:
    """Compare with the sign that words give: fell 3 % is -3 %; half the last place may be off."""
    if one.value is None:
        return False
    value = moved(number, stretch) if one.field == "change" else number.value
    if (number.sign == "-" or value.is_signed()) and one.value > 0:
        return False
    return abs(value - one.value) <= number.step / 2


def _has_role(number: Number, one: Evidence, text: str, moments: Sequence[Moment]) -> bool:
    """Tell whether a price is said to be the one it is: the first, the last, or the newest."""
    lower = text.lower()
    if NOW.search(lower) and one.role != "latest":
        return False
    if one.field != "price" or not one.role:
        return True
    said = _role_before(lower, number.start)
    if said:
        return said == one.role or (said, one.role) == ("last", "latest")
    return one.role == "latest" or any(is_time_of(moment, one) for moment in moments)


def _role_before(lower: str, place: int) -> str:
    """Return the role that the words before a number give it: from 5 AUD is the first."""
    near = NEAR.search(lower[:place])
    if near:
        return "first" if near[1] == "from" else "last"
    found = [
        (match.end(), role)
        for role, pattern in ROLES.items()
        for match in pattern.finditer(lower[:place])
    ]
    return max(found)[1] if found else ""
