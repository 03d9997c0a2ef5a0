"""The state lies in a bucket, and two people cannot change it at once."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import boto3
import pytest

from infra.tests.plans import ENVIRONMENTS, TERRAFORM, require_plans

require_plans()
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


def terraform(folder, *words):
    done = subprocess.run(
        [shutil.which("terraform"), *words, "-input=false", "-no-color"],
        cwd=folder,
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
