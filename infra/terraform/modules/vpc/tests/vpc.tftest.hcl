mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/flow" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:ap-southeast-2:123456789012:log-group:flow" }
  }
}

variables {
  name               = "omc-test"
  aws_region         = "ap-southeast-2"
  availability_zones = ["ap-southeast-2a", "ap-southeast-2b", "ap-southeast-2c"]
  single_nat_gateway = true
  kms_key_arn        = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
}

run "one_nat" {
  command = plan

  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_route.app_nat) == 3
    error_message = "One NAT gateway serves the app subnets of all zones."
  }
  assert {
    condition     = length(distinct(concat(aws_subnet.public[*].cidr_block, aws_subnet.app[*].cidr_block, aws_subnet.data[*].cidr_block))) == 9
    error_message = "Nine subnets with addresses of their own."
  }
  assert {
    condition     = alltrue([for subnet in concat(aws_subnet.public, aws_subnet.app, aws_subnet.data) : subnet.map_public_ip_on_launch != true])
    error_message = "Nothing gets a public address by itself."
  }
  assert {
    condition     = aws_flow_log.this.traffic_type == "ALL" && aws_cloudwatch_log_group.flow.kms_key_id == var.kms_key_arn
    error_message = "All traffic is logged, encrypted with our key."
  }
}

run "a_nat_a_zone" {
  command = plan
  variables { single_nat_gateway = false }

  assert {
    condition     = length(aws_nat_gateway.this) == 3
    error_message = "Production has a NAT gateway a zone."
  }
}

run "one_zone_is_refused" {
  command = plan
  variables { availability_zones = ["ap-southeast-2a"] }
  expect_failures = [var.availability_zones]
}

run "a_small_network_is_refused" {
  command = plan
  variables { cidr = "10.0.0.0/24" }
  expect_failures = [var.cidr]
}
