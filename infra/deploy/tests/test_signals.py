"""Ctrl-C as a terminal sends it, also twice, and the signal with which a runner ends a job."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.deploy.tests.world import Fate

ROOT = Path(__file__).resolve().parents[3]
OLD = {"beat": 1, "worker": 1, "orders": 1, "backend": 1}
PATIENCE = 120


@pytest.fixture
def silent():
    """Have an AWS that takes every question and answers none."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_tool_with_a_status_of_its_own(silent, number):
    variables = {
        **{name: each for name, each in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "ap-southeast-2",  # the one that is documented, and that boto3 does not read
        "OMC_STAGING_ACCOUNT": "123456789012",
        "OMC_STAGING_URL": "http://127.0.0.1:1",
    }
    words = [sys.executable, "-m", "infra.deploy", "staging", "--commit", "a" * 40]
    with subprocess.Popen(
        words, cwd=ROOT, env=variables, stderr=subprocess.PIPE, text=True
    ) as process:
        connection, _ = silent.accept()  # it waits for an answer now
        with connection:
            process.send_signal(number)
            _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said == "Interrupted.\n"


def test_an_impatient_second_ctrl_c_does_not_stop_the_way_back(operator, world):
    world.fates = {"worker": Fate.INTERRUPTED}
    update, impatience = world.backend.update_service, []

    def impatient(properties):
        if properties["task_definition"].endswith(":1"):
            impatience.append(properties["service"])
            signal.raise_signal(signal.SIGINT)
        return update(properties)

    world.backend.update_service = impatient
    assert operator.types("staging") == 130
    assert impatience == ["omc-beat", "omc-worker", "omc-orders", "omc-backend"]
    assert world.revisions() == OLD


def test_who_does_not_wait_for_the_way_back_is_told_what_to_look_at(operator, world):
    world.fates = {"worker": Fate.INTERRUPTED, "orders": Fate.INTERRUPTED}
    assert operator.types("staging") == 3
    assert "The way back failed too: interrupted" in operator.err
    for process in OLD:
        assert f"--service omc-{process} --task-definition omc-staging-{process}:1" in operator.err
    world.sleep(10)  # every service was pointed back before
    assert world.revisions() == OLD
