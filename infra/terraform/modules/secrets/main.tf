resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:Each rotation ends in a new deployment, for tasks read secrets at their start; the runbook rotates them.
  name                    = var.secret_name
  description             = var.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_window_in_days
  tags                    = { Environment = var.environment }
}

# Write-only: the value reaches Secrets Manager but neither plan nor state (Terraform >= 1.11).
resource "aws_secretsmanager_secret_version" "this" {
  secret_id                = aws_secretsmanager_secret.this.id
  secret_string_wo         = var.secret_value
  secret_string_wo_version = var.secret_value_version
}

resource "aws_iam_policy" "read" {
  name        = "${replace(var.secret_name, "/", "-")}-${var.environment}-read"
  description = "Read ${var.secret_name} (${var.environment})"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Read", Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = [aws_secretsmanager_secret.this.arn] },
      {
        Sid       = "Decrypt"
        Effect    = "Allow"
        Action    = ["kms:Decrypt"]
        Resource  = [var.kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.aws_region}.amazonaws.com" } }
      },
    ]
  })
}

resource "aws_secretsmanager_secret_policy" "deny_insecure" {
  secret_arn          = aws_secretsmanager_secret.this.arn
  block_public_policy = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DenyInsecureTransport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "secretsmanager:*"
      Resource  = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
