"""manage.py check_quality says what is wrong, in words or JSON, and by its exit code."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from ledgers.models import Ledger
from quality.findings import Level
from quality.models import Alert, CheckRun
from quality.registry import checks
from quality.tests.conftest import PROBE
from quality.tests.factories import finding

pytestmark = pytest.mark.usefixtures("ledger")


def run(*arguments: str):
    """Return the exit code, and what was written to both streams."""
    out, err = StringIO(), StringIO()
    try:
        call_command("check_quality", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return ended.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_an_empty_database_is_four_times_critical_in_json() -> None:
    code, out, _ = run("--json")
    found = json.loads(out)
    assert code == 1
    assert [list(one) for one in found] == [
        ["check", "ledger", "subject", "level", "message", "hint"]
    ] * 4
    assert sorted((one["check"], one["level"]) for one in found) == sorted(
        (f"freshness.{ledger}", "critical") for ledger in Ledger
    )
    assert Alert.objects.standing().count() == 4
    assert CheckRun.objects.count() == len(checks)


def test_it_prints_what_is_wrong_and_what_to_do_the_worst_first() -> None:
    code, out, _ = run()
    lines = out.splitlines()
    assert code == 1
    assert lines[0].startswith("CRITICAL freshness.")
    assert lines[-1] == f"Checks: {len(checks)}. Findings: 4."


def test_one_check_that_finds_nothing_ends_with_zero(probe) -> None:
    assert run("--check", PROBE) == (0, "Checks: 1. Findings: 0.\n", "")
    assert json.loads(run("--check", PROBE, "--json")[1]) == []


def test_findings_end_with_one(probe) -> None:
    probe.finds = [finding("a", level=Level.WARNING), finding("b", level=Level.CRITICAL)]
    code, out, _ = run("--check", PROBE)
    assert code == 1
    assert out.splitlines() == [
        f"CRITICAL {PROBE} b",
        "         b is late.",
        "         Look at it.",
        f"WARNING  {PROBE} a",
        "         a is late.",
        "         Look at it.",
        "Checks: 1. Findings: 2.",
    ]


def test_a_check_that_fails_ends_with_two_and_says_why(probe) -> None:
    def fail() -> None:
        raise RuntimeError("The disk is full.")

    probe.does = fail
    code, out, err = run("--check", PROBE, "--json")
    assert code == 2
    assert [one["subject"] for one in json.loads(out)] == [PROBE]
    assert err == f"{PROBE}: RuntimeError: The disk is full.\n"


def test_an_unknown_check_ends_with_two_and_names_those_that_exist() -> None:
    with pytest.raises(CommandError, match=r"'nope'.*freshness\.exchange") as raised:
        call_command("check_quality", check="nope")
    assert raised.value.returncode == 2
    assert CheckRun.objects.count() == 0


def test_the_list_names_every_check_its_thresholds_and_why(probe) -> None:
    code, out, _ = run("--list")
    assert code == 0
    lines = out.splitlines()
    at = lines.index(f"{PROBE}  every 1m")
    assert lines[at + 1 : at + 4] == [
        "    The test finds nothing wrong.",
        "    Nothing else is to be known.",
        "    OMC_QUALITY_TEST_PROBE_PATIENCE (default 90m): Long enough.",
    ]
    for check in checks.values():
        assert f"{check.id}  every" in out
        assert check.asserts in out
        for threshold in check.thresholds:
            assert f"{threshold.variable} (default" in out
    assert CheckRun.objects.count() == 0


def test_the_list_is_json_too_and_says_what_was_changed(monkeypatch) -> None:
    texts = {one["id"]: one for one in json.loads(run("--list", "--json")[1])}
    assert set(texts) == set(checks)
    (max_age, dead_after, least, *_) = texts["freshness.exchange"]["thresholds"]
    assert max_age["variable"] == "OMC_QUALITY_FRESHNESS_EXCHANGE_MAX_AGE"
    assert (max_age["default"], dead_after["default"], least["default"]) == ("35d", "400d", "stale")
    assert all(
        one["value"] == one["default"] and one["why"] for one in (max_age, dead_after, least)
    )


def test_a_changed_threshold_is_shown_beside_its_default(probe, monkeypatch) -> None:
    check = checks[PROBE]
    monkeypatch.setitem(check.values, "patience", 2 * check.values["patience"])
    assert "(default 90m, here 3h)" in run("--list")[1]
