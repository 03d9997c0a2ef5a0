"""One answer of a source, exactly as it came."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, NoReturn

from ledgers.collecting.errors import DriftError


@dataclass(frozen=True, kw_only=True)
class Payload:
    """The bytes a source answered with; `observed_at` is its Date, else our clock."""

    url: str
    status: int
    content_type: str
    fetched_at: datetime
    observed_at: datetime
    body: bytes

    @property
    def seen_at(self) -> datetime:
        """Return the moment after which an item lies in the future, by our clock or its Date."""
        return max(self.observed_at, self.fetched_at)

    @cached_property
    def sha256(self) -> str:
        """Return the hash under which the bytes are kept."""
        return hashlib.sha256(self.body).hexdigest()

    def json(self) -> Any:
        """Decode the body; numbers become `Decimal`, for money never passes through a float."""
        try:
            return json.loads(self.body, parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise DriftError(f"{self.url} answered no valid JSON: {error}.") from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
