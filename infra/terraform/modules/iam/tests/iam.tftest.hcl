mock_provider "aws" {}

variables {
  name                    = "omc-test"
  aws_region              = "ap-southeast-2"
  account_id              = "123456789012"
  secret_read_policy_arns = { openai = "arn:aws:iam::123456789012:policy/openai" }
  admin_read_policy_arn   = "arn:aws:iam::123456789012:policy/admin"
  ecr_repository_arn      = "arn:aws:ecr:ap-southeast-2:123456789012:repository/omc"
  log_group_arn           = "arn:aws:logs:ap-southeast-2:123456789012:log-group:/omc/test/app"
  artifact_bucket_arn     = "arn:aws:s3:::omc-test"
  topic_arn               = "arn:aws:sns:ap-southeast-2:123456789012:omc"
  metrics_namespace       = "OMC/test"
  kms_key_arn             = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
}

run "roles" {
  command = plan

  assert {
    condition = alltrue([
      for statement in concat(jsondecode(aws_iam_role_policy.execution.policy).Statement, jsondecode(aws_iam_role_policy.migrate_execution.policy).Statement, jsondecode(aws_iam_role_policy.task.policy).Statement) :
      !contains(statement.Resource, "*") || contains(["EcrToken", "Metrics"], statement.Sid)
    ])
    error_message = "Every resource but the two that AWS has none for is named."
  }
  assert {
    condition = one([
      for statement in jsondecode(aws_iam_role_policy.task.policy).Statement :
      statement.Condition.StringEquals["cloudwatch:namespace"] if statement.Sid == "Metrics"
    ]) == "OMC/test"
    error_message = "Metrics go into our namespace only."
  }
  assert {
    condition     = alltrue([for role in [aws_iam_role.execution, aws_iam_role.migrate_execution, aws_iam_role.task] : jsondecode(role.assume_role_policy).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"])
    error_message = "Only tasks of this account take the roles."
  }
  assert {
    condition     = keys(aws_iam_role_policy_attachment.execution_secrets) == ["openai"] && keys(aws_iam_role_policy_attachment.task_secrets) == ["openai"]
    error_message = "Both roles read the secrets they are given, and no other."
  }
  assert {
    condition     = { for name, attached in aws_iam_role_policy_attachment.migrate_execution_secrets : name => attached.policy_arn } == merge(var.secret_read_policy_arns, { admin = var.admin_read_policy_arn })
    error_message = "The migrate task's execution role reads the superuser's password too."
  }
  assert {
    condition     = alltrue([for attached in aws_iam_role_policy_attachment.migrate_execution_secrets : attached.role == "omc-test-migrate-execution"])
    error_message = "What it reads is attached to it alone."
  }
}

run "the_superusers_password_for_every_task_is_refused" {
  command = plan
  variables { secret_read_policy_arns = { admin = "arn:aws:iam::123456789012:policy/admin" } }
  expect_failures = [var.secret_read_policy_arns]
}
