mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/monitoring" }
  }
}

variables {
  name                    = "omc-test"
  subnet_ids              = ["subnet-1", "subnet-2"]
  security_group_id       = "sg-1"
  kms_key_arn             = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
  instance_class          = "db.t4g.medium"
  multi_az                = true
  deletion_protection     = true
  backup_retention_period = 35
  password                = "not a real one"
}

run "server" {
  command = plan

  assert {
    condition     = one([for parameter in aws_db_parameter_group.this.parameter : parameter.value if parameter.name == "rds.force_ssl"]) == "1"
    error_message = "No connection without TLS."
  }
  assert {
    condition     = aws_db_instance.this.storage_encrypted && !aws_db_instance.this.publicly_accessible && aws_db_instance.this.kms_key_id == var.kms_key_arn
    error_message = "Encrypted with our key, and reachable from inside only."
  }
  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.deletion_protection && aws_db_instance.this.backup_retention_period == 35 && !aws_db_instance.this.skip_final_snapshot
    error_message = "It survives a zone, a destroy and a mistake."
  }
  assert {
    condition     = aws_db_instance.this.password == null
    error_message = "The password is not in the state."
  }
  assert {
    condition     = aws_db_parameter_group.this.family == "postgres18"
    error_message = "The parameters fit the version."
  }
}

run "an_old_version_is_refused" {
  command = plan
  variables { engine_version = "16" }
  expect_failures = [var.engine_version]
}

run "a_short_memory_is_refused" {
  command = plan
  variables { backup_retention_period = 1 }
  expect_failures = [var.backup_retention_period]
}
