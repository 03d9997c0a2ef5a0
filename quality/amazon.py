"""Clients of Amazon's services: bounded, so that no round waits for one that hangs."""

from __future__ import annotations

from typing import Any

CONNECT, READ, ATTEMPTS = 5, 10, 2
"""Seconds, seconds, and how often one request is tried at once; what failed comes again later."""


def client_of(service: str, *, region: str | None = None) -> Any:
    """Return a client; without a region that of this machine (AWS_DEFAULT_REGION)."""
    import boto3  # noqa: PLC0415  # 33 MB that most installations never need
    from botocore.config import Config  # noqa: PLC0415  # comes with it

    bounds = Config(
        connect_timeout=CONNECT, read_timeout=READ, retries={"total_max_attempts": ATTEMPTS}
    )
    return boto3.client(service, region_name=region, config=bounds)


def plain(text: str) -> str:
    """Return a text in the characters that names and subjects may have there."""
    return "".join(one if one.isascii() and one.isprintable() else "?" for one in text)
