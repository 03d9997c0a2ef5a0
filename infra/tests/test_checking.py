"""The checker counts honestly: a skip is no pass, and nothing of a developer leaks in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.checking.linters import skips
from infra.checking.outcome import failed, passed, skipped, status, summary
from infra.checking.terraform import PROBES
from infra.checking.tools import clean, end, run
from infra.checking.workshop import IGNORED, INPUTS, SENTINEL

GOOD, BAD, MISSING = passed("a"), failed("b", "why\nall of it"), skipped("c", "no tool")


@pytest.mark.parametrize(
    ("outcomes", "by_default", "where_all_is_required"),
    [
        ([GOOD], 0, 0),
        ([GOOD, MISSING], 0, 1),
        ([GOOD, BAD], 1, 1),
        ([MISSING], 0, 1),
        ([], 1, 1),
    ],
    ids=["all good", "one skipped", "one failed", "all skipped", "nothing ran"],
)
def test_the_exit_status(outcomes, by_default, where_all_is_required):
    assert status(outcomes, is_required=False) == by_default
    assert status(outcomes, is_required=True) == where_all_is_required


def test_a_skip_is_counted_and_named_apart():
    assert summary([GOOD, BAD, MISSING]) == "infra: 1 passed, 1 failed, 1 skipped"
    assert MISSING.line().startswith("SKIP ")
    assert MISSING.line().endswith("no tool")


def test_a_failure_tells_all_and_a_pass_one_line():
    assert BAD.line().endswith("why\nall of it")
    assert "\n" not in passed("a", "fine\nand more").line()


def test_a_developers_own_account_and_values_do_not_leak_in(monkeypatch):
    for name in ("TF_VAR_domain_name", "AWS_PROFILE", "TF_CLI_ARGS_plan", "TF_DATA_DIR"):
        monkeypatch.setenv(name, "mine")
    left = clean({"AWS_REGION": "ap-southeast-2"})
    assert "mine" not in left.values()
    assert left["AWS_REGION"] == "ap-southeast-2"
    assert left["PATH"] == os.environ["PATH"]


def test_values_state_and_plans_of_the_tree_are_not_copied():
    names = ["main.tf", "terraform.tfvars", "x.auto.tfvars", "terraform.tfstate", "tfplan"]
    assert IGNORED("", [*names, ".terraform"]) == {*names[1:], ".terraform"}


def test_what_hangs_is_ended():
    done = run([sys.executable, "-c", "import time; time.sleep(600)"], patience=0.2)
    assert done.status == 124
    assert "ended after" in done.text


def test_what_a_program_has_started_is_ended_with_it():
    program = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
        "print(child.pid, flush=True); time.sleep(600)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        child = int(process.stdout.readline())
        end(process)
    assert has_ended(child)


def has_ended(pid, *, attempts=600):
    """Wait until a process is gone, or is only waited for."""
    for _ in range(attempts):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_a_check_that_is_skipped_without_a_reason_is_found():
    good = "#checkov:skip=CKV_AWS_1:Nobody waits for it.\n# checkov:skip=CKV_AWS_2: Nobody does."
    bad = "#checkov:skip=CKV_AWS_3\n#checkov:skip=CKV_AWS_4:\n#checkov:skip=CKV_AWS_5: no."
    assert skips(good) == ({"CKV_AWS_1", "CKV_AWS_2"}, [])
    assert skips(bad)[1] == ["CKV_AWS_3", "CKV_AWS_4", "CKV_AWS_5"]
    assert len(skips(f"{good}\n{bad}")[0]) == 5


def test_what_is_asserted_to_be_in_no_plan_is_really_given():
    assert len(SENTINEL) > 20
    assert "openai_api_key" not in INPUTS
    assert set(PROBES) == {"iam", "monitoring", "ecs"}
