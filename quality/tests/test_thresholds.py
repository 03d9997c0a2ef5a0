"""A threshold is what its variable says, or the product does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import example as case
from hypothesis import given
from hypothesis import strategies as some

from ledgers.feeds import State
from quality.registry import checks, register, unknown_variables
from quality.startup import thresholds_are_known
from quality.thresholds import Share, ThresholdError, thresholds_of, variable_of, written

ROOT = Path(__file__).resolve().parents[2]
TWENTIETH = Share("0.05")


def example(
    now: datetime,
    *,
    max_age: Annotated[timedelta, "because"] = timedelta(minutes=15),
    share: Annotated[Decimal, "because"] = Decimal("0.05"),
    part: Annotated[Decimal, "because"] = TWENTIETH,
    runs: Annotated[int, "because"] = 3,
    least: Annotated[State, "because"] = State.STALE,
) -> list[None]:
    return []


THRESHOLDS = {one.name: one for one in thresholds_of("kind.name", example)}


def read(name: str, text: str):
    threshold = THRESHOLDS[name]
    return threshold.read({threshold.variable: text})


def test_a_variable_is_named_after_check_and_argument() -> None:
    assert variable_of("freshness.glass", "max_age") == "OMC_QUALITY_FRESHNESS_GLASS_MAX_AGE"
    assert THRESHOLDS["share"].variable == "OMC_QUALITY_KIND_NAME_SHARE"


@pytest.mark.parametrize("text", [None, "", "  "])
def test_without_a_value_the_default_counts(text) -> None:
    for threshold in THRESHOLDS.values():
        environ = {} if text is None else {threshold.variable: text}
        assert threshold.read(environ) == threshold.default


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_age", "900", timedelta(minutes=15)),
        ("max_age", " 90s ", timedelta(seconds=90)),
        ("max_age", "1.5h", timedelta(minutes=90)),
        ("max_age", "2 d", timedelta(days=2)),
        ("share", "0.1", Decimal("0.1")),
        ("share", "7", Decimal(7)),
        ("part", "1", Decimal(1)),
        ("runs", "0", 0),
        ("least", "Late", State.LATE),
    ],
)
def test_a_value_is_read_as_its_default_is(name, text, value) -> None:
    assert read(name, text) == value


@pytest.mark.parametrize(
    ("name", "text", "example"),
    [
        ("max_age", "soon", "15m"),
        ("max_age", "-5", "15m"),
        ("max_age", "5 weeks", "15m"),
        ("max_age", "5%", "15m"),
        ("max_age", "99999999999999d", "15m"),
        ("max_age", "nan", "15m"),
        ("share", "-0.1", "0.05"),
        ("share", "NaN", "0.05"),
        ("share", "Infinity", "0.05"),
        ("share", "5m", "0.05"),
        ("part", "1.01", "such as 0.05 for 5"),
        ("part", "95", "such as 0.05 for 5"),
        ("runs", "3.5", "3"),
        ("runs", "12345678901", "3"),
        ("least", "bad", "stale"),
        ("least", "2", "stale"),
    ],
)
def test_what_is_no_value_is_named_with_an_example(name, text, example) -> None:
    with pytest.raises(ThresholdError) as raised:
        read(name, text)
    said = str(raised.value)
    assert THRESHOLDS[name].variable in said
    assert repr(text) in said
    assert example in said


def test_a_bad_value_is_an_error_that_stops_a_start() -> None:
    assert issubclass(ThresholdError, ImproperlyConfigured)


@given(width=some.timedeltas(min_value=timedelta(0), max_value=timedelta(days=1000)))
@case(width=timedelta(seconds=999_999))
@case(width=timedelta(0))
def test_a_duration_that_was_written_is_read_back(width) -> None:
    assert read("max_age", written(width)) == width


@given(text=some.text(max_size=12))
def test_no_text_is_read_as_nonsense(text) -> None:
    for threshold in THRESHOLDS.values():
        try:
            value = threshold.read({threshold.variable: text})
        except ThresholdError:
            continue
        assert isinstance(threshold.default, type(value))
        assert value == threshold.default or text.strip()


def test_a_threshold_without_a_reason_or_a_sane_default_is_refused() -> None:
    def unexplained(now: datetime, *, age: timedelta = timedelta(1)) -> list[None]:
        return []

    def odd(now: datetime, *, flag: Annotated[bool, "why"] = True) -> list[None]:
        return []

    with pytest.raises(TypeError, match="Annotated"):
        thresholds_of("a.b", unexplained)
    with pytest.raises(TypeError, match="flag needs a default"):
        thresholds_of("a.b", odd)


def test_a_check_runs_with_the_values_of_its_variables(monkeypatch) -> None:
    monkeypatch.setenv("OMC_QUALITY_TEST_SAYS_WIDTH", "2h")
    got = []

    @register("test.says", ledger=None)
    def says(
        now: datetime, *, width: Annotated[timedelta, "why"] = timedelta(hours=1)
    ) -> list[None]:
        """It says."""
        got.append(width)
        return []

    try:
        checks["test.says"].findings(datetime(2026, 1, 1))  # noqa: DTZ001  # not looked at
        assert got == [timedelta(hours=2)]
        with pytest.raises(ValueError, match="taken"):
            register("test.says", ledger=None)
    finally:
        del checks["test.says"]


@pytest.mark.parametrize("name", ["noform", "Big.letters", "a.", "a b.c"])
def test_an_id_of_another_form_is_refused(name) -> None:
    with pytest.raises(ValueError, match="kind"):
        register(name, ledger=None)


def test_a_misspelt_variable_is_named(monkeypatch) -> None:
    right, wrong = "OMC_QUALITY_FRESHNESS_GLASS_LEAST", "OMC_QUALITY_FRESHNES_GLASS_LEAST"
    assert unknown_variables([right, wrong, "PATH"]) == [wrong]
    assert thresholds_are_known() == []
    monkeypatch.setenv(wrong, "late")
    assert [wrong in message.msg for message in thresholds_are_known()] == [True]


@pytest.mark.parametrize(
    ("variable", "value", "example"),
    [
        ("OMC_QUALITY_FRESHNESS_EXCHANGE_MAX_AGE", "a month", "15m"),
        ("OMC_QUALITY_FRESHNESS_GLASS_LEAST", "-1", "stale"),
        ("OMC_QUALITY_COMPLETENESS_GLASS_DAY", "95", "a part from 0 to 1, such as 0.95 for 95"),
        ("OMC_ALERT_CHANNELS", "log,pigeon", "log"),
        ("OMC_HEARTBEAT_URL", "http://10.0.0.8/beat", "OMC_ALLOW_PRIVATE=10.0.0.8:80"),
    ],
)
def test_a_bad_variable_stops_the_start(variable, value, example) -> None:
    environ = {**os.environ, variable: value}
    command = [sys.executable, ROOT / "manage.py", "check"]
    ended = subprocess.run(
        command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode != 0
    last = ended.stderr.strip().splitlines()[-1]
    assert variable in last
    assert example in last
