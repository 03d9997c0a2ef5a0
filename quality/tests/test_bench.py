"""The benchmark of quality, run on little data: every goal of it is judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOALS = {
    "freshness.sql": ("<=", 1),
    "freshness.flat": ("<=", 1.3),
    "complete.time": ("<=", 100),
    "complete.flat": ("<=", 1.3),
    "complete.orm": (">=", 50),
}


@pytest.mark.full
def test_every_goal_of_quality_is_measured_and_judged(tmp_path) -> None:
    for place in (tmp_path, *tmp_path.parents[:2]):
        place.chmod(0o711)  # root's engines run as somebody else
    written = tmp_path / "it.json"
    words = ["quality", "--quick", "--rows", "20000", "--home", tmp_path, "--json", written]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "scripts")))},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert written.exists(), done.stderr
    figures = json.loads(written.read_text())["figures"]
    assert {f["name"]: (f["goal"]["side"], f["goal"]["limit"]) for f in figures} == GOALS
    assert all(figure["value"] is not None for figure in figures)
    assert done.returncode == any(figure["verdict"] != "pass" for figure in figures)
    assert [path.name for path in tmp_path.iterdir()] == ["it.json"]
