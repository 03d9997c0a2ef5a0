locals {
  width  = 12
  height = 6

  per_service = {
    for title, metric in {
      cpu    = ["AWS/ECS", "CPUUtilization"]
      memory = ["AWS/ECS", "MemoryUtilization"]
      rx     = ["ECS/ContainerInsights", "NetworkRxBytes"]
      tx     = ["ECS/ContainerInsights", "NetworkTxBytes"]
      tasks  = ["ECS/ContainerInsights", "RunningTaskCount"]
    } :
    title => [for service in values(var.services) : [metric[0], metric[1], "ClusterName", var.cluster_name, "ServiceName", service]]
  }
  redis = {
    for title, metric in { hits = "CacheHitRate", evictions = "Evictions", memory = "DatabaseMemoryUsagePercentage", cpu = "EngineCPUUtilization" } :
    title => [for id in var.redis_member_ids : ["AWS/ElastiCache", metric, "CacheClusterId", id]]
  }
  db  = { for metric in ["DatabaseConnections", "DBLoad", "ReadLatency", "WriteLatency", "CPUUtilization", "FreeStorageSpace"] : metric => ["AWS/RDS", metric, "DBInstanceIdentifier", var.db_identifier] }
  alb = { for metric in ["RequestCount", "TargetResponseTime", "HTTPCode_Target_5XX_Count", "HTTPCode_ELB_5XX_Count"] : metric => ["AWS/ApplicationELB", metric, "LoadBalancer", var.alb_arn_suffix] }

  # One series for each feed, ledger, source or outcome, also those that do not exist yet. What
  # has no value has no dimension: an alert of no ledger has two instead of three.
  search = {
    for title, search in {
      age    = { schemas = ["feed,ledger"], metric = "omc_feed_age_seconds" }
      state  = { schemas = ["feed,ledger"], metric = "omc_feed_state" }
      runs   = { schemas = ["source,outcome"], metric = "omc_runs_last_hour" }
      alerts = { schemas = ["ledger,level,state", "level,state"], metric = "omc_alerts" }
    } :
    title => [
      for index, schema in search.schemas :
      [{ expression = "SEARCH('{${var.metrics_namespace},${schema}} MetricName=\"${search.metric}\"', 'Maximum', 60)", id = "${title}${index}", label = "" }]
    ]
  }
  own = { for metric in ["log_errors", "omc_queue_depth", "omc_queue_oldest_seconds", "omc_agent_answers_last_hour", "omc_agent_cost_last_hour", "omc_agent_tokens_last_hour"] : metric => [var.metrics_namespace, metric] }

  red_line = { for value in [80] : value => { horizontal = [{ label = "alarm", value = value }] } }
  left     = { title = "", region = var.aws_region, view = "timeSeries", stacked = false, period = 60, stat = "Average" }

  # Two a row, in this order.
  widgets = [
    { type = "metric", properties = merge(local.left, {
      title = "ECS: CPU and memory, %", metrics = concat(local.per_service.cpu, local.per_service.memory), annotations = local.red_line[80], yAxis = { left = { min = 0, max = 100 } }
    }) },
    { type = "metric", properties = merge(local.left, {
      title   = "ECS: network, bytes a second, and tasks"
      metrics = concat(local.per_service.rx, local.per_service.tx, [for metric in local.per_service.tasks : concat(metric, [{ yAxis = "right" }])])
    }) },
    { type = "metric", properties = merge(local.left, {
      title   = "RDS: connections, load and latency"
      metrics = [local.db.DatabaseConnections, local.db.DBLoad, concat(local.db.ReadLatency, [{ yAxis = "right" }]), concat(local.db.WriteLatency, [{ yAxis = "right" }])]
    }) },
    { type = "log", properties = {
      title = "RDS: duration of queries from 1 s on, ms", region = var.aws_region, view = "timeSeries", stacked = false
      query = "SOURCE '${var.db_log_group_name}' | parse @message 'duration: * ms' as ms | filter ispresent(ms) | stats max(ms), pct(ms, 95), count(*) by bin(5m)"
    } },
    { type = "metric", properties = merge(local.left, {
      title = "Redis: hit rate and memory, %, and evictions", metrics = concat(local.redis.hits, local.redis.memory, [for metric in local.redis.evictions : concat(metric, [{ yAxis = "right", stat = "Sum" }])])
    }) },
    { type = "metric", properties = merge(local.left, {
      title   = "Application: requests, 5xx, errors in the log", stat = "Sum"
      metrics = [local.alb.RequestCount, local.alb.HTTPCode_Target_5XX_Count, local.alb.HTTPCode_ELB_5XX_Count, local.own.log_errors]
    }) },
    { type = "metric", properties = merge(local.left, {
      title   = "Application: latency of answers, seconds"
      metrics = [for stat in ["p50", "p95", "p99"] : concat(local.alb.TargetResponseTime, [{ stat = stat, label = stat }])]
    }) },
    { type = "log", properties = {
      title = "Application: newest errors", region = var.aws_region, view = "table"
      query = "SOURCE '${var.log_group_name}' | fields @timestamp, @logStream, logger, message | filter level in ['ERROR', 'CRITICAL'] | sort @timestamp desc | limit 20"
    } },
    { type = "metric", properties = merge(local.left, { title = "Ledgers: age of feeds, seconds", metrics = local.search.age }) },
    { type = "metric", properties = merge(local.left, { title = "Ledgers: state of feeds (2 stale, 3 unknown)", metrics = local.search.state, yAxis = { left = { min = 0, max = 3 } } }) },
    { type = "metric", properties = merge(local.left, { title = "Ledgers: ingest, looks of the last hour by outcome", metrics = local.search.runs }) },
    { type = "metric", properties = merge(local.left, { title = "Ledgers: alerts that are not resolved", metrics = local.search.alerts }) },
    { type = "metric", properties = merge(local.left, {
      title = "Work: jobs that wait, and how long the oldest has", metrics = [local.own.omc_queue_depth, concat(local.own.omc_queue_oldest_seconds, [{ yAxis = "right" }])]
    }) },
    { type = "metric", properties = merge(local.left, {
      title   = "Work: from sending a job to its begin, seconds"
      metrics = [for statistic in ["mean", "longest"] : [var.metrics_namespace, "omc_task_latency_seconds", "statistic", statistic, { label = statistic }]]
    }) },
    { type = "metric", properties = merge(local.left, {
      title   = "Agents: latency of answers, seconds, and how many"
      metrics = concat([for statistic in ["mean", "longest"] : [var.metrics_namespace, "omc_agent_latency_seconds", "statistic", statistic, { label = statistic }]], [concat(local.own.omc_agent_answers_last_hour, [{ yAxis = "right" }])])
    }) },
    { type = "metric", properties = merge(local.left, {
      title   = "Agents: cost of an hour, US dollars, and tokens"
      metrics = [local.own.omc_agent_cost_last_hour, concat(local.own.omc_agent_tokens_last_hour, [{ yAxis = "right" }])]
    }) },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    start          = "-PT6H"
    periodOverride = "inherit"
    widgets = [
      for index, widget in local.widgets :
      merge(widget, { x = (index % 2) * local.width, y = floor(index / 2) * local.height, width = local.width, height = local.height })
    ]
  })
}
