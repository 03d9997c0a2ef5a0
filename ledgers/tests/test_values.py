"""Values as sources write them, made safe."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledgers.collecting.errors import BadValueError
from ledgers.collecting.values import decimal_of, epoch_of, iso_of, price_of, text_of

ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.decimals(), st.lists(st.integers())
)


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=18, max_value=10**30))
def test_no_digit_of_a_number_is_lost(number: Decimal) -> None:
    assert decimal_of(str(number), "n") == decimal_of(number, "n") == number


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("NaN", "not_finite"),
        ("-Infinity", "not_finite"),
        ("1e400", "too_long"),
        ("1e-400", "too_long"),
        ("1" * 61, "too_long"),
        ("0." + "0" * 60 + "1", "too_long"),
        ("1,234.5", "not_a_number"),
        ("", "not_a_number"),
        (None, "not_a_number"),
        (True, "not_a_number"),
        (1.5, "not_a_number"),
        ([], "not_a_number"),
    ],
)
def test_what_is_no_exact_number_is_refused_with_a_reason(value, reason) -> None:
    with pytest.raises(BadValueError) as caught:
        decimal_of(value, "n")
    assert caught.value.reason == reason


@pytest.mark.parametrize("value", ["0", "-1", "-0.0"])
def test_a_price_is_above_zero(value) -> None:
    with pytest.raises(BadValueError, match="above zero"):
        price_of(value, "p")


@given(value=ANYTHING)
def test_nothing_but_a_bad_value_error_ever_comes_out(value) -> None:
    for read in (decimal_of, price_of, epoch_of, iso_of, lambda v, n: text_of(v, n, limit=9)):
        try:
            read(value, "x")
        except BadValueError as error:
            assert error.reason  # noqa: PT017  # any other exception fails the test


@given(value=st.text())
def test_text_has_no_controls_and_keeps_its_length(value) -> None:
    text = text_of(value, "t", limit=20)
    assert len(text) <= 20
    assert not set(text) & {"\0", "\u202e", "\u200b", "\x1b", "\U000e0041"}
    text.encode()


def test_times() -> None:
    moment = datetime(2026, 3, 18, 12, tzinfo=UTC)
    assert epoch_of(int(moment.timestamp()), "t") == moment
    assert iso_of("2026-03-18T14:00:00+02:00", "t") == moment
    for value in (int(moment.timestamp()) * 1000, "2026-03-18T12:00:00", "0001-01-01T00:00:00Z"):
        with pytest.raises(BadValueError):
            (iso_of if isinstance(value, str) else epoch_of)(value, "t")
