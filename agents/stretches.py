"""One stretch of a sentence: its words, the assets it names, and the evidence it cites."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.claims import Number
from agents.evidence import Evidence

JOINED = re.compile(
    r"[A-Za-z0-9]+(?: [A-Z][a-z0-9]+)*(?:'s)?\s*(?:,|,?\s*and|or|&|/|as well as|plus|with)\s*"
)
"""A name that is joined to the next one: what is said of the two is said of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What stands between two citations, with the evidence of the one behind it.

    `text` still holds its numbers, `rest` does not; places are the same in both. `names` are the
    assets and companies with their places, `cited` is the evidence of the whole
    sentence, `context` the subject that the stretch before left.
    """

    text: str
    rest: str
    names: tuple[tuple[int, str], ...]
    own: tuple[Evidence, ...]
    cited: tuple[Evidence, ...]
    context: tuple[str, ...]

    def subject_at(self, place: int) -> tuple[str, ...]:
        """Return what the words at a place are about: the name before it, else the first behind.

        Of names that are joined, such as BTC and ETH, it is all.
        """
        before = [one for one in self.names if one[0] < place]
        if before:
            return self._group(before)
        if self.context:
            return self.context
        return (self.names[0][1],) if self.names else ()

    def _group(self, names: Sequence[tuple[int, str]]) -> tuple[str, ...]:
        """Return the last name with those that are joined to it."""
        at, name = names[-1]
        found = [name]
        for start, other in reversed(names[:-1]):
            if not JOINED.fullmatch(self.text[start:at]):
                break
            found.append(other)
            at = start
        return tuple(dict.fromkeys(found))

    def last_subject(self, numbers: Sequence[Number]) -> tuple[str, ...]:
        """Return the subject that the next stretch begins with."""
        if self.names:
            return (self.names[-1][1],)
        assets = {asset for one in self.own for asset in one.assets}
        units = [number.unit for number in numbers if number.unit in assets]
        return (units[-1],) if units and not self.context else self.context
