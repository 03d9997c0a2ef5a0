"""What is found before a deployment, as values that were read and never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

COMMIT, RELEASE, REPLACES = "omc.commit", "omc.release", "omc.replaces"
"""Labels of each revision that this tool registers: what it is and what it stands in for."""
SCANNED = frozenset({"COMPLETE", "ACTIVE"})
"""A basic scan is complete; an enhanced one goes on for as long as the image is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One of a service's deployments; the primary one is what ECS is bringing about."""

    id: str
    task_definition: str
    is_primary: bool
    rollout: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service: what it runs, and what is being done to it."""

    process: str
    task_definition: str
    desired: int
    running: int
    deployments: tuple[Deployment, ...]
    network: Any  # as ECS gives and takes it

    @property
    def primary(self) -> Deployment:
        """The deployment that ECS is bringing about, or has brought about."""
        return next(each for each in self.deployments if each.is_primary)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is being done to it."""
        return len(self.deployments) == 1 and self.primary.rollout == "COMPLETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One registered task definition."""

    arn: str
    image: str
    labels: Mapping[str, str]

    @property
    def name(self) -> str:
        """Family and number: omc-staging-beat:7."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One known weakness in an image."""

    id: str
    severity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image in the registry, named by what it contains, and what its scan found."""

    repository: str
    digest: str
    commit: str
    scan: str
    findings: tuple[Finding, ...] = ()

    @property
    def reference(self) -> str:
        """The name by which exactly this image, and never another, is pulled."""
        return f"{self.repository}@{self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a plan is made of."""

    services: Mapping[str, Service]
    missing: tuple[str, ...]
    image: Image | None
    migrations: tuple[str, ...]
    """The migrate tasks that run now."""
