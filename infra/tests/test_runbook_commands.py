"""Each block of the runbook is carried out in a simulated account, or read by shellcheck."""

from __future__ import annotations

import json
import os
import subprocess

import boto3
import pytest

from infra.checking.tools import TOOLS, find
from infra.tests.account import PROCESSES, furnish, page
from infra.tests.plans import ROOT
from infra.tests.runbook import REAL, SIMULATED, blocks

if "OMC_INFRA_ENDPOINT" not in os.environ:
    pytest.skip(
        "scripts/check_infra.sh starts the simulated account, and refuses a skip",
        allow_module_level=True,
    )

COMMANDS = [block for block in blocks() if block.kind in {SIMULATED, REAL}]
CARRIED_OUT = [block for block in COMMANDS if block.kind == SIMULATED]
ENVIRONMENT = "staging"


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_shellcheck_finds_nothing_in(block, tmp_path):
    file = tmp_path / "block.sh"
    variables = "export ENVIRONMENT URL OMC_STAGING_URL OMC_STAGING_ACCOUNT\n"
    file.write_text(f"#!/bin/sh\n{variables}{block.text}")
    done = subprocess.run(
        [find("shellcheck"), "--shell=sh", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def account():
    endpoint = os.environ["OMC_INFRA_ENDPOINT"]
    furnish(endpoint, ENVIRONMENT)
    with page() as address:
        yield {
            **os.environ,
            "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_PAGER": "",
            "ENVIRONMENT": ENVIRONMENT,
            "OMC_STAGING_URL": address,
            "URL": address,
        }


def carry_out(block, account):
    return subprocess.run(
        ["/bin/sh", "-eu", "-c", block.text],
        cwd=ROOT,
        env=account,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize("block", CARRIED_OUT, ids=str)
def test_in_a_simulated_account_it_works_at(block, account):
    done = carry_out(block, account)
    assert done.returncode == 0, done.stderr
    assert "None" not in done.stdout.replace("\tNone", "")  # nothing was asked for that is not


def text_under(heading, containing):
    (block,) = [each for each in CARRIED_OUT if each.heading == heading and containing in each.text]
    return block


def test_a_rollback_by_hand_brings_the_revision_before_to_every_service(account):
    ecs = boto3.client("ecs", endpoint_url=account["AWS_ENDPOINT_URL"])
    names = [f"omc-{process}" for process in PROCESSES]
    for name in names:
        definition = f"omc-{ENVIRONMENT}-{name.removeprefix('omc-')}:2"
        ecs.update_service(cluster=f"omc-{ENVIRONMENT}", service=name, taskDefinition=definition)
    done = carry_out(text_under("Rollback Procedure", "REVISION=1"), account)
    assert done.returncode == 0
    services = ecs.describe_services(cluster=f"omc-{ENVIRONMENT}", services=names)["services"]
    assert {each["taskDefinition"].rpartition(":")[2] for each in services} == {"1"}


@pytest.mark.parametrize("secret", ["django/secret_key", "app/credential_key"])
def test_a_rotated_key_keeps_the_old_one_as_a_fallback(secret, account):
    client = boto3.client("secretsmanager", endpoint_url=account["AWS_ENDPOINT_URL"])

    def stored():
        return json.loads(client.get_secret_value(SecretId=f"omc/{secret}")["SecretString"])

    old = stored()
    assert (
        carry_out(
            text_under("Secret rotation", f"get-secret-value --secret-id omc/{secret}"), account
        ).returncode
        == 0
    )
    assert stored()["fallbacks"] == old["key"]
    assert stored()["key"] not in {old["key"], ""}
