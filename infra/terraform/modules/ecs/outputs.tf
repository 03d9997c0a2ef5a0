output "cluster_name" {
  description = "The cluster."
  value       = aws_ecs_cluster.this.name
}

output "service_names" {
  description = "Services by process."
  value       = { for name, service in aws_ecs_service.this : name => service.name }
}

output "task_families" {
  description = "Families of task definitions by process, the one-off migrate task included."
  value       = { for name, task in aws_ecs_task_definition.this : name => task.family }
}
