"""The benchmarks of trading, run on little data: every goal of the issue is judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omc_project.tests.test_bench import bench

ISSUED = {
    "matches.loop": ("<=", 1.3),
    "matches.memory": ("<=", 1),
    "fill.insert": ("<=", 2.5),
    "fill.flat": ("<=", 1.3),
    "portfolio.replay": (">=", 300),
}


@pytest.mark.full
def test_every_row_of_the_issue_is_measured_beside_its_peer_and_judged(tmp_path: Path) -> None:
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o711)  # root's engines run as somebody else
    words = ("trading", "--quick", "--rows", 40_000, "--home", tmp_path)
    done = bench(*words, "--json", tmp_path / "it.json")
    assert (tmp_path / "it.json").exists(), done.stderr
    figures = json.loads((tmp_path / "it.json").read_text())["figures"]
    goals = {one["name"]: (one["goal"]["side"], one["goal"]["limit"]) for one in figures}
    assert goals == ISSUED
    assert all(one["value"] and one["ours"] and one["peer"] for one in figures)
    verdicts = {one["name"]: one["verdict"] for one in figures}
    assert verdicts["matches.memory"] == "pass"
    assert done.returncode == any(verdict != "pass" for verdict in verdicts.values())
