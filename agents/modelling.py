"""The model's part in a question: asked within what is left of its time, or a fault and why.

Here, and not before, langchain is imported: openai costs memory that the planner need not pay.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Generic, TypeVar

from django.conf import settings

from agents.budget import Purse
from agents.endpoint import endpoint_of
from agents.faults import SENTENCES, Fault, ModelFaultError

logger = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[T]):
    """What the model gave, or in one sentence of ours why it gave nothing."""

    value: T | None = None
    fault: str = ""


def ask_model(purse: Purse, began: float, ask: Callable[[Any], T]) -> Part[T]:
    """Let a `LanguageModel` do its part of a question that began at a time of `time.time()`."""
    if _left(began) <= 0:
        return Part(fault=SENTENCES[Fault.LATE])
    try:
        endpoint = endpoint_of(purse.user_id)
        llm: Any = import_module("agents.llm")  # takes seconds, once a process: they count
        left = max(_left(began), 0)
        model = llm.LanguageModel(endpoint, purse.paid_by(endpoint.owner), deadline=left)
        try:
            return Part(value=ask(model))
        finally:
            model.close()
    except ModelFaultError as error:
        logger.info("The planner stands in for the model: %s.", error.fault)
        return Part(fault=str(error))


def _left(began: float) -> float:
    """Return the seconds that are left of a question's time for the model."""
    return float(settings.OMC_MODEL_DEADLINE) - (time.time() - began)
