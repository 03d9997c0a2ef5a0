# The data source gives a new value at each read, so terraform_data keeps the first one until
# token_version is raised. The provider has no write-only auth_token: this one value is in the state.
# It depends on the log group so that it is read while applying, never into the first plan.
data "aws_secretsmanager_random_password" "token" {
  password_length     = 64
  exclude_punctuation = true
  depends_on          = [aws_cloudwatch_log_group.slow]
}

resource "terraform_data" "token" {
  input            = sensitive(data.aws_secretsmanager_random_password.token.random_password)
  triggers_replace = var.token_version

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_elasticache_parameter_group" "this" {
  name   = var.name
  family = "valkey8"

  # Queued work is never evicted.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

resource "aws_cloudwatch_log_group" "slow" {
  name              = "/omc/${var.name}/redis-slow"
  retention_in_days = 365
  kms_key_id        = var.kms_key_arn
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id       = var.name
  description                = "Celery's broker, cache and hot state of agent sessions"
  engine                     = "valkey"
  engine_version             = "8.0"
  node_type                  = var.node_type
  port                       = 6379
  num_cache_clusters         = var.num_cache_clusters
  automatic_failover_enabled = true
  multi_az_enabled           = true
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  parameter_group_name       = aws_elasticache_parameter_group.this.name
  security_group_ids         = [var.security_group_id]
  at_rest_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = terraform_data.token.output
  auth_token_update_strategy = "ROTATE"
  snapshot_retention_limit   = 7
  snapshot_window            = "15:00-16:00"
  maintenance_window         = "sun:18:30-sun:19:30"
  apply_immediately          = true

  log_delivery_configuration {
    destination      = aws_cloudwatch_log_group.slow.name
    destination_type = "cloudwatch-logs"
    log_format       = "json"
    log_type         = "slow-log"
  }
}
