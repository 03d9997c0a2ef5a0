output "cluster_name" {
  description = "The cluster."
  value       = module.ecs.cluster_name
}

output "service_names" {
  description = "Services by process."
  value       = module.ecs.service_names
}

output "task_families" {
  description = "Task families by process."
  value       = module.ecs.task_families
}

output "repository_url" {
  description = "Where images are pushed to."
  value       = module.ecr.repository_url
}

output "alb_dns_name" {
  description = "What the domain's record points to."
  value       = module.alb.dns_name
}

output "secret_arns" {
  description = "The secrets, never their values."
  value       = { for name, secret in module.secrets : name => secret.secret_arn }
}

output "topic_arn" {
  description = "Topic of the alarms."
  value       = module.monitoring.topic_arn
}

output "dashboard_name" {
  description = "The dashboard."
  value       = module.monitoring.dashboard_name
}

output "payload_bucket" {
  description = "Bucket of raw payloads."
  value       = module.storage.bucket_name
}
