"""The commands of the runbook, as they stand in its fenced blocks."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass

from infra.tests.plans import TERRAFORM

RUNBOOK = TERRAFORM / "OPERATIONS_RUNBOOK.md"
FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) (.+)$", re.MULTILINE)
SIMULATED, REAL = "sh", "sh real"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block: under which heading, of which kind, at which line, and what it says."""

    heading: str
    kind: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}"


def blocks() -> list[Block]:
    """Return every fenced block, in order."""
    text = RUNBOOK.read_text()
    found = []
    for fence in FENCE.finditer(text):
        above = text[: fence.start()]
        *_, heading = HEADING.finditer(FENCE.sub("", above))
        found.append(
            Block(
                heading=heading[2],
                kind=fence[2],
                line=above.count("\n") + 1,
                text=textwrap.dedent(fence[3]),
            )
        )
    return found


def headings() -> list[str]:
    """Return every heading."""
    return [found[2] for found in HEADING.finditer(FENCE.sub("", RUNBOOK.read_text()))]


def deploy_commands(heading: str) -> list[list[str]]:
    """Return the words of each command of the deploy tool under a heading."""
    return [
        line.split()[1:]
        for block in blocks()
        if block.heading == heading
        for line in block.text.splitlines()
        if line.startswith("scripts/deploy.sh ")
    ]
