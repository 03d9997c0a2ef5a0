"""The commands of the runbook are carried out, in the order in which they stand there."""

from __future__ import annotations

import re

from infra.deploy import cli
from infra.tests.runbook import RUNBOOK, deploy_commands

NEXT = "c" * 40


def test_the_deployment_steps_bring_the_commit_live(operator, world, commit):
    for words in deploy_commands("Deployment Steps"):
        assert operator.types(*words) == 0, operator.err
    assert world.commit() == commit
    assert set(world.revisions().values()) == {2}


def test_the_rollback_procedure_brings_the_release_before_back(operator, world, commit):
    assert operator.types("staging") == 0
    world.push(NEXT)
    assert operator.types("staging", "--commit", NEXT) == 0
    assert world.commit() == NEXT
    for words in deploy_commands("Rollback Procedure"):
        assert operator.types(*words) == 0, operator.err
    assert world.commit() == commit
    assert set(world.revisions().values()) == {2}


def test_the_runbook_explains_every_exit_status():
    table = re.findall(r"^\| (\d+) \| ", RUNBOOK.read_text(), re.MULTILINE)
    known = [cli.DONE, cli.FAILED, cli.REFUSED, cli.STUCK, cli.INTERRUPTED]
    assert [int(each) for each in table] == known
