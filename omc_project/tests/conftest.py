"""What every test of the doors needs."""

from __future__ import annotations

import pytest

from ledgers.collecting.limits import connection


@pytest.fixture(autouse=True)
def forget_rates() -> None:
    """Forget what other tests were admitted."""
    for key in connection().scan_iter("omc:rate:*"):
        connection().delete(key)
