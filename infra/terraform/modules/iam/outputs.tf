output "execution_role_arn" {
  description = "Role that starts a task."
  value       = aws_iam_role.execution.arn
}

output "task_role_arn" {
  description = "Role that the program has."
  value       = aws_iam_role.task.arn
}
