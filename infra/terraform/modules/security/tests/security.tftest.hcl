mock_provider "aws" {
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:ap-southeast-2:123456789012:key/abc" }
  }
}

variables {
  name       = "omc-test"
  vpc_id     = "vpc-1"
  account_id = "123456789012"
  aws_region = "ap-southeast-2"
}

run "key" {
  command = plan

  assert {
    condition     = aws_kms_key.this.enable_key_rotation && aws_kms_key.this.deletion_window_in_days == 30
    error_message = "The key is rotated, and can be brought back for 30 days."
  }
  assert {
    condition = alltrue([
      for statement in jsondecode(aws_kms_key.this.policy).Statement :
      statement.Sid == "AccountAdmin" || can(statement.Condition)
    ])
    error_message = "Services use the key under a condition only."
  }
}

run "groups" {
  assert {
    condition = alltrue([
      aws_vpc_security_group_ingress_rule.db_from_app.referenced_security_group_id == aws_security_group.app.id,
      aws_vpc_security_group_ingress_rule.redis_from_app.referenced_security_group_id == aws_security_group.app.id,
      aws_vpc_security_group_ingress_rule.app_from_alb.referenced_security_group_id == aws_security_group.alb.id,
    ])
    error_message = "Tasks alone reach the data, the load balancer alone reaches the tasks."
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.app_https_out.to_port == 443
    error_message = "Out to the internet by HTTPS only."
  }
}

run "a_wrong_network_is_refused" {
  command = plan
  variables { allowed_cidrs = ["everybody"] }
  expect_failures = [var.allowed_cidrs]
}
