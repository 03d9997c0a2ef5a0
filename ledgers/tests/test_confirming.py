"""Whose password it is, how often one may try, and what is told to who has to wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser

from ledgers.confirming import TRIES, TooManyTriesError, is_own_password
from ledgers.tests.redis_keys import forget, without_redis

pytestmark = pytest.mark.usefixtures("ledger")
PASSWORD = " correct horse "


@pytest.fixture
def mia() -> Any:
    forget("omc:rate:*")
    return get_user_model().objects.create_user("mia", password=PASSWORD)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        (PASSWORD, True),
        (PASSWORD.strip(), False),
        ("", False),
        ("\0", False),
        ("x" * 10_000, False),
    ],
)
def test_only_the_password_itself_is_right(mia: Any, password: str, expected: bool) -> None:
    assert is_own_password(mia, password, what="a test") is expected


def test_who_has_no_password_and_who_is_not_logged_in_cannot_confirm(mia: Any) -> None:
    mia.set_unusable_password()
    assert not is_own_password(mia, "", what="a test")
    assert not is_own_password(AnonymousUser(), "", what="a test")


def test_right_and_wrong_tries_are_counted_by_user_and_purpose(mia: Any) -> None:
    leo = get_user_model().objects.create_user("leo", password=PASSWORD)
    for n in range(TRIES):
        assert is_own_password(mia, PASSWORD if n % 2 else "guess", what="a test") is bool(n % 2)
    with pytest.raises(TooManyTriesError, match=r"Too many tries. Wait 60 minutes\.") as refused:
        is_own_password(mia, PASSWORD, what="a test")
    assert timedelta(0) < refused.value.wait <= timedelta(hours=1)
    assert is_own_password(mia, PASSWORD, what="another test")
    assert is_own_password(leo, PASSWORD, what="a test")


def test_guessing_at_once_gains_nothing(mia: Any) -> None:
    def refused(_: int) -> bool:
        try:
            return is_own_password(mia, "guess", what="a test")
        except TooManyTriesError:
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(refused, range(40))) == 40 - TRIES


def test_without_redis_no_password_is_looked_at(mia: Any) -> None:
    with without_redis(), pytest.raises(redis.RedisError):
        is_own_password(mia, PASSWORD, what="a test")
