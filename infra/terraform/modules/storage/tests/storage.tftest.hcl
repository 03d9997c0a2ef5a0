mock_provider "aws" {
  override_during = plan

  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::omc-test" }
  }
}

variables {
  name        = "omc-test"
  account_id  = "123456789012"
  kms_key_arn = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
}

run "buckets" {
  command = plan

  assert {
    condition     = alltrue([for block in aws_s3_bucket_public_access_block.this : block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets])
    error_message = "Nothing is public."
  }
  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.artifacts.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    error_message = "Our key encrypts payloads."
  }
  assert {
    condition     = alltrue([for policy in aws_s3_bucket_policy.this : contains([for statement in jsondecode(policy.policy).Statement : statement.Sid], "DenyInsecureTransport")])
    error_message = "Plain HTTP is refused."
  }
  assert {
    condition     = alltrue([for versioning in aws_s3_bucket_versioning.this : one(versioning.versioning_configuration).status == "Enabled"])
    error_message = "An overwritten object can be brought back."
  }
  assert {
    condition     = [for statement in jsondecode(aws_s3_bucket_policy.this["logs"].policy).Statement : statement.Sid] == ["DenyInsecureTransport", "LoadBalancer", "BucketLogs"]
    error_message = "The load balancer and S3 may write their logs."
  }
  assert {
    condition     = length(jsondecode(aws_s3_bucket_policy.this["artifacts"].policy).Statement) == 1
    error_message = "Nobody else may write payloads."
  }
}

run "another_account_is_refused" {
  command = plan
  variables { account_id = "mine" }
  expect_failures = [var.account_id]
}
