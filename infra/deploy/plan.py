"""Decide: what keeps a deployment from starting, what it does, and how far it has come. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from infra.deploy.errors import FailedError, ForeignError, RefusedError
from infra.deploy.situation import (
    COMMIT,
    RELEASE,
    REPLACES,
    SCANNED,
    Image,
    Revision,
    Service,
    Situation,
)
from infra.deploy.target import MIGRATE, PROCESSES, Target

ANSWERED_BY_ECS = frozenset(
    [
        "taskDefinitionArn",
        "revision",
        "status",
        "requiresAttributes",
        "compatibilities",
        "registeredAt",
        "registeredBy",
        "deregisteredAt",
    ]
)
BLOCKING = frozenset({"CRITICAL", "HIGH"})
SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One release: the image, and what runs where it goes."""

    target: Target
    image: Image
    release: str
    services: Mapping[str, Service]

    def lines(self) -> Iterator[str]:
        """Yield what will be done, in the order in which it is done."""
        yield f"{self.target.environment}: commit {self.image.commit}, {self.image.reference}"
        yield f"1. run {self.target.family(MIGRATE)} once; it must end with status 0"
        for number, process in enumerate(PROCESSES, start=2):
            running = self.services[process].task_definition.rpartition("/")[2]
            yield f"{number}. {self.target.service(process)}: a new revision in place of {running}"
        yield f"{len(PROCESSES) + 2}. wait until ECS has completed these deployments and no other"
        yield f"{len(PROCESSES) + 3}. {self.target.url}/healthz must name the commit"


def make_plan(target: Target, situation: Situation, *, release: str, accepted: Set[str]) -> Plan:
    """Return what to do, or refuse with everything that speaks against it."""
    if problems := list(_problems(target, situation, accepted)):
        raise RefusedError("\n".join(problems))
    if situation.image is None:  # one of the problems; said again for the types
        raise RefusedError("No image.")
    return Plan(target=target, image=situation.image, release=release, services=situation.services)


def _problems(target: Target, situation: Situation, accepted: Set[str]) -> Iterator[str]:
    yield from absent(target, situation.missing)
    for service in situation.services.values():
        yield from _unready(target, service)
    for task in situation.migrations:
        yield (
            f"The migrate task {task} is running. Wait for its end, or stop it: "
            f"aws ecs stop-task --cluster {target.cluster} --task {task}"
        )
    if situation.image is not None:
        yield from _unsafe(situation.image, accepted)


def absent(target: Target, missing: tuple[str, ...]) -> Iterator[str]:
    """Yield a line for each service that is not there."""
    for process in missing:
        yield (
            f"{target.service(process)} is not in cluster {target.cluster}. Apply "
            f"infra/terraform/environments/{target.environment} first."
        )


def _unready(target: Target, service: Service) -> Iterator[str]:
    name = target.service(service.process)
    if not service.is_settled:
        yield (
            f"A deployment of {name} is already running: {service.primary.id} is "
            f"{service.primary.rollout}. Wait for its end, or take it back: "
            f"scripts/deploy.sh {target.environment} --rollback"
        )
    if service.desired == 0:
        yield (
            f"{name} wants 0 tasks, so a deployment would prove nothing. Raise it: aws ecs "
            f"update-service --cluster {target.cluster} --service {name} --desired-count 1"
        )


def _unsafe(image: Image, accepted: Set[str]) -> Iterator[str]:
    if image.scan not in SCANNED:
        yield (
            f"The scan of {image.reference} is {image.scan}. Look at it in ECR; without a scan "
            "nothing is deployed."
        )
    bad = sorted(
        f"{each.id} ({each.severity})"
        for each in image.findings
        if each.severity in BLOCKING and each.id not in accepted
    )
    if bad:
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        yield (
            f"The scan of {image.reference} found {', '.join(bad[:SHOWN])}{more}. Raise the base "
            "or the package, or accept it with a reason in infra/deploy/accepted_findings.toml."
        )


def next_definition(newest: Mapping[str, Any], image: str, labels: Mapping[str, str]) -> Any:
    """Return the newest revision of a family with another image, as ECS takes it.

    Terraform owns the shape of the tasks, we own the image: whatever Terraform registered last is
    the template. The labels say what the revision is and what it stands in for.
    """
    wanted = {
        key: copy.deepcopy(value) for key, value in newest.items() if key not in ANSWERED_BY_ECS
    }
    for container in wanted["containerDefinitions"]:
        container["image"] = image
        container["dockerLabels"] = {**container.get("dockerLabels", {}), **labels}
    return wanted


def labels_of(plan: Plan, process: str) -> dict[str, str]:
    """Return the labels of a process's new revision."""
    labels = {COMMIT: plan.image.commit, RELEASE: plan.release}
    if process in plan.services:
        labels[REPLACES] = plan.services[process].task_definition.rpartition("/")[2]
    return labels


def is_through(name: str, service: Service, *, ours: str) -> bool:
    """Whether our deployment of a service is completed; raise if it never will be.

    Only the deployment that our own update made counts. A service is "stable" as well after ECS
    has gone back to the old version, or while somebody else's version runs.
    """
    if service.primary.id != ours:
        own = next((each for each in service.deployments if each.id == ours), None)
        why = f" Ours said: {own.reason}" if own and own.reason else ""
        raise ForeignError(
            f"{name}: deployment {service.primary.id} of "
            f"{service.primary.task_definition.rpartition('/')[2]} is in the place of ours, "
            f"{ours}: ECS went back, or somebody else deploys.{why}"
        )
    if service.primary.rollout == "FAILED":
        raise FailedError(f"{name}: the deployment failed. {service.primary.reason}")
    return service.primary.rollout == "COMPLETED"


def predecessors(target: Target, running: Mapping[str, Revision]) -> dict[str, str]:
    """Return what each service ran before the newest release; refuse where none is known.

    A release that was interrupted may have reached some services only: those that still run an
    older release stay where they are.
    """
    newest = max(revision.labels.get(RELEASE, "") for revision in running.values())
    back = {
        process: revision.labels.get(REPLACES, "")
        for process, revision in running.items()
        if revision.labels.get(RELEASE, "") == newest
    }
    unknown = sorted(running[process].name for process, before in back.items() if not before)
    if unknown:
        raise RefusedError(
            f"{', '.join(unknown)} does not say what it replaced: there is no release before it. "
            f"Deploy a commit of your choice: scripts/deploy.sh {target.environment} --commit SHA"
        )
    return back
