"""The environments: how their parts are called, and which variables say where they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from infra.deploy.errors import RefusedError

ENVIRONMENTS = ("staging", "production")
PROCESSES = ("beat", "worker", "orders", "backend")
"""In the order of their update: who hands out work, who does it, who shows it."""
MIGRATE = "migrate"
REPOSITORY = "omc"
LOOPBACK = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One environment: the account it must be in, and the address that it answers at."""

    environment: str
    account: str
    url: str

    @property
    def cluster(self) -> str:
        """The name of the cluster."""
        return f"omc-{self.environment}"

    def service(self, process: str) -> str:
        """Return the name of a process's service."""
        return f"omc-{process}"

    def family(self, process: str) -> str:
        """Return the family of a process's task definitions."""
        return f"omc-{self.environment}-{process}"


def target(environment: str, variables: Mapping[str, str]) -> Target:
    """Read where an environment is, or name the variables that do not say it."""
    account_name, url_name = (f"OMC_{environment.upper()}_{part}" for part in ("ACCOUNT", "URL"))
    account, url = (variables.get(name, "").strip() for name in (account_name, url_name))
    wrong = []
    if not re.fullmatch(r"\d{12}", account):
        wrong.append(
            f"{account_name} is not the account's 12 digits. Set it to the AWS account that "
            f"{environment} is in, so that no other is touched."
        )
    if not _is_address(url):
        wrong.append(
            f"{url_name} is not an https:// address. Set it to where {environment} answers, "
            f"such as https://{environment}.example.com, so that the new version can be asked."
        )
    if wrong:
        raise RefusedError("\n".join(wrong))
    return Target(environment=environment, account=account, url=url.rstrip("/"))


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    return is_safe and bool(parts.hostname)
