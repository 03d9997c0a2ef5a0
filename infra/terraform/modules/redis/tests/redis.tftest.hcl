mock_provider "aws" {
  mock_data "aws_secretsmanager_random_password" {
    defaults = { random_password = "abcdefghijklmnopqrstuvwxyz" }
  }
  mock_resource "aws_elasticache_replication_group" {
    defaults = { primary_endpoint_address = "primary.example.internal" }
  }
}

variables {
  name               = "omc-test"
  subnet_ids         = ["subnet-1", "subnet-2"]
  security_group_id  = "sg-1"
  kms_key_arn        = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
  node_type          = "cache.t4g.small"
  num_cache_clusters = 2
}

run "group" {
  assert {
    condition     = aws_elasticache_replication_group.this.transit_encryption_enabled && aws_elasticache_replication_group.this.transit_encryption_mode == "required" && aws_elasticache_replication_group.this.auth_token != null
    error_message = "TLS and token are required."
  }
  assert {
    condition     = one(aws_elasticache_parameter_group.this.parameter).name == "maxmemory-policy" && one(aws_elasticache_parameter_group.this.parameter).value == "noeviction"
    error_message = "Queued work is never evicted."
  }
  assert {
    condition     = startswith(output.connection_string, "rediss://:") && endswith(output.connection_string, "?ssl_cert_reqs=required")
    error_message = "Clients use TLS and check the certificate."
  }
  assert {
    condition     = output.member_ids == ["omc-test-001", "omc-test-002"]
    error_message = "Nodes are named as ElastiCache names them."
  }
}

run "a_single_node_is_refused" {
  command = plan
  variables { num_cache_clusters = 1 }
  expect_failures = [var.num_cache_clusters]
}
