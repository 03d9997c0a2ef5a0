"""The role of GitHub's deploy job allows what the tool asks, and nothing that nobody does."""

from __future__ import annotations

import re
from pathlib import Path

from infra.deploy.tests.world import Fate

ROLES = Path(__file__).resolve().parents[2] / "terraform" / "bootstrap" / "github.tf"
FREE = {"GetCallerIdentity"}  # AWS answers it to everybody
FOR_PEOPLE = {
    "ListTaskDefinitions",
    "StopTask",
    "PassRole",
    "BatchGetImage",
    "GetDownloadUrlForLayer",
}
"""What the runbook's commands and AWS itself need beyond the tool's own questions."""


def allowed():
    text = ROLES.read_text()
    deploy = text[text.index("  deploy = [") : text.index("\n  ]\n", text.index("  deploy = ["))]
    lists = " ".join(re.findall(r"Action\s*=\s*\[([^\]]*)\]", deploy))
    return {action.partition(":")[2] for action in re.findall(r'"([\w:]+)"', lists)}


def test_the_role_allows_what_the_tool_asks_and_no_more(operator, world):
    asked = set()
    for fate, words in (
        (Fate.COMPLETES, ["--dry-run"]),
        (Fate.COMPLETES, []),
        (Fate.FAILS, []),
        (Fate.COMPLETES, ["--status"]),
        (Fate.COMPLETES, ["--rollback"]),
    ):
        world.fates = {"worker": fate}
        operator.types("staging", *words)
        asked |= set(operator.calls)
    world.migration_status = 1
    operator.types("staging")
    asked |= {call for call in operator.calls if call not in {"CreateLogStream", "PutLogEvents"}}
    assert asked - FREE - {"CreateLogStream", "PutLogEvents"} == allowed() - FOR_PEOPLE
