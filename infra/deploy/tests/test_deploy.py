"""Deployments as an operator types them: each ends on the right revision and with its status."""

from __future__ import annotations

import pytest

from infra.deploy.situation import COMMIT, RELEASE, REPLACES
from infra.deploy.tests.world import Fate

ALL_OLD = {"beat": 1, "worker": 1, "orders": 1, "backend": 1}
ALL_NEW = {"beat": 2, "worker": 2, "orders": 2, "backend": 2}


def test_a_release_runs_on_every_service_by_its_digest(operator, world, commit):
    assert operator.types("staging") == 0
    assert world.revisions() == ALL_NEW
    for process in ALL_NEW:
        container = world.container(process)
        assert container["image"].endswith(f"/omc@{world.digest}")
        assert container["readonlyRootFilesystem"] is True
        assert container["secrets"]
        assert container["dockerLabels"][COMMIT] == commit
        assert container["dockerLabels"][REPLACES] == f"omc-staging-{process}:1"
    assert f"staging runs {commit}" in operator.out


def test_the_migration_comes_first_and_then_beat_the_workers_and_backend(operator, world):
    updated = []
    update = world.backend.update_service

    def noted(properties):
        updated.append(properties["service"])
        return update(properties)

    world.backend.update_service = noted
    assert operator.types("staging") == 0
    assert updated == ["omc-beat", "omc-worker", "omc-orders", "omc-backend"]
    assert operator.calls.index("RunTask") < operator.calls.index("UpdateService")


def test_the_stock_waiter_that_succeeds_after_a_rollback_is_not_used(operator, world):
    world.fates = {"backend": Fate.ECS_GOES_BACK}
    assert operator.types("staging") == 1
    services = world.ecs.describe_services(cluster="omc-staging", services=["omc-backend"])
    (deployment,) = services["services"][0]["deployments"]
    assert deployment["rolloutState"] == "COMPLETED"  # all is stable, and the release is not live


@pytest.mark.parametrize("process", ALL_OLD)
@pytest.mark.parametrize("fate", [Fate.FAILS, Fate.ECS_GOES_BACK, Fate.FOREIGN, Fate.HANGS])
def test_a_rollout_that_fails_takes_every_service_back(operator, world, process, fate):
    world.fates = {process: fate}
    assert operator.types("staging") == 1
    assert world.revisions() == ALL_OLD
    assert f"omc-{process}" in operator.err
    assert "Every service runs what it ran before." in operator.out


def test_who_failed_is_named_with_the_reason_of_ecs(operator, world):
    world.fates = {"worker": Fate.FAILS}
    operator.types("staging")
    assert "omc-worker: the deployment failed. tasks failed to start" in operator.err


def test_a_deployment_of_somebody_else_is_told_from_ours(operator, world):
    world.fates = {"worker": Fate.FOREIGN}
    assert operator.types("staging") == 1
    assert "somebody else deploys" in operator.err
    assert "omc-staging-worker:3" in operator.err


def test_a_rollout_without_end_is_given_up_in_time(operator, world):
    world.fates = {"worker": Fate.HANGS}
    assert operator.types("staging") == 1
    assert "omc-worker did not complete within 120 s." in operator.err


def test_ctrl_c_takes_every_service_back(operator, world):
    world.fates = {"worker": Fate.INTERRUPTED}
    assert operator.types("staging") == 130
    assert world.revisions() == ALL_OLD


def test_ctrl_c_between_two_updates_leaves_no_service_on_the_new_version(operator, world):
    update = world.backend.update_service

    def interrupted(properties):
        if properties["service"] == "omc-worker" and properties["task_definition"].endswith(":2"):
            update(properties)
            raise KeyboardInterrupt  # sent, and the answer was not heard
        return update(properties)

    world.backend.update_service = interrupted
    assert operator.types("staging") == 130
    assert world.revisions() == ALL_OLD
    assert world.service("backend").deployments[0]["id"].startswith("ecs-svc/")


def test_a_failed_migration_touches_no_service_and_shows_its_last_lines(operator, world):
    world.migration_status = 1
    assert operator.types("staging") == 1
    assert world.revisions() == ALL_OLD
    assert "UpdateService" not in operator.calls
    assert "column worth contains null values" in operator.out
    assert "no service was touched" in operator.err


def test_ctrl_c_during_the_migration_touches_no_service(operator, world, monkeypatch):
    monkeypatch.setattr(world, "sleep", lambda seconds: (_ for _ in ()).throw(KeyboardInterrupt))
    assert operator.types("staging") == 130
    assert world.revisions() == ALL_OLD
    assert "The migration goes on, no service was touched." in operator.out


def test_a_migration_that_cannot_be_started_touches_no_service(operator, world):
    world.backend.run_task = lambda *arguments, **keywords: []
    assert operator.types("staging") == 1
    assert "omc-staging-migrate:2 could not be started" in operator.err
    assert "UpdateService" not in operator.calls


def test_a_migration_without_end_is_given_up_in_time_and_named(operator, world):
    describe = world.backend.describe_tasks

    def at_work(*arguments, **keywords):
        tasks = describe(*arguments, **keywords)
        for task in tasks:
            task.last_status = "RUNNING"
        return tasks

    world.backend.describe_tasks = at_work
    assert operator.types("staging") == 1
    assert "The migration still runs after 1800 s, no service was touched." in operator.err
    assert ":task/omc-staging/" in operator.err
    assert world.revisions() == ALL_OLD
    assert "UpdateService" not in operator.calls


def test_a_deployment_that_began_during_our_migration_is_left_alone(operator, world):
    run = world.backend.run_task

    def meanwhile(*arguments, **keywords):
        world.deploy(world.service("worker"), world.register("worker"))
        return run(*arguments, **keywords)

    world.backend.run_task = meanwhile
    assert operator.types("staging") == 1
    assert "Somebody else deployed omc-worker" in operator.err
    assert "UpdateService" not in operator.calls


def test_a_page_that_names_another_commit_takes_every_service_back(operator, world):
    world.served = "f" * 40
    assert operator.types("staging") == 1
    assert world.revisions() == ALL_OLD
    assert "does not answer for commit" in operator.err
    assert "f" * 40 in operator.err


def test_a_page_that_is_down_takes_every_service_back(operator, world):
    world.served = ""
    assert operator.types("staging") == 1
    assert world.revisions() == ALL_OLD


def test_a_way_back_that_fails_too_has_its_own_status_and_says_what_to_type(operator, world):
    world.fates = {"backend": Fate.FAILS}
    world.refuses_updates_to = {("worker", "1")}
    assert operator.types("staging") == 3
    assert (
        "aws ecs update-service --cluster omc-staging --service omc-worker "
        "--task-definition omc-staging-worker:1" in operator.err
    )
    world.sleep(10)
    assert world.revisions() == {"beat": 1, "worker": 2, "orders": 1, "backend": 1}


def test_a_service_that_refuses_the_update_takes_the_others_back(operator, world):
    world.refuses_updates_to = {("backend", "2")}
    assert operator.types("staging") == 1
    assert world.revisions() == ALL_OLD


def test_terraforms_newest_shape_is_the_template(operator, world):
    world.register("worker")
    assert operator.types("staging") == 0
    assert world.revisions() == {"beat": 2, "worker": 3, "orders": 2, "backend": 2}


def test_the_same_commit_again_is_a_release_of_its_own(operator, world):
    assert operator.types("staging") == 0
    first = world.container("beat")["dockerLabels"][RELEASE]
    assert operator.types("staging") == 0
    assert world.revisions() == {"beat": 3, "worker": 3, "orders": 3, "backend": 3}
    assert world.container("beat")["dockerLabels"][REPLACES] == "omc-staging-beat:2"
    assert world.container("beat")["dockerLabels"][RELEASE] >= first
