locals {
  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "arn:aws:ecs:${var.aws_region}:${var.account_id}:*" }
      }
    }]
  })
  pull_and_log = jsonencode({
    Version = "2012-10-17"
    Statement = [
      # AWS has no resource for this action.
      { Sid = "EcrToken", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
      { Sid = "Pull", Effect = "Allow", Action = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"], Resource = [var.ecr_repository_arn] },
      { Sid = "Logs", Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = ["${var.log_group_arn}:*"] },
    ]
  })
}

# The execution role starts a task: it pulls the image, opens the log and injects the secrets.
resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "execution" {
  name   = "pull-and-log"
  role   = aws_iam_role.execution.id
  policy = local.pull_and_log
}

resource "aws_iam_role_policy_attachment" "execution_secrets" {
  for_each   = var.secret_read_policy_arns
  role       = aws_iam_role.execution.name
  policy_arn = each.value
}

# The migrate task has one of its own: it alone may read the first password of the superuser.
resource "aws_iam_role" "migrate_execution" {
  name               = "${var.name}-migrate-execution"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "migrate_execution" {
  name   = "pull-and-log"
  role   = aws_iam_role.migrate_execution.id
  policy = local.pull_and_log
}

resource "aws_iam_role_policy_attachment" "migrate_execution_secrets" {
  for_each   = merge(var.secret_read_policy_arns, { admin = var.admin_read_policy_arn })
  role       = aws_iam_role.migrate_execution.name
  policy_arn = each.value
}

# The task role is what the program itself may do.
resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "task" {
  name = "payloads-metrics-alerts"
  role = aws_iam_role.task.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Sid = "Payloads", Effect = "Allow", Action = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], Resource = ["${var.artifact_bucket_arn}/*"] },
      { Sid = "List", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [var.artifact_bucket_arn] },
      { Sid = "Alerts", Effect = "Allow", Action = ["sns:Publish"], Resource = [var.topic_arn] },
      {
        Sid       = "Key"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = [var.kms_key_arn]
        Condition = { StringEquals = { "kms:ViaService" = ["s3.${var.aws_region}.amazonaws.com", "sns.${var.aws_region}.amazonaws.com"] } }
      },
      # AWS has no resource for this action either; the condition binds it to our namespace.
      {
        Sid       = "Metrics"
        Effect    = "Allow"
        Action    = ["cloudwatch:PutMetricData"]
        Resource  = ["*"]
        Condition = { StringEquals = { "cloudwatch:namespace" = var.metrics_namespace } }
      },
    ]
  })
}

# For OMC_AWS_SECRETS, by which the program reads a secret itself.
resource "aws_iam_role_policy_attachment" "task_secrets" {
  for_each   = var.secret_read_policy_arns
  role       = aws_iam_role.task.name
  policy_arn = each.value
}
