"""The benchmarks of the agents, run on little data: every goal of the issue is judged."""

from __future__ import annotations

import importlib.util
import json

import pytest

from omc_project.tests.test_bench import bench

ISSUED = {
    "step.record": ("<=", 2),
    "step.postgres": ("<=", 0.7),
    "state.alone": ("<=", 5),
    "state.crowded": ("<=", 120),
    "question.planner": ("<=", 1),
}


@pytest.mark.full
def test_every_figure_of_the_agents_is_measured_and_judged(tmp_path) -> None:
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o711)  # root's engines run as somebody else
    words = ["agents", "--quick", "--rows", "20000", "--home", tmp_path]
    done = bench(*words, "--json", tmp_path / "it.json")
    written = json.loads((tmp_path / "it.json").read_text())
    figures = {one["name"]: one for one in written["figures"]}
    goals = {name: (one["goal"]["side"], one["goal"]["limit"]) for name, one in figures.items()}
    assert goals == ISSUED
    has_peer = importlib.util.find_spec("langgraph.checkpoint.postgres") is not None
    unmeasured = {name for name, one in figures.items() if one["value"] is None}
    assert unmeasured == (set() if has_peer else {"step.postgres"})
    assert done.returncode == any(one["verdict"] != "pass" for one in figures.values())
