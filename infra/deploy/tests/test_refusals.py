"""What is refused before anything changes, by name and with the remedy."""

from __future__ import annotations

import boto3
import pytest

from infra.deploy import registry
from infra.deploy.tests.conftest import git
from infra.deploy.tests.world import DENIED, INDEX, Fate

OLD = {"beat": 1, "worker": 1, "orders": 1, "backend": 1}
OTHER = "b" * 40


@pytest.fixture(autouse=True)
def nothing_changes(operator, world):
    """See after each test that AWS was asked for nothing but answers."""
    yield
    assert operator.calls or operator.err
    assert operator.writes() == []


def refused(operator, *words):
    assert operator.types(*words) == 2
    assert operator.err.startswith("Refused, nothing was changed.\n")
    return operator.err


def test_an_image_that_does_not_exist(operator):
    said = refused(operator, "staging", "--commit", OTHER)
    assert f"There is no image of commit {OTHER}" in said
    assert "let the workflow build it" in said


def test_an_image_with_another_digest(operator):
    assert "find out where" in refused(operator, "staging", "--digest", "sha256:" + "0" * 64)


def test_an_image_that_is_an_index(operator, world):
    world.push(OTHER, media=INDEX)
    assert "--provenance=false" in refused(operator, "staging", "--commit", OTHER)


def test_an_image_that_nobody_scanned(operator, world):
    world.push(OTHER, scanned=False)
    assert "is MISSING" in refused(operator, "staging", "--commit", OTHER)


def test_an_image_with_a_dangerous_weakness(operator, world):
    world.findings = [{"name": "CVE-2026-1", "severity": "CRITICAL"}]
    assert "CVE-2026-1 (CRITICAL)" in refused(operator, "staging")


def test_an_account_that_is_not_the_environments(operator):
    operator.variables["OMC_STAGING_ACCOUNT"] = "999999999999"
    said = refused(operator, "staging")
    assert "of account 123456789012, and staging is in 999999999999" in said
    assert operator.calls == ["GetCallerIdentity"]


@pytest.mark.parametrize("mode", ["--rollback", "--status", "--dry-run"])
def test_no_mode_works_on_another_account(operator, mode):
    operator.variables["OMC_STAGING_ACCOUNT"] = "999999999999"
    refused(operator, "staging", mode)


def test_variables_that_are_not_set_are_all_named(operator):
    said = refused(operator, "production")
    assert "OMC_PRODUCTION_ACCOUNT" in said
    assert "OMC_PRODUCTION_URL" in said


def test_an_address_without_tls(operator):
    operator.variables["OMC_STAGING_URL"] = "http://staging.example.com"
    assert "https://" in refused(operator, "staging")


def test_a_region_that_is_not_set(operator, monkeypatch):
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    operator.session = None
    assert "AWS_REGION is not set" in refused(operator, "staging")


def test_a_region_without_the_cluster(operator):
    operator.session = boto3.Session("testing", "testing", region_name="eu-west-1")
    assert "There is no cluster omc-staging" in refused(operator, "staging", "--status")


def test_a_deployment_that_is_already_running(operator, world):
    world.deploy(world.service("worker"), world.register("worker"))
    said = refused(operator, "staging")
    assert "A deployment of omc-worker is already running" in said
    assert "--rollback" in said


def test_a_migration_that_is_already_running(operator, world):
    world.ecs.run_task(
        cluster="omc-staging",
        taskDefinition="omc-staging-migrate",
        launchType="FARGATE",
        networkConfiguration=world.network,
    )
    operator.calls.clear()
    assert "stop-task" in refused(operator, "staging")


def test_a_service_that_is_missing(operator, world):
    del world.backend.services["omc-staging:omc-beat"]
    assert "omc-beat is not in cluster omc-staging" in refused(operator, "staging")
    assert "omc-beat is not in cluster omc-staging" in refused(operator, "staging", "--status")


def test_a_family_that_is_missing(operator, world):
    world.backend.task_definitions.pop("omc-staging-migrate")
    assert "no task definition omc-staging-migrate" in refused(operator, "staging")


def test_a_repository_that_is_missing(operator, monkeypatch):
    monkeypatch.setattr(registry, "REPOSITORY", "nowhere")
    assert "There is no repository nowhere" in refused(operator, "staging")


def test_services_that_want_no_task(operator, world):
    world.service("worker").desired_count = 0
    assert "omc-worker wants 0 tasks" in refused(operator, "staging")


def test_everything_that_is_wrong_is_said_at_once(operator, world):
    world.service("worker").desired_count = 0
    world.deploy(world.service("beat"), world.register("beat"))
    world.findings = [{"name": "CVE-2026-2", "severity": "HIGH"}]
    said = refused(operator, "staging")
    assert all(each in said for each in ("omc-worker wants 0", "omc-beat is already", "CVE-2026-2"))


def test_a_dirty_tree(operator, tmp_path, clone):
    git(tmp_path, "clone", "--quiet", str(clone), "dirty")
    (tmp_path / "dirty" / "new.py").write_text("y = 2\n")
    operator.folder = tmp_path / "dirty"
    said = refused(operator, "staging")
    assert "new.py" in said
    assert "--commit SHA" in said
    assert operator.calls == []


def test_a_folder_that_is_no_checkout(operator, tmp_path):
    operator.folder = tmp_path
    assert "is no git checkout" in refused(operator, "staging")


def test_a_machine_without_git(operator, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "git is not installed" in refused(operator, "staging")
    assert operator.calls == []


def test_a_rollback_before_any_release(operator):
    assert "there is no release before it" in refused(operator, "staging", "--rollback")


@pytest.mark.parametrize(
    "words",
    [
        ["nowhere"],
        ["staging", "--commit", "abc"],
        ["staging", "--digest", "abc"],
        ["staging", "--rollback", "--dry-run"],
    ],
)
def test_a_command_line_that_cannot_be_meant(operator, words):
    with pytest.raises(SystemExit) as ended:
        operator.types(*words)
    assert ended.value.code == 2
    operator.err = "said by argparse"


def test_a_dry_run_asks_and_changes_nothing(operator, world, commit):
    assert operator.types("staging", "--dry-run") == 0
    assert world.revisions() == OLD
    assert commit in operator.out
    assert "omc-beat: a new revision in place of omc-staging-beat:1" in operator.out
    assert operator.out.endswith("Nothing was changed.\n")


def test_a_dry_run_refuses_what_a_deployment_would(operator, world):
    world.findings = [{"name": "CVE-2026-3", "severity": "HIGH"}]
    assert "CVE-2026-3" in refused(operator, "staging", "--dry-run")


def test_what_aws_denies_is_no_traceback(operator, world):
    world.fates = {"beat": Fate.COMPLETES}
    world.backend.describe_task_definition = _breaks
    assert operator.types("staging") == 1
    assert "AWS refused, or cannot be reached" in operator.err


def _breaks(*arguments, **keywords):
    raise DENIED
