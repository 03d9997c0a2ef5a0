"""Each queue has one kind of process that takes from it, at home as in containers."""

from __future__ import annotations

import pytest
import yaml
from celery import current_app

from infra.tests.plans import ROOT
from omc_project import running

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
DIFFERENT = {"--quiet", "--loglevel", "INFO", "WARNING", "ERROR", "DEBUG"}
"""How much is said where: a terminal wants less than a log."""


def served():
    """Return the services by the queue that they take from."""
    workers = {
        name: each["command"]
        for name, each in COMPOSE.items()
        if "worker" in each.get("command", ())
    }
    return {command[command.index("--queues") + 1]: name for name, command in workers.items()}


def test_every_queue_that_work_is_sent_to_is_served_by_a_service_of_its_own():
    current_app.loader.import_default_modules()
    routed = {
        current_app.amqp.router.route({}, task)["queue"].name
        for task in current_app.tasks
        if not task.startswith("celery.")
    }
    assert served() == {"celery": "worker", "orders": "orders"}
    assert routed == set(served())


@pytest.mark.parametrize("name", ["worker", "orders", "beat"])
def test_a_container_runs_what_scripts_up_runs(name):
    (program,) = [
        each
        for each in running.programs(host="127.0.0.1", port=8000, replay=None)
        if each.name == name
    ]
    at_home = [word for word in program.argv if word not in DIFFERENT]
    assert [word for word in COMPOSE[name]["command"] if word not in DIFFERENT] == at_home


@pytest.mark.parametrize("name", ["worker", "orders"])
def test_the_health_check_asks_that_very_process(name):
    asked = COMPOSE[name]["healthcheck"]["test"][1]
    given = {"worker": "celery", "orders": "orders"}[name]  # the first is Celery's own default
    assert f"--destination {given}@$$(hostname) " in asked
    named = [word for word in COMPOSE[name]["command"] if word.endswith("@%h")]
    assert named == ([] if name == "worker" else ["orders@%h"])
