"""One stable public id for every fact: `<ledger>.<table>.<key>`, also where the key is composite.

A composite key is written as its parts joined by `~`, moments in the form 20260318T120000Z; a
part that holds a `~` or `/` is percent-encoded. The same id stands in the API, in citations, in
the timeline and in the admin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote, unquote

from django.db import models

from ledgers.checks import fact_models
from ledgers.models import Fact, Ledger

MOMENT = "%Y%m%dT%H%M%SZ"
PLAIN = re.compile(r"[A-Za-z0-9_.-]*")
"""What is written as it is."""


class UnknownIdError(LookupError):
    """No fact has this id."""


def public_id(fact: Fact) -> str:
    """Return the id under which a fact can be cited and found again."""
    key = {field.attname: getattr(fact, field.attname) for field in fact._meta.pk_fields}
    return id_of(type(fact), key)


def id_of(model: type[Fact], key: Mapping[str, Any]) -> str:
    """Return the id of the fact of this model and key, without making the fact."""
    values = [_written(key[field.attname]) for field in model._meta.pk_fields]
    return f"{model.ledger}.{model._meta.model_name}.{'~'.join(values)}"


def find(written: str, *, user_id: int | None = None) -> Fact:
    """Return the fact of an id, or raise `UnknownIdError`; another user's is as good as absent."""
    model, key = _parsed(written)
    rows: Any = model.objects.filter(**key)
    if model.ledger == Ledger.EXCHANGE:
        rows = rows.for_user(user_id) if user_id is not None else rows.none().of_everyone()
    fact = cast("Fact | None", rows.first())
    if fact is None:
        raise UnknownIdError(f"No fact is called {written!r}.")
    return fact


def _parsed(written: str) -> tuple[type[Fact], dict[str, Any]]:
    """Part an id into its model and the values of its key."""
    try:
        ledger, table, key = written.split(".", 2)
        model = {fact._meta.label_lower: fact for fact in fact_models()}[f"{ledger}.{table}"]
        pairs = zip(model._meta.pk_fields, key.split("~"), strict=True)
        return model, {field.attname: _read(field, part) for field, part in pairs}
    except (LookupError, ValueError) as error:
        raise UnknownIdError(f"{written!r} is not the id of a fact.") from error


def _written(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(MOMENT)
    text = str(value)
    return text if PLAIN.fullmatch(text) else quote(text, safe="").replace("~", "%7E")


def _read(field: models.Field[Any, Any], part: str) -> Any:
    if isinstance(field, models.DateTimeField):
        return datetime.strptime(part, MOMENT).replace(tzinfo=UTC)
    if isinstance(field, models.IntegerField):
        number = int(part)
        if not -(2**63) <= number < 2**63:
            raise ValueError(part)
        return number
    text = unquote(part)
    if "\0" in text:
        raise ValueError(part)
    return text
