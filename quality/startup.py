"""System checks of quality."""

from __future__ import annotations

import os
from typing import Any

from django.core import checks

from quality.registry import unknown_variables


@checks.register("quality")
def thresholds_are_known(**_: Any) -> list[checks.CheckMessage]:
    """Name every variable that looks like a threshold and is none."""
    hint = "manage.py check_quality --list prints the variables that are read."
    return [
        checks.Warning(f"{name} is the threshold of no check.", hint=hint, id="quality.W001")
        for name in unknown_variables(os.environ)
    ]
