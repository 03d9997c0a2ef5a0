mock_provider "aws" {
  override_during = plan

  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:ap-southeast-2:123456789012:loadbalancer/app/omc/0123456789abcdef" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:ap-southeast-2:123456789012:targetgroup/omc/0123456789abcdef" }
  }
}

variables {
  name                = "omc-test"
  vpc_id              = "vpc-1"
  subnet_ids          = ["subnet-1", "subnet-2"]
  security_group_id   = "sg-1"
  certificate_arn     = "arn:aws:acm:ap-southeast-2:123456789012:certificate/abc"
  log_bucket_name     = "omc-test-logs"
  deletion_protection = true
}

run "listeners" {
  command = plan

  assert {
    condition     = one(aws_lb_listener.http.default_action).type == "redirect" && one(one(aws_lb_listener.http.default_action).redirect).protocol == "HTTPS"
    error_message = "HTTP is redirected."
  }
  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && strcontains(aws_lb_listener.https.ssl_policy, "TLS13-1-2")
    error_message = "TLS 1.2 or newer."
  }
  assert {
    condition     = one(aws_lb_target_group.backend.health_check).path == "/healthz" && one(aws_lb_target_group.backend.health_check).matcher == "200"
    error_message = "A task is healthy when /healthz answers 200."
  }
}

run "another_arn_is_refused" {
  command = plan
  variables { certificate_arn = "my certificate" }
  expect_failures = [var.certificate_arn]
}

run "a_long_name_is_refused" {
  command = plan
  variables { name = "a-name-that-is-much-too-long-for-it" }
  expect_failures = [var.name]
}
