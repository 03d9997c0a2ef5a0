"""What the plans of both environments must hold, read from the plans themselves."""

from __future__ import annotations

import json
import re

import pytest

from infra.tests.plans import ENVIRONMENTS, only, require_plans, resources, text_of, unknown
from infra.tests.runbook import headings

require_plans()
SENTINEL = "sk-this-value-must-be-in-no-plan"
NAMED = ("omc/openai/api_key", "omc/database/credentials", "omc/redis/connection_string")
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken",
    "cloudwatch:PutMetricData",
    "ecs:DescribeTaskDefinition",
    "ecs:ListTasks",
}
"""Actions for which AWS knows no resource but `*`."""

both = pytest.mark.parametrize("environment", ENVIRONMENTS)


@both
@pytest.mark.parametrize("name", NAMED)
def test_each_named_secret_is_planned_with_our_key_and_thirty_days(environment, name):
    secrets = resources(environment, "aws_secretsmanager_secret")
    (address,) = [each for each, secret in secrets.items() if secret["name"] == name]
    assert secrets[address]["recovery_window_in_days"] == 30
    assert unknown(environment, "aws_secretsmanager_secret")[address]["kms_key_id"] is True


@both
def test_every_secret_has_a_value_that_is_written_and_never_kept(environment):
    versions = resources(environment, "aws_secretsmanager_secret_version")
    assert len(versions) == len(resources(environment, "aws_secretsmanager_secret")) == 6
    for address, version in versions.items():
        assert version.get("secret_string") is None, address
        assert version["secret_string_wo_version"] == 1, address


@both
def test_no_value_of_a_secret_is_in_the_plan(environment):
    text = text_of(environment)
    assert SENTINEL not in text
    assert '"random_password":"' not in text
    values = re.findall(r'"(password|secret_string|auth_token|token)(_wo)?":"([^"]+)"', text)
    assert values == []


@both
def test_the_key_of_the_language_model_is_what_the_operator_gives(environment):
    calls = json.loads(text_of(environment))["configuration"]["root_module"]["module_calls"]
    assert "var.openai_api_key" in calls["secrets"]["expressions"]["secret_value"]["references"]


@both
def test_a_plan_that_held_a_value_would_be_found(environment):
    leaked = text_of(environment) + '{"password":"x"}'
    assert re.findall(r'"(password|secret_string|auth_token|token)(_wo)?":"([^"]+)"', leaked)


def readers_of(environment):
    """Return the secrets whose read policy each role has, by the role's name."""
    found = {}
    for address, attached in resources(environment, "aws_iam_role_policy_attachment").items():
        if secret := re.search(r'_secrets\["(\w+)"\]$', address):
            found.setdefault(attached["role"], set()).add(secret[1])
    return found


@both
def test_a_task_reads_its_secrets_and_the_migrate_task_alone_the_superusers_password(environment):
    every = {"openai", "db", "redis", "django", "credential"}
    assert readers_of(environment) == {
        f"omc-{environment}-execution": every,
        f"omc-{environment}-migrate-execution": every | {"admin"},
        f"omc-{environment}-task": every,
    }


@both
def test_the_superusers_password_is_made_by_terraform_under_our_key(environment):
    secrets = resources(environment, "aws_secretsmanager_secret")
    address = 'module.secrets["admin"].aws_secretsmanager_secret.this'
    assert secrets[address]["name"] == "omc/app/admin_password"
    assert unknown(environment, "aws_secretsmanager_secret")[address]["kms_key_id"] is True
    calls = json.loads(text_of(environment))["configuration"]["root_module"]["module_calls"]
    made = "ephemeral.aws_secretsmanager_random_password.admin"
    assert made in calls["secrets"]["expressions"]["secret_value"]["references"]
    given = calls["ecs"]["expressions"]
    assert 'module.secrets["admin"]' in given["migrate_secrets"]["references"]
    assert 'module.secrets["admin"]' not in given["secrets"]["references"]


def test_the_deploy_role_may_hand_over_each_role_that_a_task_has():
    tasks = {
        role["name"] for role in resources("staging", "aws_iam_role").values() if is_of_tasks(role)
    }
    (policy,) = [
        each["policy"]
        for address, each in resources("bootstrap", "aws_iam_role_policy").items()
        if '"deploy"' in address
    ]
    (handed,) = [
        each["Resource"]
        for each in json.loads(policy)["Statement"]
        if each["Action"] == ["iam:PassRole"]
    ]
    assert {each.rpartition("/")[2] for each in handed} == tasks


def is_of_tasks(role):
    return "ecs-tasks.amazonaws.com" in role["assume_role_policy"]


@both
def test_cpu_and_memory_of_every_service_alarm_above_80_percent_for_5_minutes(environment):
    alarms = {
        (alarm["dimensions"]["ServiceName"], alarm["metric_name"]): alarm
        for alarm in resources(environment, "aws_cloudwatch_metric_alarm").values()
        if alarm["namespace"] == "AWS/ECS"
    }
    assert set(alarms) == {
        (f"omc-{process}", metric)
        for process in ("backend", "worker", "orders", "beat")
        for metric in ("CPUUtilization", "MemoryUtilization")
    }
    for alarm in alarms.values():
        assert alarm["comparison_operator"] == "GreaterThanThreshold"
        assert alarm["threshold"] == 80
        assert alarm["statistic"] == "Average"
        assert alarm["period"] * alarm["evaluation_periods"] == 300
        assert alarm["datapoints_to_alarm"] == alarm["evaluation_periods"]


def alarm_named(environment, ending):
    name = f"omc-{environment}-{ending}"
    found = resources(environment, "aws_cloudwatch_metric_alarm").values()
    (alarm,) = [each for each in found if each["alarm_name"] == name]
    return alarm


@both
def test_more_than_three_failed_health_checks_in_5_minutes_alarm(environment):
    alarm = alarm_named(environment, "failed-health-checks")
    assert alarm["metric_name"] == "UnHealthyHostCount"
    assert (alarm["statistic"], alarm["period"], alarm["evaluation_periods"]) == ("Sum", 300, 1)
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 3)


def rate(alarm, **measured):
    """Compute a metric-math alarm as CloudWatch does, for one period; None is a missing point."""
    queries = {query["id"]: query for query in alarm["metric_query"]}
    values = {
        name: measured[name] for name, query in queries.items() if not query.get("expression")
    }
    names = {"IF": lambda is_so, yes, no: yes if is_so else no, "FILL": fill}
    waiting = [query for query in queries.values() if query.get("expression")]
    while waiting:
        query = waiting.pop(0)
        if any(other["id"] in query["expression"] for other in waiting):
            waiting.append(query)
            continue
        try:
            values[query["id"]] = eval(query["expression"], {}, names | values)  # noqa: S307
        except ZeroDivisionError:
            values[query["id"]] = 0
    (told,) = [query["id"] for query in queries.values() if query["return_data"]]
    return values[told]


def fill(value, instead):
    return instead if value is None else value


@both
@pytest.mark.parametrize(
    ("requests", "target5xx", "elb5xx", "is_alarm"),
    [
        (100, 5, None, False),
        (100, 6, None, True),
        (1000, 30, 21, True),
        (100, None, None, False),
        (None, None, None, False),
        (None, None, 7, True),
        (100, None, 100, True),
    ],
    ids=["5 %", "6 %", "both", "none", "nobody asks", "no target", "every target hangs"],
)
def test_more_than_5_percent_of_5xx_alarm(environment, requests, target5xx, elb5xx, is_alarm):
    alarm = alarm_named(environment, "5xx-rate")
    assert (alarm["comparison_operator"], alarm["threshold"]) == ("GreaterThanThreshold", 5)
    measured = [each["metric"][0] for each in alarm["metric_query"] if each["metric"]]
    assert {(each["stat"], each["period"]) for each in measured} == {("Sum", 300)}
    value = rate(alarm, requests=requests, target5xx=target5xx, elb5xx=elb5xx)
    assert (value > alarm["threshold"]) is is_alarm


@both
def test_silence_stale_feeds_and_waiting_work_alarm(environment):
    heartbeat = alarm_named(environment, "heartbeat-missing")
    assert heartbeat["treat_missing_data"] == "breaching"
    assert heartbeat["namespace"] == f"OMC/{environment}"
    for process in ("beat", "orders"):
        alarm = alarm_named(environment, f"{process}-not-running")
        assert alarm["treat_missing_data"] == "breaching"
        assert alarm["dimensions"]["ServiceName"] == f"omc-{process}"
    assert alarm_named(environment, "feed-stale-coinspot")["treat_missing_data"] == "breaching"
    worst = alarm_named(environment, "feed-stale-any")["metric_query"][0]["expression"]
    assert worst == f'SELECT MAX(omc_feed_state) FROM SCHEMA("OMC/{environment}", feed, ledger)'
    assert alarm_named(environment, "queue-age")["metric_name"] == "omc_queue_oldest_seconds"


@both
def test_every_alarm_tells_somebody_when_it_goes_off_and_when_it_is_over(environment):
    alarms = resources(environment, "aws_cloudwatch_metric_alarm")
    hidden = unknown(environment, "aws_cloudwatch_metric_alarm")
    assert len(alarms) >= 18
    for address, alarm in alarms.items():
        for action in ("alarm_actions", "ok_actions"):
            assert alarm.get(action) or hidden[address].get(action), (address, action)
        assert alarm["actions_enabled"], address
        assert "Runbook: " in alarm["alarm_description"], address


@both
def test_the_topic_is_encrypted_and_told_to_a_person(environment):
    (topic,) = unknown(environment, "aws_sns_topic").values()
    assert topic["kms_master_key_id"] is True
    subscription = only(resources(environment, "aws_sns_topic_subscription"))
    assert (subscription["protocol"], subscription["endpoint"]) == ("email", "operator@example.com")
    assert len(resources(environment, "aws_cloudwatch_event_target")) == 1


def test_cloudwatch_may_use_the_topic_and_its_key():
    policy = only(unknown("staging", "aws_sns_topic_policy"))
    assert policy["policy"] is True  # it names the topic, so its text is asserted by the module
    key = json.loads(only(resources("staging", "aws_kms_key"))["policy"])
    allowed = [
        service
        for statement in key["Statement"]
        for service in statement["Principal"].get("Service", [])
        if "kms:GenerateDataKey*" in statement["Action"]
    ]
    assert {"cloudwatch.amazonaws.com", "events.amazonaws.com"} <= set(allowed)


@both
def test_the_cluster_is_named_as_its_environment(environment):
    cluster = only(resources(environment, "aws_ecs_cluster"))
    assert cluster["name"] == f"omc-{environment}"
    assert cluster["setting"] == [{"name": "containerInsights", "value": "enhanced"}]


@both
def test_every_service_rolls_back_by_breaker_and_by_alarm(environment):
    services = resources(environment, "aws_ecs_service")
    assert {each["name"] for each in services.values()} == {
        "omc-backend",
        "omc-worker",
        "omc-orders",
        "omc-beat",
    }
    for service in services.values():
        assert service["deployment_circuit_breaker"] == [{"enable": True, "rollback": True}]
        (alarms,) = service["alarms"]
        assert alarms["enable"]
        assert alarms["rollback"]
        assert alarms["alarm_names"]


@both
def test_an_alarm_that_rolls_back_exists(environment):
    names = {
        each["alarm_name"]
        for each in resources(environment, "aws_cloudwatch_metric_alarm").values()
    }
    for service in resources(environment, "aws_ecs_service").values():
        assert set(service["alarms"][0]["alarm_names"]) <= names


@both
def test_there_are_never_two_beats(environment):
    services = resources(environment, "aws_ecs_service").values()
    (beat,) = [each for each in services if each["name"] == "omc-beat"]
    assert beat["desired_count"] == 1
    assert beat["deployment_minimum_healthy_percent"] == 0
    assert beat["deployment_maximum_percent"] == 100
    assert beat["availability_zone_rebalancing"] == "DISABLED"
    scaled = resources(environment, "aws_appautoscaling_target")
    assert not [each for each in scaled if "beat" in each]


@both
def test_there_is_always_somebody_who_sends_orders(environment):
    services = resources(environment, "aws_ecs_service").values()
    (orders,) = [each for each in services if each["name"] == "omc-orders"]
    assert orders["desired_count"] == {"staging": 1, "production": 2}[environment]
    assert orders["deployment_minimum_healthy_percent"] == 100
    scaled = resources(environment, "aws_appautoscaling_target")
    assert not [each for each in scaled if "orders" in each]


@both
def test_database_and_redis_are_encrypted_at_rest_and_on_the_way(environment):
    parameters = only(resources(environment, "aws_db_parameter_group"))["parameter"]
    assert [each["value"] for each in parameters if each["name"] == "rds.force_ssl"] == ["1"]
    database = only(resources(environment, "aws_db_instance"))
    assert database["storage_encrypted"]
    assert not database["publicly_accessible"]
    redis = only(resources(environment, "aws_elasticache_replication_group"))
    assert redis["transit_encryption_enabled"]
    assert redis["transit_encryption_mode"] == "required"
    assert redis["at_rest_encryption_enabled"]
    hidden = only(unknown(environment, "aws_elasticache_replication_group"))
    assert hidden["auth_token"] is True
    policy = only(resources(environment, "aws_elasticache_parameter_group"))["parameter"]
    assert policy == [{"name": "maxmemory-policy", "value": "noeviction"}]


def test_production_outlives_a_zone_and_a_mistake():
    database = only(resources("production", "aws_db_instance"))
    assert database["multi_az"]
    assert database["deletion_protection"]
    assert database["backup_retention_period"] == 35
    assert not database["skip_final_snapshot"]
    assert only(resources("production", "aws_lb"))["enable_deletion_protection"]
    assert len(resources("production", "aws_nat_gateway")) == 3


@both
def test_http_is_redirected_and_https_is_modern(environment):
    listeners = {each["port"]: each for each in resources(environment, "aws_lb_listener").values()}
    assert listeners[80]["default_action"][0]["type"] == "redirect"
    assert listeners[443]["ssl_policy"].startswith("ELBSecurityPolicy-TLS13")
    assert not [each for each in listeners if each not in {80, 443}]


@both
def test_nothing_but_the_load_balancer_is_open_to_the_world(environment):
    rules = resources(environment, "aws_vpc_security_group_ingress_rule")
    opened = {address for address, rule in rules.items() if rule["cidr_ipv4"]}
    assert opened
    assert all("alb_http" in address for address in opened)


@pytest.mark.parametrize("plan", [*ENVIRONMENTS, "probes", "bootstrap"])
def test_no_policy_allows_everything_but_where_aws_knows_no_resource(plan):
    found = 0
    for kind in ("aws_iam_policy", "aws_iam_role_policy"):
        for address, policy in resources(plan, kind).items():
            if "policy" not in policy:
                continue  # it names what is yet to be made; the module's own test reads it
            for statement in json.loads(policy["policy"])["Statement"]:
                found += 1
                actions, places = statement["Action"], statement["Resource"]
                assert not [action for action in actions if "*" in action], address
                if "*" in places:
                    assert set(actions) <= WITHOUT_RESOURCE, address
                    if "cloudwatch:PutMetricData" in actions:
                        assert statement["Condition"]["StringEquals"]["cloudwatch:namespace"]
    assert found or plan in ENVIRONMENTS


def test_tasks_are_allowed_everything_without_a_condition_only_where_aws_demands_it():
    everywhere = [
        statement["Action"]
        for plan in (*ENVIRONMENTS, "probes")
        for kind in ("aws_iam_policy", "aws_iam_role_policy")
        for policy in resources(plan, kind).values()
        for statement in json.loads(policy.get("policy", '{"Statement": []}'))["Statement"]
        if "*" in statement["Resource"] and "Condition" not in statement
    ]
    assert everywhere == [["ecr:GetAuthorizationToken"]] * 2  # both execution roles


def test_github_is_allowed_nothing_everywhere_without_a_condition():
    everywhere = {
        action: statement.get("Condition")
        for policy in resources("bootstrap", "aws_iam_role_policy").values()
        for statement in json.loads(policy["policy"])["Statement"]
        if "*" in statement["Resource"]
        for action in statement["Action"]
    }
    region = {"StringEquals": {"aws:RequestedRegion": "ap-southeast-2"}}
    cluster = "arn:aws:ecs:ap-southeast-2:123456789012:cluster/omc-staging"
    assert everywhere == {
        "ecr:GetAuthorizationToken": region,
        "ecs:DescribeTaskDefinition": region,
        "ecs:ListTasks": {"ArnEquals": {"ecs:cluster": cluster}},
    }


def test_github_registers_definitions_of_the_families_of_its_environment_alone():
    (places,) = [
        statement["Resource"]
        for policy in resources("bootstrap", "aws_iam_role_policy").values()
        for statement in json.loads(policy["policy"])["Statement"]
        if "ecs:RegisterTaskDefinition" in statement["Action"]
    ]
    families = {each["family"] for each in resources("staging", "aws_ecs_task_definition").values()}
    assert families
    (place,) = [re.compile(each.replace("*", ".*")) for each in places]
    prefix = "arn:aws:ecs:ap-southeast-2:123456789012:task-definition/"
    assert all(
        place.fullmatch(f"{prefix}{family}{end}") for family in families for end in ("", ":7")
    )
    assert not place.fullmatch(f"{prefix}omc-production-backend:7")
    assert not place.fullmatch(f"{prefix}somebody-elses:7")


def test_github_gets_a_role_only_from_its_own_environment():
    trust = unknown("bootstrap", "aws_iam_role")
    assert len(trust) == 2  # their text names the provider; the module's own test reads it
    state = only(resources("bootstrap", "aws_s3_bucket_versioning"))
    assert state["versioning_configuration"][0]["status"] == "Enabled"


def test_every_alarm_names_a_heading_of_the_runbook():
    alarms = resources("staging", "aws_cloudwatch_metric_alarm").values()
    found = {heading.lower() for heading in headings()}
    named = {
        alarm["alarm_description"].partition("Runbook: Troubleshooting, ")[2].rstrip(".")
        for alarm in alarms
    }
    assert len(named) >= 6
    assert named <= found
