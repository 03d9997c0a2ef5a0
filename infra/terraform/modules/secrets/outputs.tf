output "secret_arn" {
  description = "What a task definition names under valueFrom."
  value       = aws_secretsmanager_secret.this.arn
}

output "secret_name" {
  description = "The name, as given."
  value       = aws_secretsmanager_secret.this.name
}

output "iam_policy_arn" {
  description = "Policy that may read this secret and nothing else."
  value       = aws_iam_policy.read.arn
}
