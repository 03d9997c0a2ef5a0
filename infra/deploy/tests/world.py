"""One environment on an AWS in this process, whose ECS does between two looks what a test says.

moto keeps tasks and services but schedules nothing: an update leaves the old deployment in its
place. The world puts the new one there, as ECS does at once, and ends it at the next look.
"""

from __future__ import annotations

import json
import threading
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import boto3
from botocore.exceptions import ClientError
from moto.core.utils import utcnow
from moto.ecr.models import ecr_backends
from moto.ecs.models import ecs_backends

from infra.deploy.situation import COMMIT
from infra.deploy.target import MIGRATE, PROCESSES

REGION, ACCOUNT = "ap-southeast-2", "123456789012"
CLUSTER = "omc-staging"
LOG_GROUP = "/omc/staging/app"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Session(boto3.Session):
    """Keeps its clients: to make one is most of the time of a test."""

    kept: ClassVar = {}

    def client(self, name, **_keywords):
        if name not in self.kept:
            self.kept[name] = super().client(name)
        return self.kept[name]


SESSION = Session("testing", "testing", region_name=REGION)
DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "UpdateService")


class Fate(Enum):
    """What becomes of a service's new deployment."""

    COMPLETES = "completes"
    FAILS = "fails"
    ECS_GOES_BACK = "ecs goes back"
    FOREIGN = "somebody else deploys"
    HANGS = "hangs"
    INTERRUPTED = "ctrl-c"


class World:
    """The environment, its scheduler, its clock and its front page."""

    def __init__(self):
        names = ("ec2", "ecs", "ecr", "logs")
        self.ec2, self.ecs, self.ecr, self.logs = (SESSION.client(name) for name in names)
        self.backend = ecs_backends[ACCOUNT][REGION]
        self.findings = []  # in place of moto's one invented finding
        self.fates = {}
        self.hanging = set()
        self.migration_status = 0
        self.served = None
        self.refuses_updates_to = set()
        self.seconds = 0.0
        self._deployments = 0
        self._make()
        self._take_over()

    def _make(self):
        vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        group = self.ec2.create_security_group(GroupName="a", Description="a", VpcId=vpc)["GroupId"]
        self.network = {
            "awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]},
        }
        self.ecr.create_repository(repositoryName="omc", imageTagMutability="IMMUTABLE")
        self.logs.create_log_group(logGroupName=LOG_GROUP)
        self.ecs.create_cluster(clusterName=CLUSTER)
        for process in (*PROCESSES, MIGRATE):
            self.register(process)
        for process in PROCESSES:
            self.ecs.create_service(
                cluster=CLUSTER,
                serviceName=f"omc-{process}",
                taskDefinition=f"omc-staging-{process}:1",
                desiredCount=1,
                launchType="FARGATE",
                networkConfiguration=self.network,
            )
        for service in self.backend.services.values():
            service.deployments[0]["rolloutState"] = "COMPLETED"

    def register(self, process):
        """Register a revision as Terraform does."""
        answer = self.ecs.register_task_definition(
            family=f"omc-staging-{process}",
            requiresCompatibilities=["FARGATE"],
            networkMode="awsvpc",
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": process,
                    "image": "registry.example/omc:first",
                    "cpu": 256,
                    "memory": 512,
                    "readonlyRootFilesystem": True,
                    "secrets": [{"name": "SECRET_KEY", "valueFrom": "arn:aws:secretsmanager:x"}],
                    "logConfiguration": {
                        "logDriver": "awslogs",
                        "options": {
                            "awslogs-group": LOG_GROUP,
                            "awslogs-region": REGION,
                            "awslogs-stream-prefix": process,
                        },
                    },
                }
            ],
        )
        return answer["taskDefinition"]["taskDefinitionArn"]

    def push(self, commit, *, scanned=True, media=DOCKER):
        """Push an image of a commit, and have it scanned."""
        layer = {"size": 1, "digest": f"sha256:{commit}"}
        manifest = {"schemaVersion": 2, "mediaType": media, "config": layer, "layers": [layer]}
        answer = self.ecr.put_image(
            repositoryName="omc",
            imageManifest=json.dumps(manifest),
            imageManifestMediaType=media,
            imageTag=commit,
        )
        if scanned:
            self.ecr.start_image_scan(repositoryName="omc", imageId={"imageTag": commit})
        return answer["image"]["imageId"]["imageDigest"]

    def _take_over(self):
        real_update, real_run = self.backend.update_service, self.backend.run_task
        real_findings = ecr_backends[ACCOUNT][REGION].describe_image_scan_findings

        def update_service(properties):
            process = properties["service"].rpartition("-")[2]
            number = properties.get("task_definition", "").rpartition(":")[2]
            if (process, number) in self.refuses_updates_to:
                raise DENIED
            service = real_update(properties)
            if service.deployments[0]["taskDefinition"] != service.task_definition:
                self.deploy(service, service.task_definition)
            return service

        def run_task(*arguments, **keywords):
            tasks = real_run(*arguments, **keywords)
            for task in tasks:
                task.containers[0].exitCode = self.migration_status
                self._write_log(task.task_arn.rpartition("/")[2])
            return tasks

        def findings(*arguments, **keywords):
            answer = real_findings(*arguments, **keywords)
            answer["imageScanFindings"]["findings"] = self.findings
            return answer

        self.backend.update_service = update_service
        self.backend.run_task = run_task
        ecr_backends[ACCOUNT][REGION].describe_image_scan_findings = findings

    def _write_log(self, task):
        stream = {"logGroupName": LOG_GROUP, "logStreamName": f"migrate/migrate/{task}"}
        self.logs.create_log_stream(**stream)
        text = "column worth contains null values"
        now = int(utcnow().timestamp() * 1000)
        self.logs.put_log_events(**stream, logEvents=[{"timestamp": now, "message": text}])

    def deploy(self, service, revision):
        """Begin a deployment, as ECS does."""
        self._deployments += 1
        for each in service.deployments:
            each["status"] = "ACTIVE"
        new = {
            **service.deployments[0],
            "id": f"ecs-svc/{self._deployments}",
            "status": "PRIMARY",
            "taskDefinition": revision,
            "rolloutState": "IN_PROGRESS",
            "rolloutStateReason": "in progress",
        }
        service.task_definition = revision
        service.deployments.insert(0, new)

    def sleep(self, seconds):
        """Let time pass, and ECS go on."""
        self.seconds += seconds
        for task in self.backend.tasks.get(CLUSTER, {}).values():
            task.desired_status = "STOPPED"  # which moto forgets
        for service in self.backend.services.values():
            self._go_on(service, service.name.removeprefix("omc-"))

    def clock(self):
        """Return the time of the world."""
        return self.seconds

    def _go_on(self, service, process):
        primary = service.deployments[0]
        if primary["rolloutState"] != "IN_PROGRESS":
            return
        fate = self.fates.pop(process, Fate.COMPLETES)
        if fate is Fate.HANGS:
            self.hanging.add(primary["id"])
        if primary["id"] in self.hanging:
            return
        self._meet(service, process, fate)

    def _meet(self, service, process, fate):
        primary = service.deployments[0]
        if fate is Fate.INTERRUPTED:
            raise KeyboardInterrupt
        if fate in {Fate.FAILS, Fate.ECS_GOES_BACK}:
            primary |= {"rolloutState": "FAILED", "rolloutStateReason": "tasks failed to start"}
        if fate is Fate.COMPLETES:
            primary["rolloutState"] = "COMPLETED"
            service.deployments[:] = [primary]
        if fate is Fate.ECS_GOES_BACK:
            self.deploy(service, service.deployments[1]["taskDefinition"])
        if fate is Fate.FOREIGN:
            self.deploy(service, self.register(process))

    def service(self, process):
        """Return moto's own object of a service."""
        return self.backend.services[f"{CLUSTER}:omc-{process}"]

    def revisions(self):
        """Return the number of the revision that each service is at, all settled."""
        found = {}
        for process in PROCESSES:
            primary = self.service(process).deployments[0]
            assert primary["rolloutState"] == "COMPLETED"
            assert primary["taskDefinition"] == self.service(process).task_definition
            found[process] = int(primary["taskDefinition"].rpartition(":")[2])
        return found

    def container(self, process):
        """Return the container of what a service runs."""
        name = self.service(process).task_definition
        answer = self.ecs.describe_task_definition(taskDefinition=name)
        return answer["taskDefinition"]["containerDefinitions"][0]

    def commit(self):
        """Return the commit that the front page names."""
        if self.served is not None:
            return self.served
        name = self.service("backend").task_definition.rpartition("/")[2]
        family, _, number = name.rpartition(":")
        definition = self.backend.task_definitions[family][int(number)]
        labels = definition.container_definitions[0].get("dockerLabels", {})
        return labels.get(COMMIT, "unknown")


def front_page(world):
    """Serve /healthz of a world on the loopback; return the server, which the caller closes."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            commit = world.commit()
            body = json.dumps({"status": "ok", "commit": commit}).encode()
            self.send_response(200 if commit and self.path == "/healthz" else 503)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *arguments):  # noqa: A002  # the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    return server
