locals {
  actions = [aws_sns_topic.alarms.arn]

  # CPU and memory of each service: above 80 % in five one-minute averages in a row.
  utilization = merge([
    for process, service in var.services : {
      for metric in ["CPUUtilization", "MemoryUtilization"] :
      "${process}-${metric == "CPUUtilization" ? "cpu" : "memory"}" => { metric = metric, service = service }
    }
  ]...)

  # The same for what the services stand on.
  engines = merge(
    { db-cpu = { namespace = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = var.db_identifier } } },
    merge([
      for id in var.redis_member_ids : {
        "${id}-cpu"    = { namespace = "AWS/ElastiCache", metric = "EngineCPUUtilization", dimensions = { CacheClusterId = id } }
        "${id}-memory" = { namespace = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage", dimensions = { CacheClusterId = id } }
      }
    ]...),
  )
}

resource "aws_cloudwatch_metric_alarm" "utilization" {
  for_each            = local.utilization
  alarm_name          = "${var.name}-${each.key}-high"
  alarm_description   = "${each.value.metric} of ${each.value.service} is above 80 % for 5 minutes. Runbook: Troubleshooting, a service is slow."
  namespace           = "AWS/ECS"
  metric_name         = each.value.metric
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  treat_missing_data  = "notBreaching" # no task at all is told by another alarm
  dimensions          = { ClusterName = var.cluster_name, ServiceName = each.value.service }
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

resource "aws_cloudwatch_metric_alarm" "engines" {
  for_each            = local.engines
  alarm_name          = "${var.name}-${trimprefix(each.key, "${var.name}-")}-high"
  alarm_description   = "${each.value.metric} is above 80 % for 5 minutes. Runbook: Troubleshooting, a service is slow."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  statistic           = "Average"
  period              = 60
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = 80
  treat_missing_data  = "missing"
  dimensions          = each.value.dimensions
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# The load balancer has no count of failed checks. Each of its nodes reports, once a minute, how
# many targets fail; the sum over 5 minutes is what stands for the number of failed checks.
resource "aws_cloudwatch_metric_alarm" "failed_health_checks" {
  alarm_name          = "${var.name}-failed-health-checks"
  alarm_description   = "More than 3 failed health checks in 5 minutes. Runbook: Troubleshooting, a task does not become healthy."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "UnHealthyHostCount"
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 3
  treat_missing_data  = "notBreaching"
  dimensions          = { LoadBalancer = var.alb_arn_suffix, TargetGroup = var.target_group_arn_suffix }
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# Where no target is registered nothing is unhealthy, and nothing works either.
resource "aws_cloudwatch_metric_alarm" "no_healthy_host" {
  alarm_name          = "${var.name}-no-healthy-host"
  alarm_description   = "No backend task answers. Runbook: Troubleshooting, a task does not become healthy."
  namespace           = "AWS/ApplicationELB"
  metric_name         = "HealthyHostCount"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 3
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  dimensions          = { LoadBalancer = var.alb_arn_suffix, TargetGroup = var.target_group_arn_suffix }
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# A rate, by metric math. RequestCount leaves out what found no target, so the larger of requests
# and errors of the load balancer itself is what was asked.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-5xx-rate"
  alarm_description   = "More than 5 % of the answers of 5 minutes were 5xx. Runbook: Troubleshooting, errors."
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions

  metric_query {
    id          = "rate"
    expression  = "IF(asked > 0, 100 * failed / asked, 0)"
    label       = "5xx, % of answers"
    return_data = true
  }

  metric_query {
    id         = "failed"
    expression = "FILL(target5xx, 0) + FILL(elb5xx, 0)"
    label      = "Answers with 5xx"
  }

  metric_query {
    id         = "asked"
    expression = "IF(FILL(elb5xx, 0) > FILL(requests, 0), FILL(elb5xx, 0), FILL(requests, 0))"
    label      = "Requests"
  }

  dynamic "metric_query" {
    for_each = { requests = "RequestCount", target5xx = "HTTPCode_Target_5XX_Count", elb5xx = "HTTPCode_ELB_5XX_Count" }
    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApplicationELB"
        metric_name = metric_query.value
        stat        = "Sum"
        period      = 300
        dimensions  = { LoadBalancer = var.alb_arn_suffix }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "db_storage" {
  alarm_name          = "${var.name}-db-storage-low"
  alarm_description   = "Less than 10 GB of the database's disk are free. Runbook: Troubleshooting, the disk fills."
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 10 * 1024 * 1024 * 1024
  treat_missing_data  = "missing"
  dimensions          = { DBInstanceIdentifier = var.db_identifier }
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# The program sends its figures each minute as a job that beat sends and a worker does. When none
# arrive, beat, Redis, every worker or the database is gone: this is the heartbeat of the chain.
resource "aws_cloudwatch_metric_alarm" "heartbeat" {
  alarm_name          = "${var.name}-heartbeat-missing"
  alarm_description   = "No figures arrived for 5 minutes: beat sends nothing, or no worker takes it. Runbook: Troubleshooting, the heartbeat is missing."
  namespace           = var.metrics_namespace
  metric_name         = "omc_queue_depth"
  statistic           = "SampleCount"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# And this one tells beat from the rest, and whether anybody sends orders.
resource "aws_cloudwatch_metric_alarm" "running" {
  for_each            = { beat = "the heartbeat is missing", orders = "orders are not sent" }
  alarm_name          = "${var.name}-${each.key}-not-running"
  alarm_description   = "No task of ${var.services[each.key]} runs. Runbook: Troubleshooting, ${each.value}."
  namespace           = "ECS/ContainerInsights"
  metric_name         = "RunningTaskCount"
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  treat_missing_data  = "breaching"
  dimensions          = { ClusterName = var.cluster_name, ServiceName = var.services[each.key] }
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# Feeds that somebody is to be woken for, each by its own age.
resource "aws_cloudwatch_metric_alarm" "feed_age" {
  for_each            = var.feed_max_age_seconds
  alarm_name          = "${var.name}-feed-stale-${replace(each.key, "/", "-")}"
  alarm_description   = "The feed ${each.key} has not been looked at completely for ${each.value.seconds} seconds. Runbook: Troubleshooting, a feed is stale."
  namespace           = var.metrics_namespace
  metric_name         = "omc_feed_age_seconds"
  statistic           = "Minimum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.seconds
  treat_missing_data  = "breaching"
  dimensions          = { feed = each.key, ledger = each.value.ledger }
  alarm_actions       = local.actions
  ok_actions          = local.actions
}

# Every other feed: the worst state of all, 2 is stale and 3 unknown, for half an hour.
resource "aws_cloudwatch_metric_alarm" "feed_state" {
  alarm_name          = "${var.name}-feed-stale-any"
  alarm_description   = "Some feed is stale or unknown for 30 minutes; the dashboard's ledger widgets show which. Runbook: Troubleshooting, a feed is stale."
  evaluation_periods  = 6
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 2
  treat_missing_data  = "notBreaching" # the heartbeat alarm tells that nothing arrives
  alarm_actions       = local.actions
  ok_actions          = local.actions

  metric_query {
    id          = "worst"
    expression  = "SELECT MAX(omc_feed_state) FROM SCHEMA(\"${var.metrics_namespace}\", feed, ledger)"
    label       = "Worst state of a feed"
    period      = 300
    return_data = true
  }
}

resource "aws_cloudwatch_metric_alarm" "queue_age" {
  alarm_name          = "${var.name}-queue-age"
  alarm_description   = "A job waits for a worker for more than ${var.queue_max_age_seconds} seconds. Runbook: Troubleshooting, work piles up."
  namespace           = var.metrics_namespace
  metric_name         = "omc_queue_oldest_seconds"
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.queue_max_age_seconds
  treat_missing_data  = "notBreaching" # the heartbeat alarm tells that nothing arrives
  alarm_actions       = local.actions
  ok_actions          = local.actions
}
