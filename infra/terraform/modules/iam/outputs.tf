output "execution_role_arn" {
  description = "Role that starts a task."
  value       = aws_iam_role.execution.arn
}

output "migrate_execution_role_arn" {
  description = "Role that starts the migrate task."
  value       = aws_iam_role.migrate_execution.arn
}

output "task_role_arn" {
  description = "Role that the program has."
  value       = aws_iam_role.task.arn
}
