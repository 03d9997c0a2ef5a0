output "topic_arn" {
  description = "Topic of the alarms; the program's alerts go there too."
  value       = aws_sns_topic_policy.alarms.arn
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

# Alarms that go off while a deployment rolls out roll it back. One that is on before is not looked at.
output "deployment_alarm_names" {
  description = "Alarms that roll a deployment back, by service."
  value = {
    backend = [
      aws_cloudwatch_metric_alarm.errors.alarm_name,
      aws_cloudwatch_metric_alarm.failed_health_checks.alarm_name,
      aws_cloudwatch_metric_alarm.utilization["backend-memory"].alarm_name,
    ]
    worker = [
      aws_cloudwatch_metric_alarm.queue_age.alarm_name,
      aws_cloudwatch_metric_alarm.heartbeat.alarm_name,
      aws_cloudwatch_metric_alarm.utilization["worker-memory"].alarm_name,
    ]
    orders = [
      aws_cloudwatch_metric_alarm.running["orders"].alarm_name,
      aws_cloudwatch_metric_alarm.utilization["orders-memory"].alarm_name,
    ]
    beat = [
      aws_cloudwatch_metric_alarm.running["beat"].alarm_name,
      aws_cloudwatch_metric_alarm.heartbeat.alarm_name,
    ]
  }
}
