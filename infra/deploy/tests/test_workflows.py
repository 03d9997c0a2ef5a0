"""The workflows: what GitHub does before and after a merge, read as it reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from infra.deploy import cli

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
OURS = "./.github/workflows/"


def workflow(name):
    found = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())
    return {"on" if key is True else key: value for key, value in found.items()}  # YAML 1.1


def steps(file):
    return [step for job in workflow(file)["jobs"].values() for step in job.get("steps", [])]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_action_is_pinned_to_a_commit_that_its_version_is_written_beside(file):
    used = re.findall(r"uses: (\S+)(.*)", file.read_text())
    assert used
    for action, comment in used:
        if not action.startswith(OURS):
            assert PINNED.match(action), action
            assert re.fullmatch(r" # v[\d.]+", comment), action


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_is_allowed_that_is_not_named(file):
    found = workflow(file.name)
    assert found["permissions"] == {}
    assert "pull_request_target" not in found["on"]
    for job in found["jobs"].values():
        assert job["permissions"]["contents"] == "read"
        assert {"contents", "id-token", "attestations"} >= set(job["permissions"])
    for step in steps(file.name):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", "")  # values come by the environment, never as code


def test_a_pull_request_never_gets_a_role():
    jobs = workflow("ci.yml")["jobs"].values()
    assert all("id-token" not in job["permissions"] for job in jobs)
    assert set(workflow("deploy.yml")["on"]) == {"push"}
    assert workflow("deploy.yml")["on"]["push"] == {"branches": ["main"]}


def test_main_is_protected_by_every_check_of_a_pull_request():
    guide = (ROOT / "docs" / "DEPLOYMENT.md").read_text()
    (text,) = re.findall(r"/protection --input - <<'JSON'\n(.*?)\nJSON\n", guide, re.DOTALL)
    protection = json.loads(text)
    jobs = workflow("ci.yml")["jobs"].values()
    assert protection["required_status_checks"] == {
        "strict": True,
        "contexts": [name for job in jobs for name in names_of(job)],
    }
    assert protection["enforce_admins"]
    assert protection["required_pull_request_reviews"]
    assert not protection["allow_force_pushes"]
    assert not protection["allow_deletions"]


def names_of(job):
    """Return a job's checks as GitHub calls them: one for each Python of its matrix."""
    pythons = job.get("strategy", {}).get("matrix", {}).get("python", [None])
    return [job["name"].replace("${{ matrix.python }}", str(python)) for python in pythons]


def test_every_count_runs_once_a_week_and_gets_no_role():
    found = workflow("weekly.yml")
    assert set(found["on"]) == {"schedule", "workflow_dispatch"}
    ((when,),) = [each.values() for each in found["on"]["schedule"]]
    minute, hour, *days, weekday = when.split()
    assert (days, len(weekday)) == (["*", "*"], 1)
    assert weekday.isdigit()
    assert minute.isdigit()
    assert hour.isdigit()
    (job,) = found["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert job["timeout-minutes"] <= 360  # where GitHub itself ends a job
    assert job["steps"][-1]["run"].startswith("scripts/test --full")


def test_no_key_is_stored():
    for file in FILES:
        assert "secrets." not in file.read_text()


def test_tests_come_before_the_image_the_image_before_staging_and_that_before_production():
    jobs = workflow("deploy.yml")["jobs"]
    assert jobs["test"]["uses"] == f"{OURS}ci.yml"
    assert jobs["build"]["needs"] == "test"
    assert jobs["staging"]["needs"] == "build"
    assert jobs["production"]["needs"] == ["build", "staging"]


def test_the_image_is_built_once_and_promoted_by_its_digest():
    builders = [step for step in steps("deploy.yml") if "build-push-action" in step.get("uses", "")]
    assert len(builders) == 1
    assert builders[0]["with"]["provenance"] is False  # what ECR scans is an image, not an index
    for environment in ("staging", "production"):
        job = workflow("deploy.yml")["jobs"][environment]
        deploy = job["steps"][-1]
        assert job["environment"] == environment
        assert job["concurrency"] == {
            "group": f"deploy-{environment}",
            "cancel-in-progress": False,
        }
        assert deploy["env"]["DIGEST"] == "${{ needs.build.outputs.digest }}"
        assert deploy["run"].startswith(f"scripts/deploy.sh {environment} ")


def test_what_is_inside_and_where_it_comes_from_is_signed():
    used = " ".join(step.get("uses", "") for step in steps("deploy.yml"))
    for action in ("anchore/sbom-action@", "actions/attest-sbom@", "attest-build-provenance@"):
        assert action in used


def test_the_commands_of_the_workflow_are_commands_of_the_tool():
    for environment in ("staging", "production"):
        run = workflow("deploy.yml")["jobs"][environment]["steps"][-1]["run"]
        words = run.replace("$COMMIT", "a" * 40).replace("$DIGEST", "sha256:" + "b" * 64)
        options = cli._options([word.strip('"') for word in words.split()[1:]])
        assert options.environment == environment
        assert (options.commit, options.digest) == ("a" * 40, "sha256:" + "b" * 64)
