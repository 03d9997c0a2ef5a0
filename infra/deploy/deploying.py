"""The three things an operator asks for: deploy, go back, and say what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from infra.deploy import smoke
from infra.deploy.ecs import Ecs
from infra.deploy.errors import FailedError, ForeignError, RefusedError
from infra.deploy.patience import Patience
from infra.deploy.plan import Plan, absent, labels_of, make_plan, next_definition, predecessors
from infra.deploy.registry import Registry
from infra.deploy.rollout import Rollout, Say
from infra.deploy.situation import COMMIT, Revision, Service, Situation
from infra.deploy.target import MIGRATE, PROCESSES, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long to wait for each part."""

    rollout: Patience
    migration: Patience
    scan: Patience
    answer: Patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which image: a commit's, and only with this digest if one is given."""

    commit: str
    digest: str
    accepted: AbstractSet[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The services of AWS that are asked; boto3's clients have no types."""

    ecs: Any
    ecr: Any
    logs: Any
    sts: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployer:
    """Works on one environment."""

    target: Target
    aws: Clients
    limits: Limits
    say: Say

    @property
    def cluster(self) -> Ecs:
        """The environment's cluster."""
        return Ecs(target=self.target, ecs=self.aws.ecs, logs=self.aws.logs)

    def plan(self, wanted: Wanted, now: datetime) -> Plan:
        """Look at everything and decide what to do; change nothing."""
        self.require_account()
        services, missing = self.cluster.services()
        situation = Situation(
            services=services,
            missing=missing,
            image=Registry(target=self.target, ecr=self.aws.ecr).image(
                wanted.commit, digest=wanted.digest, patience=self.limits.scan
            ),
            migrations=self.cluster.running(self.target.family(MIGRATE)),
        )
        release = f"{now:%Y%m%dT%H%M%S.%fZ}-{wanted.commit[:7]}"
        plan = make_plan(self.target, situation, release=release, accepted=wanted.accepted)
        for process in (*PROCESSES, MIGRATE):  # a family that is missing shows now, not half-way
            self.cluster.newest(self.target.family(process))
        return plan

    def deploy(self, plan: Plan) -> None:
        """Carry a plan out."""
        revisions = {process: self._register(plan, process) for process in (*PROCESSES, MIGRATE)}
        self._migrate(revisions[MIGRATE], plan.services["backend"].network)
        self._require_alone(plan.services)
        self._rollout().bring(
            {process: revisions[process].arn for process in PROCESSES},
            back={process: plan.services[process].task_definition for process in PROCESSES},
            then=lambda: smoke.require(self.target.url, plan.image.commit, self.limits.answer),
        )
        self.say(f"{self.target.environment} runs {plan.image.commit}.")

    def roll_back(self) -> None:
        """Have every service of the newest release run what it ran before."""
        self.require_account()
        services = self._all_services()
        running = {
            process: self.cluster.revision(service.task_definition)
            for process, service in services.items()
        }
        before = predecessors(self.target, running)
        found = {process: self.cluster.revision(name) for process, name in before.items()}
        backend = found.get("backend", running["backend"])
        commit = backend.labels.get(COMMIT, "")
        self._rollout().bring(
            {process: found[process].arn for process in PROCESSES if process in found},
            back={process: running[process].arn for process in found},
            then=lambda: smoke.require(self.target.url, commit, self.limits.answer),
        )
        self.say(f"{self.target.environment} runs {commit or backend.name} again.")

    def status(self) -> bool:
        """Say what runs; return whether all of it is settled, of one commit, and answers."""
        self.require_account()
        services = self._all_services()
        running = {
            process: self.cluster.revision(service.task_definition)
            for process, service in services.items()
        }
        for process, service in services.items():
            self.say(_line(self.target.service(process), service, running[process]))
        answer = smoke.ask(self.target.url)
        self.say(f"{self.target.url}/healthz: {answer.text}")
        for line in self._way_back(running):
            self.say(line)
        images = {revision.image for revision in running.values()}
        commit = running["backend"].labels.get(COMMIT, "")
        is_settled = all(service.is_settled for service in services.values())
        return is_settled and len(images) == 1 and answer.is_from(commit)

    def require_account(self) -> None:
        """Refuse to work on any account but the environment's."""
        found = self.aws.sts.get_caller_identity()["Account"]
        if found != self.target.account:
            raise RefusedError(
                f"These credentials are of account {found}, and {self.target.environment} is in "
                f"{self.target.account}. Use that account's, or correct "
                f"OMC_{self.target.environment.upper()}_ACCOUNT."
            )

    def _all_services(self) -> dict[str, Service]:
        services, missing = self.cluster.services()
        if missing:
            raise RefusedError("\n".join(absent(self.target, missing)))
        return services

    def _way_back(self, running: Mapping[str, Revision]) -> Iterator[str]:
        try:
            before = predecessors(self.target, running)
        except RefusedError as refusal:
            yield f"--rollback would be refused: {refusal}"
        else:
            yield f"--rollback would bring back {', '.join(before.values())}"

    def _rollout(self) -> Rollout:
        return Rollout(cluster=self.cluster, patience=self.limits.rollout, say=self.say)

    def _register(self, plan: Plan, process: str) -> Revision:
        newest = self.cluster.newest(self.target.family(process))
        labels = labels_of(plan, process)
        return self.cluster.register(next_definition(newest, plan.image.reference, labels))

    def _migrate(self, revision: Revision, network: Any) -> None:
        """Run the migrations; the services are untouched, so there is nothing to take back."""
        task = self.cluster.run(revision, network)
        self.say(f"{revision.name}: task {task.rpartition('/')[2]}")
        try:
            stopped = self.limits.migration.wait(lambda: self.cluster.stopped(task))
        except KeyboardInterrupt:
            self.say(f"The migration goes on, no service was touched. Its task: {task}")
            raise
        if stopped is None:
            raise FailedError(
                f"The migration still runs after {self.limits.migration.limit:.0f} s, no service "
                f"was touched. Look at its log, then wait for {task} or stop it."
            )
        codes = {each["name"]: each.get("exitCode") for each in stopped["containers"]}
        if any(code != 0 for code in codes.values()):
            for line in self.cluster.tail(revision, task):
                self.say(f"  {line}")
            raise FailedError(
                f"The migration failed, no service was touched: exit status {codes}, "
                f"{stopped.get('stoppedReason') or 'no reason given'}. Its last lines are above."
            )

    def _require_alone(self, before: Mapping[str, Service]) -> None:
        """Stop if somebody else has deployed while the migration ran."""
        services, _ = self.cluster.services()
        for process, service in before.items():
            now = services.get(process)
            if now is None or now.primary.id != service.primary.id:
                raise ForeignError(
                    f"Somebody else deployed {self.target.service(process)} while the migration "
                    "ran, and we touched no service. Find out who, then start again."
                )


def limits(rollout: float, **waiting: Any) -> Limits:
    """Return the limits for a rollout of so many seconds; the rest of the keywords is for tests."""
    patience = replace(Patience(limit=rollout), **waiting)
    return Limits(
        rollout=patience,
        migration=replace(patience, limit=max(rollout, 1800.0)),
        scan=replace(patience, limit=min(rollout, 300.0)),
        answer=replace(patience, limit=min(rollout, 120.0)),
    )


def _line(name: str, service: Service, revision: Revision) -> str:
    return (
        f"{name}: {revision.name}, commit {revision.labels.get(COMMIT, 'unknown')}, "
        f"{service.running}/{service.desired} tasks, {service.primary.rollout}"
        f"{'' if service.is_settled else ' (' + (service.primary.reason or 'changing') + ')'}"
    )
