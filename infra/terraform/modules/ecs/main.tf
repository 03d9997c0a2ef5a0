locals {
  app = ["celery", "--app", "omc_project"]

  # What runs; a process with a count is a service. A test compares the commands with compose.yaml.
  # Beat is stopped before its successor starts (0 and 100 %), so there are never two.
  processes = {
    backend = {
      command = ["gunicorn", "omc_project.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
      health  = null
      count   = var.desired.backend
      minimum = 100
      maximum = 200
      stop    = 30
      port    = 8000
    }
    worker = {
      command = concat(local.app, ["worker", "--queues", "celery", "--concurrency", "2", "--loglevel", "INFO", "--without-gossip", "--without-mingle"])
      health  = "celery --app omc_project inspect ping --destination celery@$(hostname) --timeout 5"
      count   = var.desired.worker
      minimum = 50
      maximum = 200
      stop    = 120
      port    = null
    }
    # Sends orders and nothing else. A new one runs before the old one stops: there is always a sender.
    orders = {
      command = concat(local.app, ["worker", "--queues", "orders", "--hostname", "orders@%h", "--pool", "threads", "--concurrency", "4", "--loglevel", "INFO", "--without-gossip", "--without-mingle"])
      health  = "celery --app omc_project inspect ping --destination orders@$(hostname) --timeout 5"
      count   = var.desired.orders
      minimum = 100
      maximum = 200
      stop    = 120
      port    = null
    }
    beat = {
      command = concat(local.app, ["beat", "--scheduler", "celery.beat:Scheduler", "--loglevel", "INFO"])
      health  = null
      count   = 1
      minimum = 0
      maximum = 100
      stop    = 30
      port    = null
    }
    migrate = {
      command = ["python", "manage.py", "prestart"]
      health  = null
      count   = null
      minimum = null
      maximum = null
      stop    = 120
      port    = null
    }
  }
  services = { for name, process in local.processes : name => process if process.count != null }
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enhanced"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE"]

  default_capacity_provider_strategy {
    capacity_provider = "FARGATE"
    weight            = 1
  }
}

resource "aws_ecs_task_definition" "this" {
  for_each                 = local.processes
  family                   = "${var.name}-${each.key}"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.sizes[each.key].cpu
  memory                   = var.sizes[each.key].memory
  execution_role_arn       = each.key == "migrate" ? var.migrate_execution_role_arn : var.execution_role_arn
  task_role_arn            = var.task_role_arn
  skip_destroy             = true # older revisions stay, to go back to

  runtime_platform {
    cpu_architecture        = "X86_64"
    operating_system_family = "LINUX"
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(
    {
      name                   = each.key
      image                  = "${var.image_repository}:${var.image_tag}"
      command                = each.value.command
      cpu                    = var.sizes[each.key].cpu
      memory                 = var.sizes[each.key].memory
      essential              = true
      readonlyRootFilesystem = true
      user                   = "10001:10001"
      linuxParameters        = { initProcessEnabled = true, capabilities = { drop = ["ALL"] } }
      portMappings           = each.value.port == null ? [] : [{ containerPort = each.value.port, hostPort = each.value.port, protocol = "tcp" }]
      mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
      environment            = [for name, value in merge(var.environment, { OMC_HOME = "/tmp/omc" }) : { name = name, value = value }]
      secrets                = [for name, arn in merge(var.secrets, each.key == "migrate" ? var.migrate_secrets : {}) : { name = name, valueFrom = arn }]
      stopTimeout            = each.value.stop
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          "awslogs-group"         = var.log_group_name
          "awslogs-region"        = var.aws_region
          "awslogs-stream-prefix" = each.key
        }
      }
    },
    each.value.health == null ? {} : {
      healthCheck = { command = ["CMD-SHELL", each.value.health], interval = 60, timeout = 20, retries = 3, startPeriod = 60 }
    },
  )])
}

resource "aws_ecs_service" "this" {
  for_each                           = local.services
  name                               = "${var.service_prefix}-${each.key}"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this[each.key].arn
  desired_count                      = each.value.count
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  enable_ecs_managed_tags            = true
  propagate_tags                     = "SERVICE"
  enable_execute_command             = false
  availability_zone_rebalancing      = contains(["backend", "orders"], each.key) ? "ENABLED" : "DISABLED"
  deployment_minimum_healthy_percent = each.value.minimum
  deployment_maximum_percent         = each.value.maximum
  health_check_grace_period_seconds  = each.value.port == null ? null : 60

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  dynamic "load_balancer" {
    for_each = each.value.port == null ? [] : [each.value.port]
    content {
      target_group_arn = var.target_group_arn
      container_name   = each.key
      container_port   = load_balancer.value
    }
  }

  # An alarm that goes off while a revision rolls out rolls it back, also one whose tasks live.
  alarms {
    alarm_names = var.deployment_alarm_names[each.key]
    enable      = true
    rollback    = true
  }

  lifecycle {
    ignore_changes = [task_definition, desired_count] # the deploy tool and autoscaling own them
  }
}

resource "aws_appautoscaling_target" "this" {
  for_each           = var.max
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this[each.key].name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = local.services[each.key].count
  max_capacity       = each.value
}

resource "aws_appautoscaling_policy" "backend" {
  name               = "${var.name}-backend-requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this["backend"].service_namespace
  resource_id        = aws_appautoscaling_target.this["backend"].resource_id
  scalable_dimension = aws_appautoscaling_target.this["backend"].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.requests_per_task
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    predefined_metric_specification {
      predefined_metric_type = "ALBRequestCountPerTarget"
      resource_label         = "${var.alb_arn_suffix}/${var.target_group_arn_suffix}"
    }
  }
}

resource "aws_appautoscaling_policy" "worker" {
  name               = "${var.name}-worker-queue"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this["worker"].service_namespace
  resource_id        = aws_appautoscaling_target.this["worker"].resource_id
  scalable_dimension = aws_appautoscaling_target.this["worker"].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.queue_per_task
    scale_in_cooldown  = 300
    scale_out_cooldown = 60

    customized_metric_specification {
      metrics {
        id          = "queue_per_task"
        label       = "Slots that wait, a worker task"
        expression  = "depth / IF(tasks > 0, tasks, 1)"
        return_data = true
      }

      metrics {
        id          = "depth"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = var.metrics_namespace
            metric_name = "omc_queue_depth"
          }
        }
      }

      metrics {
        id          = "tasks"
        return_data = false

        metric_stat {
          stat = "Average"

          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"

            dimensions {
              name  = "ClusterName"
              value = var.name
            }

            dimensions {
              name  = "ServiceName"
              value = "${var.service_prefix}-worker"
            }
          }
        }
      }
    }
  }
}
