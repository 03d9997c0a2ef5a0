"""A simulated account that holds what the runbook's commands ask for, and a page that answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3

SECRETS = {
    "openai/api_key": "x",
    "database/credentials": "{}",
    "redis/connection_string": "rediss://x",
    "django/secret_key": json.dumps({"key": "first", "fallbacks": "first"}),
    "app/credential_key": json.dumps({"key": "first", "fallbacks": "first"}),
    "app/admin_password": "first",
}
PROCESSES = ("backend", "worker", "orders", "beat")


def furnish(endpoint: str, environment: str) -> None:
    """Make what Terraform would make, as far as the commands ask for it."""

    def of(service):
        return boto3.client(service, endpoint_url=endpoint)

    name = f"omc-{environment}"
    for secret, value in SECRETS.items():
        of("secretsmanager").create_secret(Name=f"omc/{secret}", SecretString=value)
    of("rds").create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=50,
        MasterUsername="omc",
        MasterUserPassword="not-a-real-one",
        BackupRetentionPeriod=7,
    )
    of("elasticache").create_replication_group(
        ReplicationGroupId=name, ReplicationGroupDescription=name, Engine="redis"
    )
    of("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-queue-age",
        MetricName="omc_queue_oldest_seconds",
        Namespace=f"OMC/{environment}",
        Period=60,
        EvaluationPeriods=5,
        Threshold=300,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Maximum",
    )
    of("cloudwatch").put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')
    _logs(of("logs"), name, environment)
    _cluster(of("ec2"), of("ecs"), name)


def _logs(logs, name, environment):
    for group, streams in {
        f"/omc/{environment}/app": [f"{process}/{process}/1" for process in PROCESSES],
        f"/aws/rds/instance/{name}/postgresql": ["1"],
    }.items():
        logs.create_log_group(logGroupName=group)
        for stream in streams:
            logs.create_log_stream(logGroupName=group, logStreamName=stream)


def _cluster(ec2, ecs, name):
    vpc = ec2.create_vpc(CidrBlock="10.40.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.40.0.0/20")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="app", Description="app", VpcId=vpc)["GroupId"]
    network = {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": [group]}}
    ecs.create_cluster(clusterName=name)
    for process in (*PROCESSES, "migrate"):
        for image in ("first", "second"):
            ecs.register_task_definition(
                family=f"{name}-{process}",
                requiresCompatibilities=["FARGATE"],
                networkMode="awsvpc",
                cpu="256",
                memory="512",
                containerDefinitions=[{"name": process, "image": image, "cpu": 256, "memory": 512}],
            )
    for process in PROCESSES:
        ecs.create_service(
            cluster=name,
            serviceName=f"omc-{process}",
            taskDefinition=f"{name}-{process}:2",
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration=network,
        )


class Page(BaseHTTPRequestHandler):
    """Answers the two probes."""

    def do_GET(self):
        body = json.dumps({"status": "ok"}).encode()
        self.send_response(200 if self.path in {"/healthz", "/readyz"} else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def page() -> Iterator[str]:
    """Serve it on loopback, and give its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
