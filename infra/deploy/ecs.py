"""Ask ECS, and tell it; answers become the values of `situation`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.deploy.errors import FailedError, RefusedError
from infra.deploy.situation import Deployment, Revision, Service
from infra.deploy.target import PROCESSES, Target

LOG_LINES = 40
STARTED_BY = "omc-deploy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ecs:
    """One environment's cluster."""

    target: Target
    ecs: Any  # boto3's clients have no types
    logs: Any

    def services(self) -> tuple[dict[str, Service], tuple[str, ...]]:
        """Return the services by process, and the processes that have none."""
        names = [self.target.service(process) for process in PROCESSES]
        try:
            answer = self.ecs.describe_services(cluster=self.target.cluster, services=names)
        except self.ecs.exceptions.ClusterNotFoundException:
            raise RefusedError(
                f"There is no cluster {self.target.cluster} in account {self.target.account}, "
                f"{self.ecs.meta.region_name}. Set AWS_REGION to the environment's region, or "
                f"apply infra/terraform/environments/{self.target.environment} first."
            ) from None
        found = {
            each["serviceName"].removeprefix("omc-"): _service(each)
            for each in answer["services"]
            if each["status"] == "ACTIVE"
        }
        missing = tuple(process for process in PROCESSES if process not in found)
        return {process: found[process] for process in PROCESSES if process in found}, missing

    def newest(self, family: str) -> Mapping[str, Any]:
        """Return the newest task definition of a family, or a given one, as ECS writes it."""
        try:
            answer = self.ecs.describe_task_definition(taskDefinition=family)
        except self.ecs.exceptions.ClientException as error:
            raise RefusedError(
                f"There is no task definition {family}: {error.response['Error']['Message']} "
                f"Apply infra/terraform/environments/{self.target.environment} first."
            ) from None
        found: Mapping[str, Any] = answer["taskDefinition"]
        return found

    def revision(self, name: str) -> Revision:
        """Return one registered revision."""
        return _revision(self.newest(name))

    def register(self, definition: Mapping[str, Any]) -> Revision:
        """Register a revision; nothing runs it yet."""
        return _revision(self.ecs.register_task_definition(**definition)["taskDefinition"])

    def update(self, process: str, revision: str) -> str:
        """Have a service run a revision; return the id of the deployment that does it."""
        answer = self.ecs.update_service(
            cluster=self.target.cluster,
            service=self.target.service(process),
            taskDefinition=revision,
        )
        return _service(answer["service"]).primary.id

    def run(self, revision: Revision, network: Any) -> str:
        """Start a task once; return its ARN."""
        answer = self.ecs.run_task(
            cluster=self.target.cluster,
            taskDefinition=revision.arn,
            launchType="FARGATE",
            networkConfiguration=network,
            startedBy=STARTED_BY,
        )
        if answer["failures"] or not answer["tasks"]:
            raise FailedError(f"{revision.name} could not be started: {answer['failures']}")
        arn: str = answer["tasks"][0]["taskArn"]
        return arn

    def running(self, family: str) -> tuple[str, ...]:
        """Return the tasks of a family that run now."""
        answer = self.ecs.list_tasks(
            cluster=self.target.cluster, family=family, desiredStatus="RUNNING"
        )
        return tuple(answer["taskArns"])

    def stopped(self, task: str) -> Any:
        """Return a task as ECS writes it once it has stopped, None until then."""
        answer = self.ecs.describe_tasks(cluster=self.target.cluster, tasks=[task])
        found = answer["tasks"][0] if answer["tasks"] else None
        return found if found and found["lastStatus"] == "STOPPED" else None

    def tail(self, revision: Revision, task: str) -> list[str]:
        """Return the last lines that a task wrote, as far as they have arrived."""
        container = self.newest(revision.arn)["containerDefinitions"][0]
        options = container.get("logConfiguration", {}).get("options", {})
        if "awslogs-group" not in options:
            return []
        prefix, number = options.get("awslogs-stream-prefix"), task.rpartition("/")[2]
        try:
            answer = self.logs.get_log_events(
                logGroupName=options["awslogs-group"],
                logStreamName=f"{prefix}/{container['name']}/{number}",
                limit=LOG_LINES,
            )
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in answer["events"]]


def _service(found: Mapping[str, Any]) -> Service:
    return Service(
        process=found["serviceName"].removeprefix("omc-"),
        task_definition=found["taskDefinition"],
        desired=found["desiredCount"],
        running=found["runningCount"],
        deployments=tuple(_deployment(each) for each in found["deployments"]),
        network=found.get("networkConfiguration", {}),
    )


def _deployment(found: Mapping[str, Any]) -> Deployment:
    return Deployment(
        id=found["id"],
        task_definition=found["taskDefinition"],
        is_primary=found["status"] == "PRIMARY",
        rollout=found.get("rolloutState", "IN_PROGRESS"),
        reason=found.get("rolloutStateReason", ""),
    )


def _revision(found: Mapping[str, Any]) -> Revision:
    container = found["containerDefinitions"][0]
    return Revision(
        arn=found["taskDefinitionArn"],
        image=container["image"],
        labels=container.get("dockerLabels", {}),
    )
