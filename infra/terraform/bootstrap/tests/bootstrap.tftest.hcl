mock_provider "aws" {
  override_during = plan

  mock_resource "aws_iam_openid_connect_provider" {
    defaults = { arn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-southeast-2:123456789012:key/abc" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::omc-terraform-state" }
  }
}

variables {
  aws_account_id    = "123456789012"
  environment       = "production"
  github_repository = "example/oh-my-coins"
}

run "roles" {
  command = plan

  assert {
    condition     = jsondecode(aws_iam_role.github["deploy"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example/oh-my-coins:environment:production"
    error_message = "Only the environment's own jobs deploy."
  }
  assert {
    condition     = jsondecode(aws_iam_role.github["build"].assume_role_policy).Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:sub"] == "repo:example/oh-my-coins:environment:build"
    error_message = "Only build jobs push."
  }
  assert {
    condition     = alltrue(flatten([for policy in aws_iam_role_policy.github : [for statement in jsondecode(policy.policy).Statement : !contains(statement.Resource, "*") || contains(["Token", "Definitions", "List"], statement.Sid)]]))
    error_message = "Every resource but those that AWS has none for is named."
  }
  assert {
    condition     = alltrue(flatten([for policy in aws_iam_role_policy.github : [for statement in jsondecode(policy.policy).Statement : try(length(statement.Condition) > 0, false) if contains(statement.Resource, "*")]]))
    error_message = "Where AWS has no resource, a condition narrows it."
  }
  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.github["deploy"].policy).Statement : statement.Resource if statement.Sid == "Register"]) == ["arn:aws:ecs:ap-southeast-2:123456789012:task-definition/omc-production-*"]
    error_message = "Only definitions of the environment's own families are registered."
  }
}

run "state" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_versioning.state.versioning_configuration).status == "Enabled" && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "The state is versioned and private."
  }
}

run "a_wildcard_is_refused" {
  command = plan
  variables { github_repository = "example/*" }
  expect_failures = [var.github_repository]
}

run "another_environment_is_refused" {
  command = plan
  variables { environment = "test" }
  expect_failures = [var.environment]
}
