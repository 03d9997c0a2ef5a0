"""The runbook has every section, and each of its blocks is of a kind that is checked."""

from __future__ import annotations

from infra.tests.runbook import REAL, SIMULATED, blocks, deploy_commands, headings

WANTED = [
    "Pre-Deployment Checklist",
    "Deployment Steps",
    "Health Check Validation",
    "Rollback Procedure",
    "Troubleshooting",
    "Secret rotation",
    "Restore",
    "Dashboard",
    "First real run",
]
COMMANDS = [block for block in blocks() if block.kind in {SIMULATED, REAL}]
CARRIED_OUT = [block for block in COMMANDS if block.kind == SIMULATED]


def test_every_section_is_there():
    found = headings()
    assert [each for each in WANTED if each not in found] == []


def test_every_block_is_carried_out_checked_or_compared():
    for block in blocks():
        assert block.kind in {SIMULATED, REAL} or block.kind.startswith("json /"), str(block)


def test_most_commands_are_carried_out():
    assert len(CARRIED_OUT) >= 25
    only_read = "\n".join(block.text for block in COMMANDS if block.kind == REAL)
    words = {line.split()[0] for line in only_read.splitlines() if line.strip()}
    # Terraform's plan, the deploy tool and .ci/run have tests of their own; what else is only read?
    assert words <= {"terraform", "scripts/deploy.sh", ".ci/run", "read", "aws"}


def test_the_way_forward_and_the_way_back_are_there():
    assert ["staging", "--dry-run"] in deploy_commands("Deployment Steps")
    assert ["staging"] in deploy_commands("Deployment Steps")
    assert ["staging", "--rollback"] in deploy_commands("Rollback Procedure")
