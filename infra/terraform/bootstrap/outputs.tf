output "state_bucket" {
  description = "For backend.hcl."
  value       = aws_s3_bucket.state.id
}

output "role_arns" {
  description = "Roles that GitHub's build and deploy jobs take."
  value       = { for name, role in aws_iam_role.github : name => role.arn }
}
