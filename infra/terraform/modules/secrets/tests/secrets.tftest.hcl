mock_provider "aws" {
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:omc" }
  }
}

variables {
  secret_name  = "omc/openai/api_key"
  secret_value = "not a real one"
  environment  = "staging"
  aws_region   = "ap-southeast-2"
  kms_key_arn  = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
}

run "defaults" {
  assert {
    condition     = aws_secretsmanager_secret.this.recovery_window_in_days == 30
    error_message = "A deleted secret can be brought back for 30 days."
  }
  assert {
    condition     = aws_secretsmanager_secret.this.kms_key_id == var.kms_key_arn
    error_message = "Our key encrypts it."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_policy.read.policy).Statement :
      !contains(statement.Resource, "*") && alltrue([for action in statement.Action : !strcontains(action, "*")])
    ])
    error_message = "The read policy names one secret and one key."
  }
  assert {
    condition     = aws_secretsmanager_secret_version.this.secret_string == null
    error_message = "The value is not in the state."
  }
  assert {
    condition     = output.secret_name == "omc/openai/api_key" && output.secret_arn == aws_secretsmanager_secret.this.arn && output.iam_policy_arn == aws_iam_policy.read.arn
    error_message = "Outputs: secret_arn, secret_name, iam_policy_arn."
  }
}

run "another_environment_is_refused" {
  command = plan
  variables { environment = "prod" }
  expect_failures = [var.environment]
}

run "another_name_is_refused" {
  command = plan
  variables { secret_name = "OpenAI" }
  expect_failures = [var.secret_name]
}

run "a_short_window_is_refused" {
  command = plan
  variables { recovery_window_in_days = 0 }
  expect_failures = [var.recovery_window_in_days]
}
