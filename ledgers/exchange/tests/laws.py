"""How many examples a law is tried with, where each of them takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import settings

FULL = 2000
"""What every law is tried with by --full."""


def costly(quick: int) -> Callable[[Any], Any]:
    """Try a law with few examples in the quick tier, and with all of them by --full."""
    count: int = settings.default.max_examples
    return settings(max_examples=count if count >= FULL else quick)
