"""The state lies in a bucket, two people cannot change it at once, and it holds no secret."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import boto3
import pytest

from infra.tests.plans import ENVIRONMENTS, TERRAFORM, require_plans

require_plans()
SECRET = """
provider "aws" {
  skip_metadata_api_check = true
}
variable "value" {
  type      = string
  ephemeral = true
}
module "secret" {
  source       = "../modules/secrets"
  secret_name  = "written/once"
  secret_value = var.value
  environment  = "staging"
  aws_region   = "ap-southeast-2"
  kms_key_arn  = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
}
"""
BACKEND = re.compile(r'^  backend "s3" \{\n.*?^  \}$', re.MULTILINE | re.DOTALL)


@pytest.fixture
def bucket():
    client = boto3.client("s3", endpoint_url=os.environ["OMC_INFRA_ENDPOINT"])
    place = {"LocationConstraint": "ap-southeast-2"}
    client.create_bucket(Bucket="state", CreateBucketConfiguration=place)
    yield client
    for each in client.list_objects_v2(Bucket="state").get("Contents", []):
        client.delete_object(Bucket="state", Key=each["Key"])
    client.delete_bucket(Bucket="state")


def terraform(folder, *words, **variables):
    done = subprocess.run(
        [shutil.which("terraform"), *words, "-input=false", "-no-color"],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_who_comes_second_is_refused_while_the_first_one_works(environment, bucket, tmp_path):
    versions = (TERRAFORM / "environments" / environment / "versions.tf").read_text()
    backend = BACKEND.search(versions)[0]
    (tmp_path / "main.tf").write_text(
        f'terraform {{\n{backend}\n}}\nresource "terraform_data" "x" {{\n  input = 1\n}}\n'
    )
    address = os.environ["OMC_INFRA_ENDPOINT"]
    (tmp_path / "backend.hcl").write_text(
        f'bucket = "state"\nregion = "ap-southeast-2"\nuse_path_style = true\n'
        f'endpoints = {{ s3 = "{address}", sts = "{address}" }}\n'
    )
    assert terraform(tmp_path, "init", "-backend-config=backend.hcl")[0] == 0
    assert terraform(tmp_path, "apply", "-auto-approve")[0] == 0
    key = f"omc/{environment}/terraform.tfstate"
    bucket.head_object(Bucket="state", Key=key)
    lock = {"ID": "1", "Operation": "OperationTypeApply", "Who": "somebody@elsewhere"}
    bucket.put_object(Bucket="state", Key=f"{key}.tflock", Body=json.dumps(lock))
    status, told = terraform(tmp_path, "plan")
    assert status == 1
    assert "Error acquiring the state lock" in told
    assert "somebody@elsewhere" in told


def test_a_secret_reaches_the_account_and_neither_plan_nor_state():
    folder = Path(os.environ["OMC_INFRA_COPY"]) / "written"
    folder.mkdir()
    (folder / "main.tf").write_text(SECRET)
    value, endpoint = "sk-this-is-written-once", os.environ["OMC_INFRA_ENDPOINT"]
    variables = {"TF_VAR_value": value, "AWS_ENDPOINT_URL": endpoint}
    for words in (["init"], ["plan", "-out=tfplan"], ["apply", "-auto-approve"]):
        status, told = terraform(folder, *words, **variables)
        assert status == 0, told
        assert value not in told
    client = boto3.client("secretsmanager", endpoint_url=endpoint)
    assert client.get_secret_value(SecretId="written/once")["SecretString"] == value
    plan = terraform(folder, "show", "-json", "tfplan")[1]
    state = (folder / "terraform.tfstate").read_text()
    assert "secret_string_wo_version" in state
    assert value not in plan + state
