"""The forms in which an account can be taken elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trading.explaining import Explanation
from trading.exporting.accountant import to_csv
from trading.exporting.beancount import to_beancount

FORMATS: Mapping[str, Callable[[Explanation], str]] = {"csv": to_csv, "beancount": to_beancount}
