locals {
  cluster = "omc-${var.environment}"
  arn     = "arn:aws:%s:${var.aws_region}:${var.aws_account_id}:%s"

  # A job gets a role only from its own GitHub environment, so that environment's rules (reviewers,
  # branches) decide who deploys; a branch or a fork alone gets none.
  roles = {
    build  = { environment = "build", policy = local.build }
    deploy = { environment = var.environment, policy = local.deploy }
  }

  # For some actions AWS knows no resource; then the condition says in which region.
  region = { StringEquals = { "aws:RequestedRegion" = var.aws_region } }

  build = [
    { Sid = "Token", Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"], Condition = local.region },
    {
      Sid    = "Push"
      Effect = "Allow"
      Action = [
        "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:CompleteLayerUpload", "ecr:DescribeImages",
        "ecr:GetDownloadUrlForLayer", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart",
      ]
      Resource = [format(local.arn, "ecr", "repository/${var.repository_name}")]
    },
  ]

  # Exactly what the deploy tool asks for; a test compares.
  deploy = [
    # A definition holds the ARNs of secrets, never a value.
    { Sid = "Definitions", Effect = "Allow", Action = ["ecs:DescribeTaskDefinition"], Resource = ["*"], Condition = local.region },
    {
      # Without `:*`: a revision that is yet to be registered has no number.
      Sid      = "Register"
      Effect   = "Allow"
      Action   = ["ecs:RegisterTaskDefinition"]
      Resource = [format(local.arn, "ecs", "task-definition/${local.cluster}-*")]
    },
    {
      Sid      = "Services"
      Effect   = "Allow"
      Action   = ["ecs:DescribeServices", "ecs:UpdateService"]
      Resource = [format(local.arn, "ecs", "service/${local.cluster}/omc-*")]
    },
    {
      Sid      = "Migrate"
      Effect   = "Allow"
      Action   = ["ecs:RunTask"]
      Resource = [format(local.arn, "ecs", "task-definition/${local.cluster}-migrate:*")]
    },
    {
      Sid      = "Tasks"
      Effect   = "Allow"
      Action   = ["ecs:DescribeTasks"]
      Resource = [format(local.arn, "ecs", "task/${local.cluster}/*")]
    },
    {
      # ListTasks has no resource but the container instance; the condition names the cluster.
      Sid       = "List"
      Effect    = "Allow"
      Action    = ["ecs:ListTasks"]
      Resource  = ["*"]
      Condition = { ArnEquals = { "ecs:cluster" = format(local.arn, "ecs", "cluster/${local.cluster}") } }
    },
    {
      Sid       = "Roles"
      Effect    = "Allow"
      Action    = ["iam:PassRole"]
      Resource  = [for role in ["execution", "migrate-execution", "task"] : "arn:aws:iam::${var.aws_account_id}:role/${local.cluster}-${role}"]
      Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
    },
    {
      Sid      = "Image"
      Effect   = "Allow"
      Action   = ["ecr:DescribeImages", "ecr:DescribeImageScanFindings"]
      Resource = [format(local.arn, "ecr", "repository/${var.repository_name}")]
    },
    {
      Sid      = "Logs"
      Effect   = "Allow"
      Action   = ["logs:GetLogEvents"]
      Resource = [format(local.arn, "logs", "log-group:/omc/${var.environment}/app:log-stream:*")]
    },
  ]
}

resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

resource "aws_iam_role" "github" {
  for_each             = local.roles
  name                 = "${local.cluster}-github-${each.key}"
  max_session_duration = 3600
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "token.actions.githubusercontent.com:aud" = "sts.amazonaws.com"
          "token.actions.githubusercontent.com:sub" = "repo:${var.github_repository}:environment:${each.value.environment}"
        }
      }
    }]
  })
}

resource "aws_iam_role_policy" "github" {
  for_each = local.roles
  name     = each.key
  role     = aws_iam_role.github[each.key].id
  policy   = jsonencode({ Version = "2012-10-17", Statement = each.value.policy })
}
