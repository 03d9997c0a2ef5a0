"""Wait for something of AWS, and not for ever."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait, in seconds, and how often to look meanwhile."""

    limit: float
    every: float = 10
    sleep: Callable[[float], object] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def wait(self, look: Callable[[], Found | None]) -> Found | None:
        """Look until there is something; None when the time is up."""
        end = self.clock() + self.limit
        while (found := look()) is None and self.clock() < end:
            self.sleep(self.every)
        return found
