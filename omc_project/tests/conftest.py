"""What every test of the doors needs."""

from __future__ import annotations

import pytest

from ledgers.tests.redis_keys import forget


@pytest.fixture(autouse=True)
def forget_rates() -> None:
    """Forget what other tests were admitted."""
    forget("omc:rate:*")
