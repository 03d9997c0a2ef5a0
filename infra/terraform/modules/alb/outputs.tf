output "dns_name" {
  description = "Name that the domain's record points to."
  value       = aws_lb.this.dns_name
}

output "arn_suffix" {
  description = "What its metrics are named by."
  value       = aws_lb.this.arn_suffix
}

output "target_group_arn" {
  description = "Where the backend registers."
  value       = aws_lb_target_group.backend.arn
}

output "target_group_arn_suffix" {
  description = "What the target group's metrics are named by."
  value       = aws_lb_target_group.backend.arn_suffix
}

output "https_listener_arn" {
  description = "The service needs it before it starts."
  value       = aws_lb_listener.https.arn
}
