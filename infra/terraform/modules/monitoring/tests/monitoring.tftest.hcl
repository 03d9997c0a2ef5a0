mock_provider "aws" {
  override_during = plan

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:ap-southeast-2:123456789012:omc-test-alarms" }
  }
}

variables {
  name                    = "omc-test"
  aws_region              = "ap-southeast-2"
  account_id              = "123456789012"
  kms_key_arn             = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
  alert_email             = "operator@example.com"
  cluster_name            = "omc-test"
  services                = { backend = "omc-backend", worker = "omc-worker", orders = "omc-orders", beat = "omc-beat" }
  alb_arn_suffix          = "app/omc/1"
  target_group_arn_suffix = "targetgroup/omc/1"
  db_identifier           = "omc-test"
  db_log_group_name       = "/aws/rds/instance/omc-test/postgresql"
  redis_member_ids        = ["omc-test-001", "omc-test-002"]
  log_group_name          = "/omc/test/app"
  metrics_namespace       = "OMC/test"
}

run "dashboard" {
  command = plan

  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) >= 6
    error_message = "Six widgets or more."
  }
  assert {
    condition = alltrue(flatten([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
        for metric in try(widget.properties.metrics, []) : alltrue([for part in metric : !can(part.dimensions)])
      ]
    ]))
    error_message = "A metric is [namespace, name, dimension, value, ...], never a map of dimensions."
  }
}

run "thresholds" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.utilization) == 8 && alltrue([for alarm in aws_cloudwatch_metric_alarm.utilization : alarm.threshold == 80 && alarm.period * alarm.evaluation_periods == 300 && alarm.comparison_operator == "GreaterThanThreshold"])
    error_message = "CPU and memory of every service: above 80 % for 5 minutes."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.failed_health_checks.threshold == 3 && aws_cloudwatch_metric_alarm.failed_health_checks.period == 300
    error_message = "More than 3 failed health checks in 5 minutes."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.errors.threshold == 5 && alltrue([for query in aws_cloudwatch_metric_alarm.errors.metric_query : query.metric[0].period == 300 if length(query.metric) > 0])
    error_message = "More than 5 % of 5xx in 5 minutes."
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.heartbeat.treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.feed_age["coinspot"].threshold == 900
    error_message = "Silence is an alarm."
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.running) == ["beat", "orders"] && alltrue([for process, alarm in aws_cloudwatch_metric_alarm.running : alarm.dimensions.ServiceName == "omc-${process}" && alarm.treat_missing_data == "breaching"])
    error_message = "Beat and the sender of orders are missed."
  }
  assert {
    condition     = keys(output.deployment_alarm_names) == ["backend", "beat", "orders", "worker"]
    error_message = "Each service has alarms that roll its deployment back."
  }
}

run "topic" {
  command = plan

  assert {
    condition     = [for statement in jsondecode(aws_sns_topic_policy.alarms.policy).Statement : statement.Principal.Service] == ["cloudwatch.amazonaws.com", "events.amazonaws.com"]
    error_message = "CloudWatch and EventBridge may use the topic."
  }
  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.utilization : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])])
    error_message = "Every alarm tells somebody."
  }
}

run "an_address_that_is_none_is_refused" {
  command = plan
  variables { alert_email = "me" }
  expect_failures = [var.alert_email]
}

run "services_without_beat_or_orders_are_refused" {
  command = plan
  variables { services = { backend = "omc-backend", beat = "omc-beat" } }
  expect_failures = [var.services]
}

run "an_unknown_ledger_is_refused" {
  command = plan
  variables { feed_max_age_seconds = { coinspot = { ledger = "prices", seconds = 900 } } }
  expect_failures = [var.feed_max_age_seconds]
}
