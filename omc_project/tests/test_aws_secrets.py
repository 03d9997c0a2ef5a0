"""Secrets Manager as a source of settings."""

from __future__ import annotations

import os

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from omc_project.aws_secrets import load


@pytest.fixture(autouse=True)
def _credentials(monkeypatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-2")
    monkeypatch.setenv("OMC_TEST_SECRET", "set already")
    monkeypatch.delenv("OMC_TEST_SECRET")


def test_a_secret_becomes_its_variable_unless_that_is_set(monkeypatch) -> None:
    with mock_aws():
        boto3.client("secretsmanager").create_secret(Name="omc/test", SecretString="from aws")
        load({"OMC_TEST_SECRET": "omc/test"})
        assert os.environ["OMC_TEST_SECRET"] == "from aws"
        monkeypatch.setenv("OMC_TEST_SECRET", "own")
        load({"OMC_TEST_SECRET": "omc/other"})
        assert os.environ["OMC_TEST_SECRET"] == "own"


def test_a_missing_secret_is_no_reason_to_start_without_it() -> None:
    with mock_aws(), pytest.raises(ClientError, match="ResourceNotFound"):
        load({"OMC_TEST_SECRET": "omc/nothing"})


def test_nothing_is_asked_when_nothing_is_named() -> None:
    load({})
