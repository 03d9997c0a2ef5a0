"""The shape of an answer: which members it has and of which kinds, without what they hold.

A shape is a tree. JSON objects have members, arrays have items that share one shape; an XML
element is an object whose members are its attributes (`@name`) and its children, each a list. An
object whose members are all alike, such as prices by coin, is a map: its keys are data, and are
written `*`. An array of scalars of several kinds is a row: its places are members.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ledgers.collecting.errors import DriftError

ANY = "*"
ALIKE = 2
"""From so many members on, objects that are alike are taken for a map."""


@dataclass(slots=True)
class Shape:
    """What was seen at one place of an answer, `seen` times; of its members, each how often."""

    kinds: set[str] = field(default_factory=set)
    seen: int = 0
    members: dict[str, Shape] = field(default_factory=dict)
    items: Shape | None = None

    def add(self, value: Any) -> None:
        """See one value more."""
        self.seen += 1
        self.kinds.add(_kind(value))
        if isinstance(value, dict):
            for name, member in value.items():
                self.members.setdefault(name, Shape()).add(member)
        elif isinstance(value, list) and _is_row(value):
            for place, item in enumerate(value):
                self.members.setdefault(str(place), Shape()).add(item)
        elif isinstance(value, list):
            self.items = self.items or Shape()
            for item in value:
                self.items.add(item)

    @property
    def is_map(self) -> bool:
        """Tell whether the names of the members are data: all are objects with the same names."""
        inside = [member for member in self.members.values() if member.kinds == {"object"}]
        if len(inside) < len(self.members) or len(inside) < ALIKE:
            return False
        first = set(inside[0].members)
        return bool(first) and all(set(member.members) == first for member in inside)

    def any_member(self) -> Shape:
        """Return what the members of a map have in common."""
        return _merged(self.members.values())


def shape_of(body: bytes) -> Shape:
    """Return the shape of a body, JSON or XML, or raise `DriftError`."""
    shape = Shape()
    if body.lstrip().startswith(b"<"):
        try:
            root = fromstring(body)
        except (ParseError, DefusedXmlException, ValueError) as error:
            raise DriftError(f"The answer is no valid XML: {error}.") from error
        shape.add({root.tag: [_as_object(root)]})
        return shape
    try:
        shape.add(json.loads(body))
    except (ValueError, RecursionError) as error:
        raise DriftError(f"The answer is no valid JSON: {error}.") from error
    return shape


def differences(recorded: Shape, found: Shape, path: str = "") -> Iterator[str]:
    """Yield how a shape differs from the recorded one, a line a place.

    What is null on one side, or was not always there in the recording, may be missing.
    """
    was, now = recorded.kinds - {"null"}, found.kinds - {"null"}
    if was and now and not now <= was:
        yield f"{path or 'the answer'} is {_spoken(now)}, was {_spoken(was)}"
        return
    if recorded.is_map or (len(recorded.members) == 1 and found.is_map):
        if found.members:
            yield from differences(recorded.any_member(), found.any_member(), f"{path}.{ANY}")
    elif found.members or "object" in now:
        yield from _of_members(recorded, found, path)
    if recorded.items and found.items:
        yield from differences(recorded.items, found.items, f"{path}[]")


def _of_members(recorded: Shape, found: Shape, path: str) -> Iterator[str]:
    objects = recorded.seen
    for name, member in recorded.members.items():
        here = f"{path}.{name}".lstrip(".")
        if name in found.members:
            yield from differences(member, found.members[name], here)
        elif member.seen == objects:
            yield f"{here} is gone, was {_spoken(member.kinds)}"
    for name, member in found.members.items():
        if name not in recorded.members:
            yield f"{f'{path}.{name}'.lstrip('.')} is new, {_spoken(member.kinds)}"


def _merged(shapes: Iterable[Shape]) -> Shape:
    """Return one shape that has seen all that the others saw."""
    merged = Shape()
    for shape in shapes:
        merged.kinds |= shape.kinds
        merged.seen += shape.seen
        for name, member in shape.members.items():
            merged.members[name] = _merged([merged.members.get(name, Shape()), member])
        if shape.items:
            merged.items = _merged([merged.items or Shape(), shape.items])
    return merged


def _as_object(element: Element) -> dict[str, Any]:
    """Return an element as an object: attributes, then its children by tag."""
    members: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    for child in element:
        members.setdefault(child.tag, []).append(_as_object(child))
    return members


def _is_row(value: list[Any]) -> bool:
    kinds = {_kind(item) for item in value} - {"null"}
    return len(kinds) > 1 and not kinds & {"object", "array"}


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"


def _spoken(kinds: set[str]) -> str:
    return " or ".join(sorted(kinds)) or "empty"
