"""The image's recipe, the services of the compose file, and the script that runs both."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
RECIPE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = ("prestart", "web", "worker", "orders", "beat")


def test_every_stage_starts_from_one_base_that_is_named_by_its_digest():
    assert re.search(r"^ARG PYTHON_IMAGE=\S+@sha256:[0-9a-f]{64}$", RECIPE, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", RECIPE, re.MULTILINE) == ["${PYTHON_IMAGE}"] * 2


def test_the_image_installs_only_what_the_lock_file_names_by_hash():
    assert "--require-hashes --only-binary :all: --requirement /requirements.txt" in RECIPE
    assert "apt-get" not in RECIPE


def test_the_image_runs_as_nobody_knows_its_commit_and_says_whether_it_lives():
    last = RECIPE.rpartition("FROM ")[2]
    assert re.search(r"^USER 10001:10001$", last, re.MULTILINE)
    assert "ENV OMC_COMMIT=${COMMIT}" in last
    assert "HEALTHCHECK" in last
    assert "http://127.0.0.1:8000/healthz" in last


@pytest.mark.parametrize("name", OURS)
def test_our_services_can_change_nothing_and_gain_nothing(name):
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["environment"]["DATABASE_URL"].endswith("@db:5432/omc")


def test_services_start_again_and_wait_for_those_they_need():
    services = COMPOSE["services"]
    for name, service in services.items():
        assert "healthcheck" in service or name == "proxy"
        assert service.get("restart", "no") == ("no" if name == "prestart" else "unless-stopped")
    for name in ("web", "worker", "orders", "beat"):
        needed = services[name]["depends_on"]
        assert needed["prestart"] == {"condition": "service_completed_successfully"}
        assert needed["db"] == needed["redis"] == {"condition": "service_healthy"}


def test_only_the_proxy_waits_for_its_profile():
    assert [name for name, each in COMPOSE["services"].items() if "profiles" in each] == ["proxy"]


def test_everything_that_is_written_is_in_a_volume():
    used = {
        volume.partition(":")[0]
        for service in COMPOSE["services"].values()
        for volume in service["volumes"]
    }
    assert used == set(COMPOSE["volumes"])


def test_the_image_is_checked_where_it_is_demanded_and_elsewhere_said_to_be_skipped():
    steps = (ROOT / ".ci" / "run").read_text()
    choice = steps[steps.index('if [ "${OMC_REQUIRE_IMAGE:-}" = 1 ]') :]
    demanded, _, elsewhere = choice[: choice.index("\nfi\n")].partition("\nelse\n")
    assert "scripts/check_image" in demanded
    assert 'echo "SKIP image: ' in elsewhere


def test_the_script_starts_every_service_of_ours():
    script = (ROOT / "scripts" / "check_image").read_text()
    started = re.search(r'^check "up -d" compose up --detach (.*)$', script, re.MULTILINE)[1]
    assert sorted(started.split()) == sorted(name for name in OURS if name != "prestart")


@pytest.fixture
def bare(tmp_path):
    """Return a PATH that has what the script itself needs, and no builder of images."""
    for name in ("sh", "dirname", "git", "mktemp", "rm", "cat", "id", "echo"):
        (tmp_path / name).symlink_to(shutil.which(name))
    return str(tmp_path)


@pytest.mark.parametrize(("demand", "status"), [("", 0), ("1", 1)])
def test_a_machine_without_a_builder_skips_and_never_passes(bare, demand, status):
    done = subprocess.run(
        ["/bin/sh", ROOT / "scripts" / "check_image"],
        env={**os.environ, "PATH": bare, "OMC_REQUIRE_IMAGE": demand},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert "SKIP image: buildah catatonit podman runc not installed" in done.stdout
    assert "0 passed, 0 failed, 1 skipped" in done.stdout
