# Everything that tells the environments apart stands in this block.
locals {
  environment        = "staging"
  single_nat_gateway = true
  multi_az           = false
  is_protected       = false
  backup_days        = 7
  db_class           = "db.t4g.medium"
  db_storage         = 50
  redis_type         = "cache.t4g.small"
  desired            = { backend = 1, worker = 1, orders = 1 }
  max                = { backend = 2, worker = 2 }
  sizes = {
    backend = { cpu = 512, memory = 1024 }
    worker  = { cpu = 1024, memory = 2048 }
    orders  = { cpu = 512, memory = 1024 }
    beat    = { cpu = 256, memory = 512 }
    migrate = { cpu = 512, memory = 1024 }
  }
}

locals {
  name       = "omc-${local.environment}"
  namespace  = "OMC/${local.environment}"
  account_id = data.aws_caller_identity.this.account_id
  services   = { backend = "omc-backend", worker = "omc-worker", orders = "omc-orders", beat = "omc-beat" }
}

data "aws_caller_identity" "this" {}

module "vpc" {
  source             = "../../modules/vpc"
  name               = local.name
  aws_region         = var.aws_region
  availability_zones = var.availability_zones
  single_nat_gateway = local.single_nat_gateway
  kms_key_arn        = module.security.kms_key_arn
}

module "security" {
  source        = "../../modules/security"
  name          = local.name
  vpc_id        = module.vpc.vpc_id
  account_id    = local.account_id
  aws_region    = var.aws_region
  allowed_cidrs = var.allowed_cidrs
}

module "ecr" {
  source      = "../../modules/ecr"
  name        = var.repository_name
  kms_key_arn = module.security.kms_key_arn
}

module "storage" {
  source      = "../../modules/storage"
  name        = local.name
  account_id  = local.account_id
  kms_key_arn = module.security.kms_key_arn
}

# Values that are made here: they live while Terraform runs, and reach neither plan nor state.
ephemeral "aws_secretsmanager_random_password" "db" {
  password_length     = 40
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "django" {
  password_length     = 64
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "credential" {
  password_length     = 32 # bytes, for AES-256
  exclude_punctuation = true
}

ephemeral "aws_secretsmanager_random_password" "admin" {
  password_length     = 32
  exclude_punctuation = true
}

module "rds" {
  source                  = "../../modules/rds"
  name                    = local.name
  subnet_ids              = module.vpc.data_subnet_ids
  security_group_id       = module.security.db_sg
  kms_key_arn             = module.security.kms_key_arn
  instance_class          = local.db_class
  allocated_storage       = local.db_storage
  multi_az                = local.multi_az
  deletion_protection     = local.is_protected
  backup_retention_period = local.backup_days
  password                = ephemeral.aws_secretsmanager_random_password.db.random_password
  password_version        = var.credentials_version
}

module "redis" {
  source             = "../../modules/redis"
  name               = local.name
  subnet_ids         = module.vpc.data_subnet_ids
  security_group_id  = module.security.redis_sg
  kms_key_arn        = module.security.kms_key_arn
  node_type          = local.redis_type
  num_cache_clusters = 2
  token_version      = var.redis_token_version
}

# The keys of Django and of stored credentials are written once: a rotation keeps the old one as a
# fallback, which only a person can do (runbook). At first each key is its own fallback.
module "secrets" {
  source = "../../modules/secrets"
  for_each = {
    openai     = { name = "openai/api_key", version = var.openai_api_key_version, about = "Key of the language model" }
    db         = { name = "database/credentials", version = var.credentials_version, about = "Owner of the database, and its URL" }
    redis      = { name = "redis/connection_string", version = var.redis_token_version, about = "URL of Redis with its token" }
    django     = { name = "django/secret_key", version = 1, about = "What signs sessions, and older ones" }
    credential = { name = "app/credential_key", version = 1, about = "What encrypts keys of venues, and older ones" }
    admin      = { name = "app/admin_password", version = var.admin_password_version, about = "First password of the first superuser" }
  }
  environment = local.environment
  aws_region  = var.aws_region
  kms_key_arn = module.security.kms_key_arn
  secret_name = "${var.secret_prefix}/${each.value.name}"
  description = each.value.about
  secret_value = {
    openai = var.openai_api_key
    db = jsonencode({
      engine   = "postgres"
      host     = module.rds.address
      port     = module.rds.port
      dbname   = module.rds.db_name
      username = module.rds.username
      password = ephemeral.aws_secretsmanager_random_password.db.random_password
      url      = "postgres://${module.rds.username}:${ephemeral.aws_secretsmanager_random_password.db.random_password}@${module.rds.address}:${module.rds.port}/${module.rds.db_name}?sslmode=require"
    })
    redis = module.redis.connection_string
    django = jsonencode({
      key       = ephemeral.aws_secretsmanager_random_password.django.random_password
      fallbacks = ephemeral.aws_secretsmanager_random_password.django.random_password
    })
    credential = jsonencode({
      key       = base64encode(ephemeral.aws_secretsmanager_random_password.credential.random_password)
      fallbacks = base64encode(ephemeral.aws_secretsmanager_random_password.credential.random_password)
    })
    admin = ephemeral.aws_secretsmanager_random_password.admin.random_password
  }[each.key]
  secret_value_version = each.value.version
}

resource "aws_cloudwatch_log_group" "app" {
  name              = "/omc/${local.environment}/app"
  retention_in_days = 365
  kms_key_id        = module.security.kms_key_arn
}

module "alb" {
  source              = "../../modules/alb"
  name                = local.name
  vpc_id              = module.vpc.vpc_id
  subnet_ids          = module.vpc.public_subnet_ids
  security_group_id   = module.security.alb_sg
  certificate_arn     = var.certificate_arn
  log_bucket_name     = module.storage.log_bucket_name
  deletion_protection = local.is_protected
}

module "monitoring" {
  source                  = "../../modules/monitoring"
  name                    = local.name
  aws_region              = var.aws_region
  account_id              = local.account_id
  kms_key_arn             = module.security.kms_key_arn
  alert_email             = var.alert_email
  cluster_name            = local.name
  services                = local.services
  alb_arn_suffix          = module.alb.arn_suffix
  target_group_arn_suffix = module.alb.target_group_arn_suffix
  db_identifier           = module.rds.identifier
  db_log_group_name       = module.rds.log_group_name
  redis_member_ids        = module.redis.member_ids
  log_group_name          = aws_cloudwatch_log_group.app.name
  metrics_namespace       = local.namespace
  feed_max_age_seconds    = var.feed_max_age_seconds
}

module "iam" {
  source                  = "../../modules/iam"
  name                    = local.name
  aws_region              = var.aws_region
  account_id              = local.account_id
  secret_read_policy_arns = { for name, secret in module.secrets : name => secret.iam_policy_arn if name != "admin" }
  admin_read_policy_arn   = module.secrets["admin"].iam_policy_arn
  ecr_repository_arn      = module.ecr.repository_arn
  log_group_arn           = aws_cloudwatch_log_group.app.arn
  artifact_bucket_arn     = module.storage.bucket_arn
  topic_arn               = module.monitoring.topic_arn
  metrics_namespace       = local.namespace
  kms_key_arn             = module.security.kms_key_arn
}

module "ecs" {
  source                     = "../../modules/ecs"
  name                       = local.name
  aws_region                 = var.aws_region
  image_repository           = module.ecr.repository_url
  image_tag                  = var.image_tag
  execution_role_arn         = module.iam.execution_role_arn
  migrate_execution_role_arn = module.iam.migrate_execution_role_arn
  task_role_arn              = module.iam.task_role_arn
  log_group_name             = aws_cloudwatch_log_group.app.name
  metrics_namespace          = local.namespace
  subnet_ids                 = module.vpc.app_subnet_ids
  security_group_id          = module.security.app_sg
  target_group_arn           = module.alb.target_group_arn
  alb_arn_suffix             = module.alb.arn_suffix
  target_group_arn_suffix    = module.alb.target_group_arn_suffix
  deployment_alarm_names     = module.monitoring.deployment_alarm_names
  sizes                      = local.sizes
  desired                    = local.desired
  max                        = local.max

  # What each one means: docs/settings.md. Both environments run as the product's production does.
  environment = merge(
    {
      OMC_ENVIRONMENT          = "production"
      ALLOWED_HOSTS            = var.domain_name
      CSRF_TRUSTED_ORIGINS     = "https://${var.domain_name}"
      OMC_PROXIES              = "1"
      OMC_LOG_FORMAT           = "json"
      GUNICORN_CMD_ARGS        = "--logger-class omc_project.gunicorn_lines.GunicornLines"
      OMC_SEC_USER_AGENT       = var.sec_user_agent
      OMC_PAYLOAD_BUCKET       = module.storage.bucket_name
      OMC_DATABASE_DISK        = tostring(module.rds.allocated_storage)
      OMC_ALERT_CHANNELS       = "log,sns"
      OMC_ALERT_SNS_TOPIC      = module.monitoring.topic_arn
      OMC_CLOUDWATCH_NAMESPACE = local.namespace
      AWS_DEFAULT_REGION       = var.aws_region
    },
    var.settings,
  )
  secrets = {
    OPENAI_API_KEY               = module.secrets["openai"].secret_arn
    DATABASE_URL                 = "${module.secrets["db"].secret_arn}:url::"
    REDIS_URL                    = module.secrets["redis"].secret_arn
    SECRET_KEY                   = "${module.secrets["django"].secret_arn}:key::"
    SECRET_KEY_FALLBACKS         = "${module.secrets["django"].secret_arn}:fallbacks::"
    OMC_CREDENTIAL_KEY           = "${module.secrets["credential"].secret_arn}:key::"
    OMC_CREDENTIAL_KEY_FALLBACKS = "${module.secrets["credential"].secret_arn}:fallbacks::"
  }
  migrate_secrets = {
    OMC_ADMIN_PASSWORD = module.secrets["admin"].secret_arn
  }
  depends_on = [module.alb, module.iam, module.monitoring]
}
