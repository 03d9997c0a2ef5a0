"""The tools an agent may call: plain read-only functions, known by their names.

A tool's docstring is its description, its signature its schema. What is marked `Injected` (the
user, the pair and the window) comes from the server: it is not in the schema that a model sees,
and an argument of that name in a call is refused.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, wraps
from importlib import import_module
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from django.db import connection, transaction
from pydantic import BaseModel, ConfigDict, create_model, validate_call

from agents.evidence import Telling, told
from agents.results import Result, Window
from ledgers.reading import Pair, pair

R = TypeVar("R", bound=Result)
PATIENCE = "5s"
__all__ = ["Context", "Injected", "Telling", "Tool", "ToolError", "autodiscover", "is_injected",
           "read_only", "told", "tool", "tools"]  # fmt: skip


class Injected:
    """Marks a parameter that the server fills and no model or client may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the server knows of a call: the pair of the question, the window, and the user."""

    pair: Pair
    window: Window | None = None
    user_id: int | None = None


class ToolError(ValueError):
    """A call that cannot be made, with what is wrong about it."""


@dataclass(frozen=True)
class Tool:
    """One tool: its function, what the server injects, and the shape of its result."""

    name: str
    function: Callable[..., Result]
    result: type[Result]
    hints: Mapping[str, Any]

    @property
    def description(self) -> str:
        """Return the docstring, for a model and for the documentation."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """Return the model of the arguments that a caller may give; others are refused."""
        fields: dict[str, Any] = {
            name: (self.hints[name], ... if given.default is given.empty else given.default)
            for name, given in inspect.signature(self.function).parameters.items()
            if not is_injected(self.hints[name])
        }
        return create_model(f"{self.name}_arguments", __config__=STRICT, **fields)

    @property
    def schema(self) -> dict[str, Any]:
        """Return the JSON schema of the arguments that a caller may give."""
        return self.arguments.model_json_schema()

    def checked(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with their defaults, or raise pydantic's ValidationError."""
        return self.arguments.model_validate(dict(args)).model_dump()

    def call(self, args: Mapping[str, Any], context: Context) -> Result:
        """Check the arguments, add what the server injects, and read."""
        given = self.checked(args)
        if "user_id" in self.hints:
            if context.user_id is None:
                raise ToolError("Whose orders? Log in, or name the user with --user.")
            given["user_id"] = context.user_id
        return self.function(**given, context=context)


STRICT = ConfigDict(extra="forbid")
tools: dict[str, Tool] = {}


def tool(function: Callable[..., R]) -> Callable[..., R]:
    """Make a function a tool; its arguments are checked at every call.

    Python may call it by its name, `get_price_data("BTC")`: without a context it reads as of now,
    or of `as_of`, and of `window` if one is given.
    """
    hints = get_type_hints(function, include_extras=True)
    result = hints.pop("return")
    checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))(function)
    name = function.__name__
    tools[name] = Tool(name=name, function=checked, result=result, hints=hints)

    @wraps(function)
    def call(
        *args: Any,
        context: Context | None = None,
        as_of: datetime | None = None,
        window: Window | None = None,
        **given: Any,
    ) -> R:
        asked = context or Context(pair=pair(as_of), window=window)
        return checked(*args, **given, context=asked)

    return call


def is_injected(hint: Any) -> bool:
    """Tell whether a parameter is the server's."""
    return get_origin(hint) is Annotated and any(isinstance(m, Injected) for m in get_args(hint))


def autodiscover() -> None:
    """Import every module of this package, so that a new file is a new tool."""
    package = import_module("agents.tools")
    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")


@contextmanager
def read_only() -> Iterator[None]:
    """Run reads in a transaction in which PostgreSQL refuses every write and every long query."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET TRANSACTION READ ONLY; SET LOCAL statement_timeout = '{PATIENCE}'")
        yield
