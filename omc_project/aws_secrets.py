"""AWS Secrets Manager as a source of settings: a secret becomes a variable before it is read."""

from __future__ import annotations

import os
from collections.abc import Mapping


def load(variables: Mapping[str, str]) -> None:
    """Fetch each named secret into its variable (`VARIABLE -> secret name`), unless it is set.

    Tasks on ECS get secrets injected and do not need this; a server of one's own may. Reading
    fails with the AWS error, for a missing secret is no reason to start with a default.
    """
    wanted = {name: secret for name, secret in variables.items() if name not in os.environ}
    if not wanted:
        return
    import boto3  # noqa: PLC0415  # 33 MB that most installations never need

    client = boto3.client("secretsmanager")
    for name, secret in wanted.items():
        os.environ[name] = client.get_secret_value(SecretId=secret)["SecretString"]
