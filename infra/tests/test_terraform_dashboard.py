"""The dashboard and the tasks, whose JSON is known when their module is planned alone."""

from __future__ import annotations

import html
import json
import re

import pytest
import yaml

from infra.checking.picture import picture_of
from infra.tests.plans import ROOT, TERRAFORM, only, require_plans, resources, text_of

require_plans()
TOPICS = {
    "ECS: CPU and memory": {"CPUUtilization", "MemoryUtilization"},
    "ECS: network": {"NetworkRxBytes", "NetworkTxBytes"},
    "RDS: connections": {"DatabaseConnections", "ReadLatency", "WriteLatency"},
    "RDS: duration of queries": {"duration: * ms"},
    "Redis: hit rate": {"CacheHitRate", "Evictions"},
    "Application: requests": {"HTTPCode_Target_5XX_Count", "log_errors"},
    "Application: latency": {"TargetResponseTime"},
    "Ledgers: age of feeds": {"omc_feed_age_seconds"},
    "Ledgers: ingest": {"omc_runs_last_hour"},
    "Ledgers: alerts": {"omc_alerts"},
    "Agents: latency": {"omc_agent_latency_seconds"},
    "Agents: cost": {"omc_agent_cost_last_hour"},
}
PROCESSES = {
    "backend": "web",
    "worker": "worker",
    "orders": "orders",
    "beat": "beat",
    "migrate": "prestart",
}


def widgets():
    dashboard = only(resources("probes", "aws_cloudwatch_dashboard"))
    return json.loads(dashboard["dashboard_body"])["widgets"]


@pytest.mark.parametrize("title", TOPICS)
def test_the_dashboard_shows(title):
    (widget,) = [each for each in widgets() if each["properties"]["title"].startswith(title)]
    text = json.dumps(widget["properties"])
    assert not {wanted for wanted in TOPICS[title] if wanted not in text}


def test_no_widget_lies_upon_another():
    taken = set()
    for widget in widgets():
        assert 0 <= widget["x"] <= 24 - widget["width"]
        cells = {
            (widget["x"] + column, widget["y"] + row)
            for column in range(widget["width"])
            for row in range(widget["height"])
        }
        assert not cells & taken
        taken |= cells


def fault_of(metric):
    """Say what is wrong with the form of a metric, as CloudWatch reads it: empty if nothing is."""
    *words, last = metric
    options = last if isinstance(last, dict) else {}
    words = words if isinstance(last, dict) else metric
    if "dimensions" in options:
        return "dimensions are no option: they stand as name, value after the metric's name"
    if not words:
        return "" if "expression" in options else "neither a metric nor an expression"
    if any(not isinstance(word, str) for word in words):
        return "a namespace, a metric and dimensions are words"
    return "" if len(words) >= 2 and len(words) % 2 == 0 else "a dimension has a name and a value"


def test_every_metric_has_the_form_that_cloudwatch_reads():
    seen = 0
    for widget in widgets():
        properties = widget["properties"]
        assert properties["title"]
        assert properties["region"]
        assert widget["type"] in {"metric", "log"}
        if widget["type"] == "log":
            assert properties["query"].startswith("SOURCE '")
            continue
        for metric in properties["metrics"]:
            assert fault_of(metric) == "", metric
            seen += 1
    assert seen > 30


@pytest.mark.parametrize(
    "metric",
    [
        ["AWS/ECS", "CPUUtilization", {"dimensions": {"ClusterName": "omc"}}],
        ["AWS/ECS", "CPUUtilization", "ClusterName"],
        [{"label": "x"}],
        ["AWS/ECS", 1],
    ],
)
def test_another_form_would_be_found(metric):
    assert fault_of(metric)


def test_every_metric_of_ours_is_published():
    sources = [ROOT / "quality" / "measures.py", ROOT / "agents" / "measures.py"]
    published = set(re.findall(r'name="(omc_\w+)"', "".join(each.read_text() for each in sources)))
    filters = resources("probes", "aws_cloudwatch_log_metric_filter").values()
    published |= {each["metric_transformation"][0]["name"] for each in filters}
    alarms = resources("probes", "aws_cloudwatch_metric_alarm").values()
    text = json.dumps([widgets(), [*alarms]])
    used = set(re.findall(r"\b(omc_[a-z_]+|log_errors)\b", text))
    assert used
    assert used <= published, "the alarms and widgets name figures that nobody sends"


def test_each_task_runs_what_compose_runs():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    tasks = resources("probes", "aws_ecs_task_definition").values()
    assert len(tasks) == len(PROCESSES)
    for task in tasks:
        (container,) = json.loads(task["container_definitions"])
        assert container["command"] == compose[PROCESSES[container["name"]]]["command"]


def test_each_task_is_as_locked_as_in_compose():
    for task in resources("probes", "aws_ecs_task_definition").values():
        (container,) = json.loads(task["container_definitions"])
        assert container["readonlyRootFilesystem"]
        assert container["user"] == "10001:10001"
        assert container["linuxParameters"]["capabilities"] == {"drop": ["ALL"]}
        assert [each["containerPath"] for each in container["mountPoints"]] == ["/tmp"]  # noqa: S108
        options = container["logConfiguration"]["options"]
        assert options["awslogs-stream-prefix"] == container["name"]


def test_the_migrate_task_alone_is_given_the_superusers_password_and_by_a_role_of_its_own():
    place = "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:"
    for task in resources("probes", "aws_ecs_task_definition").values():
        (container,) = json.loads(task["container_definitions"])
        is_migrate = container["name"] == "migrate"
        injected = {each["name"]: each["valueFrom"] for each in container["secrets"]}
        assert injected.pop("OMC_ADMIN_PASSWORD", None) == (f"{place}y" if is_migrate else None)
        assert injected == {"SECRET_KEY": f"{place}x"}
        role = task["execution_role_arn"].rpartition("/")[2]
        assert role == ("migrate-execution" if is_migrate else "execution")


def test_the_picture_in_the_runbook_is_of_this_dashboard():
    drawn = (TERRAFORM / "dashboard.svg").read_text()
    assert drawn == picture_of(json.loads(text_of("probes"))), (
        "the dashboard has changed; run: scripts/check_infra.sh picture"
    )
    assert all(html.escape(each["properties"]["title"]) in drawn for each in widgets())
