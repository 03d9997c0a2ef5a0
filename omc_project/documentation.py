"""The OpenAPI schema as a page to read: what one can ask, and what one gets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter of a request, or a field of an answer."""

    name: str
    kind: str
    description: str
    is_required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing that one can do."""

    method: str
    path: str
    anchor: str
    description: str
    parameters: tuple[Field, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]

    @property
    def short(self) -> str:
        """Return the path without what all have in common."""
        return self.path.removeprefix("/api/v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The operations of one room."""

    name: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """The whole page."""

    title: str
    description: str
    groups: tuple[Group, ...]


def document(schema: dict[str, Any]) -> Document:
    """Turn a schema into what the page shows, grouped by room."""
    groups: dict[str, list[Operation]] = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(_room(path), []).append(_operation(schema, path, method, operation))
    return Document(
        title=schema["info"]["title"],
        description=schema["info"].get("description", ""),
        groups=tuple(Group(name=name, operations=tuple(of)) for name, of in groups.items()),
    )


def _operation(
    schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> Operation:
    return Operation(
        method=method.upper(),
        path=path,
        anchor=operation["operationId"],
        description=operation.get("description", ""),
        parameters=tuple(map(_parameter, operation.get("parameters", ()))),
        body=tuple(_fields(schema, operation.get("requestBody", {}))),
        answer=tuple(_answer(schema, operation["responses"])),
    )


def _room(path: str) -> str:
    parts = path.removeprefix("/api/").removeprefix("v1/").split("/")
    return " / ".join(parts[:2]) if parts[0] == "ledgers" else parts[0]


def _parameter(parameter: dict[str, Any]) -> Field:
    return Field(
        name=parameter["name"],
        kind=_kind(parameter.get("schema", {})),
        description=parameter.get("description", ""),
        is_required=parameter.get("required", False),
    )


def _answer(schema: dict[str, Any], responses: dict[str, Any]) -> Iterator[Field]:
    for status, response in responses.items():
        if status.startswith("2"):
            yield from _fields(schema, response)


def _fields(schema: dict[str, Any], holder: dict[str, Any]) -> Iterator[Field]:
    """Yield the fields of a body, rows of a list one level down."""
    for content in list(holder.get("content", {}).values())[:1]:
        yield from _flat(schema, content.get("schema", {}))


def _flat(schema: dict[str, Any], shape: dict[str, Any], prefix: str = "") -> Iterator[Field]:
    resolved = _resolved(schema, shape)
    if resolved.get("type") == "array":
        yield from _flat(schema, resolved.get("items", {}), f"{prefix}[]" if prefix else "[]")
        return
    for name, inner in resolved.get("properties", {}).items():
        full = f"{prefix}.{name}" if prefix else name
        found = _resolved(schema, inner)
        yield Field(
            name=full,
            kind=_kind(found),
            description=inner.get("description", found.get("description", "")),
            is_required=name in resolved.get("required", ()),
        )
        if not prefix and found.get("type") in ("array", "object"):
            yield from _flat(schema, found, full)


def _resolved(schema: dict[str, Any], shape: dict[str, Any]) -> dict[str, Any]:
    """Follow one reference; also one that allOf or oneOf hides."""
    for key in ("allOf", "oneOf"):
        if key in shape:
            shape = shape[key][0] | {k: v for k, v in shape.items() if k == "description"}
    name = shape.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = schema["components"]["schemas"].get(name, {}) if name else {}
    return found | {key: value for key, value in shape.items() if key != "$ref"}


def _kind(shape: dict[str, Any]) -> str:
    """Write a type in words: `string (date-time)`, `a | b`."""
    if "enum" in shape:
        return " | ".join(str(value) for value in shape["enum"])
    kind = shape.get("type", "any")
    kinds = kind if isinstance(kind, list) else [kind]
    form = f" ({shape['format']})" if "format" in shape else ""
    return " or ".join(kinds) + form
