"""What is refused before anything is read or changed, and in which words."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.tests.plans import ENVIRONMENTS, require_plans

require_plans()
REQUIRED = (
    "aws_account_id",
    "domain_name",
    "certificate_arn",
    "alert_email",
    "sec_user_agent",
)
FILE = "simulated.auto.tfvars"


def plan(environment, tmp_path, *, inputs=None, **variables):
    """Plan in a folder of its own, with other inputs."""
    place = Path(os.environ["OMC_INFRA_COPY"]) / "environments" / environment
    given = (place / FILE).read_text() if inputs is None else inputs
    file = tmp_path / "inputs.tfvars"
    file.write_text(given)
    kept = place / FILE
    hidden = kept.rename(tmp_path / "hidden")
    try:
        return subprocess.run(
            [
                shutil.which("terraform"),
                "plan",
                "-input=false",
                "-no-color",
                "-lock=false",
                f"-var-file={file}",
            ],
            cwd=place,
            env={
                **os.environ,
                "AWS_ENDPOINT_URL": os.environ["OMC_INFRA_ENDPOINT"],
                "TF_VAR_openai_api_key": "x",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    finally:
        hidden.rename(kept)


def inputs_of(environment):
    return (Path(os.environ["OMC_INFRA_COPY"]) / "environments" / environment / FILE).read_text()


def words_of(done):
    return " ".join((done.stdout + done.stderr).replace("│", " ").split())


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_another_account_is_refused_by_its_number(environment, tmp_path):
    inputs = inputs_of(environment).replace('"123456789012"', '"210987654321"')
    done = plan(environment, tmp_path, inputs=inputs)
    assert done.returncode == 1
    assert "AWS account ID not allowed: 123456789012" in words_of(done)


def test_every_missing_variable_is_named(tmp_path):
    done = plan("staging", tmp_path, inputs="")
    assert done.returncode == 1
    for variable in REQUIRED:
        assert f'variable "{variable}" is not set' in words_of(done)


def test_every_wrong_value_is_named_with_what_is_right(tmp_path):
    wrong = {"aws_account_id": "mine", "domain_name": "https://coins.example.com"}
    lines = [
        line for line in inputs_of("staging").splitlines() if not line.startswith(tuple(wrong))
    ]
    lines += [f'{name} = "{value}"' for name, value in wrong.items()]
    done = plan("staging", tmp_path, inputs="\n".join([*lines, ""]), TF_VAR_openai_api_key="")
    assert done.returncode == 1
    told = words_of(done)
    assert "aws_account_id has twelve digits" in told
    assert "a host name without scheme" in told
    assert "Set TF_VAR_openai_api_key" in told
