"""The way back by command, and what the tool says about where things stand."""

from __future__ import annotations

import pytest

from infra.deploy.target import PROCESSES
from infra.deploy.tests.world import Fate

FIRST, SECOND, THIRD = (dict.fromkeys(PROCESSES, n) for n in (1, 2, 3))
NEXT = "c" * 40


@pytest.fixture
def released(operator, world, commit):
    """Have two releases live, one after the other."""
    assert operator.types("staging") == 0
    world.push(NEXT)
    assert operator.types("staging", "--commit", NEXT) == 0
    assert world.revisions() == THIRD
    return operator


def test_a_rollback_brings_the_release_before_back(released, world, commit):
    assert released.types("staging", "--rollback") == 0
    assert world.revisions() == SECOND
    assert world.commit() == commit
    assert f"staging runs {commit} again" in released.out
    assert not {"RunTask", "RegisterTaskDefinition"} & set(released.calls)


def test_a_rollback_needs_no_clean_checkout_and_no_image(released, world, tmp_path):
    released.folder = tmp_path
    assert released.types("staging", "--rollback") == 0
    assert world.revisions() == SECOND


def test_a_second_rollback_goes_one_further_and_a_third_is_refused(released, world):
    for expected in (SECOND, FIRST):
        assert released.types("staging", "--rollback") == 0
        assert world.revisions() == expected
    assert released.types("staging", "--rollback") == 2
    assert world.revisions() == FIRST


def test_after_a_rollback_the_next_release_replaces_what_runs(released, world):
    assert released.types("staging", "--rollback") == 0
    assert released.types("staging", "--commit", NEXT) == 0
    assert released.types("staging", "--rollback") == 0
    assert world.revisions() == SECOND


def test_a_release_that_was_killed_half_way_is_taken_back_as_one(released, world):
    definitions = {
        process: world.ecs.describe_task_definition(taskDefinition=f"omc-staging-{process}:2")
        for process in ("worker", "orders", "backend")
    }
    for process, answer in definitions.items():  # beat has the new release, the others the old
        service = world.service(process)
        world.deploy(service, answer["taskDefinition"]["taskDefinitionArn"])
    world.sleep(10)
    assert world.revisions() == {"beat": 3, "worker": 2, "orders": 2, "backend": 2}
    assert released.types("staging", "--rollback") == 0
    assert world.revisions() == SECOND


def test_a_rollback_goes_ahead_while_a_deployment_hangs(released, world):
    world.push("d" * 40)
    world.fates = {"worker": Fate.HANGS}
    update = world.backend.update_service
    world.backend.update_service = lambda properties: (
        update(properties) if properties["task_definition"][-1] == "4" else _killed()
    )
    with pytest.raises(SystemExit):  # the tool is killed and cannot go back itself
        released.types("staging", "--commit", "d" * 40)
    world.fates, world.backend.update_service = {}, update
    assert released.types("staging", "--rollback") == 0
    assert world.revisions() == THIRD


def _killed():
    raise SystemExit(137)


def test_a_rollback_that_fails_stays_where_it_was(released, world):
    world.fates = {"worker": Fate.FAILS}
    assert released.types("staging", "--rollback") == 1
    assert world.revisions() == THIRD


def test_the_status_of_a_healthy_release(released, world):
    assert released.types("staging", "--status") == 0
    assert f"omc-beat: omc-staging-beat:3, commit {NEXT}, " in released.out
    assert f'"commit": "{NEXT}"' in released.out
    assert "--rollback would bring back omc-staging-beat:2" in released.out
    assert released.writes() == []


def test_the_status_of_what_terraform_made(operator):
    assert operator.types("staging", "--status") == 0
    assert "commit unknown" in operator.out
    assert "--rollback would be refused" in operator.out


def test_the_status_of_a_deployment_that_is_going_on(released, world):
    world.deploy(world.service("worker"), world.register("worker"))
    assert released.types("staging", "--status") == 1
    assert "IN_PROGRESS (in progress)" in released.out


def test_the_status_when_another_commit_answers(released, world):
    world.served = "e" * 40
    assert released.types("staging", "--status") == 1
