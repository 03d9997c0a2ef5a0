"""System checks: every fact can be told from every other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from django.apps import apps
from django.core import checks
from django.db import models

from ledgers.models import Fact

STAMPED = {"known_at", "available_at", "observed_at", "run_id", "parser", "revision", "id"}


def fact_models() -> list[type[Fact]]:
    """Return every concrete fact of this installation."""
    return [model for model in apps.get_models() if issubclass(model, Fact)]


def model_of(record: object) -> type[Fact]:
    """Return the fact that a record becomes."""
    return next(model for model in fact_models() if model.record is type(record))


@checks.register("ledgers")
def facts_are_identified(**_: Any) -> list[checks.CheckMessage]:
    """Demand an identity constraint and a record with the model's own fields."""
    return [error for model in fact_models() for error in _errors(model)]


def _errors(model: type[Fact]) -> Iterator[checks.CheckMessage]:
    key = {*model.identity, "revision"}
    if key not in _unique_sets(model):
        yield checks.Error(
            f"{model.__name__} has no unique constraint on {sorted(key)}.", obj=model
        )
    own = {field.attname for field in model._meta.concrete_fields} - STAMPED - {"pk"}
    said = {field.name for field in fields(model.record)}
    if own != said:
        yield checks.Error(
            f"{model.__name__} and {model.record.__name__} differ in {sorted(own ^ said)}.",
            obj=model,
        )


def _unique_sets(model: type[Fact]) -> list[set[str]]:
    meta = model._meta
    constraints = [
        {meta.get_field(name).attname for name in constraint.fields}  # type: ignore[union-attr]  # concrete
        for constraint in meta.constraints
        if isinstance(constraint, models.UniqueConstraint)
    ]
    return [*constraints, {field.attname for field in meta.pk_fields}]
