mock_provider "aws" {}

variables {
  name                    = "omc-test"
  aws_region              = "ap-southeast-2"
  image_repository        = "123456789012.dkr.ecr.ap-southeast-2.amazonaws.com/omc"
  image_tag               = "abc"
  environment             = { OMC_ENVIRONMENT = "production" }
  secrets                 = { OPENAI_API_KEY = "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:x" }
  execution_role_arn      = "arn:aws:iam::123456789012:role/execution"
  migrate_secrets         = { OMC_ADMIN_PASSWORD = "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:y" }
  task_role_arn           = "arn:aws:iam::123456789012:role/task"
  log_group_name          = "/omc/test/app"
  metrics_namespace       = "OMC/test"
  subnet_ids              = ["subnet-1"]
  security_group_id       = "sg-1"
  target_group_arn        = "arn:aws:elasticloadbalancing:ap-southeast-2:123456789012:targetgroup/omc/0123456789abcdef"
  alb_arn_suffix          = "app/omc/1"
  target_group_arn_suffix = "targetgroup/omc/1"
  deployment_alarm_names  = { backend = ["a"], worker = ["b"], orders = ["c"], beat = ["d"] }
  desired                 = { backend = 1, worker = 1, orders = 1 }
  max                     = { backend = 2, worker = 2 }

  migrate_execution_role_arn = "arn:aws:iam::123456789012:role/migrate-execution"
}

run "services" {
  command = plan

  assert {
    condition     = alltrue([for service in aws_ecs_service.this : one(service.deployment_circuit_breaker).enable && one(service.deployment_circuit_breaker).rollback && one(service.alarms).enable && one(service.alarms).rollback])
    error_message = "Circuit breaker and alarms roll every service back."
  }
  assert {
    condition     = aws_ecs_service.this["beat"].deployment_minimum_healthy_percent == 0 && aws_ecs_service.this["beat"].deployment_maximum_percent == 100 && aws_ecs_service.this["beat"].desired_count == 1 && aws_ecs_service.this["beat"].availability_zone_rebalancing == "DISABLED"
    error_message = "Never two beats."
  }
  assert {
    condition     = aws_ecs_service.this["orders"].deployment_minimum_healthy_percent == 100 && aws_ecs_service.this["orders"].desired_count == 1
    error_message = "There is always somebody who sends orders."
  }
  assert {
    condition     = output.service_names == { backend = "omc-backend", worker = "omc-worker", orders = "omc-orders", beat = "omc-beat" }
    error_message = "The names that the deploy tool knows."
  }
  assert {
    condition     = output.task_families == { backend = "omc-test-backend", worker = "omc-test-worker", orders = "omc-test-orders", beat = "omc-test-beat", migrate = "omc-test-migrate" }
    error_message = "The families that the deploy tool knows."
  }
}

run "tasks" {
  command = plan

  assert {
    condition = alltrue([
      for task in aws_ecs_task_definition.this :
      jsondecode(task.container_definitions)[0].readonlyRootFilesystem && jsondecode(task.container_definitions)[0].user == "10001:10001" && jsondecode(task.container_definitions)[0].linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "Read-only root, an unprivileged user, no capabilities."
  }
  assert {
    condition = jsonencode({ for name, task in aws_ecs_task_definition.this : name => { for secret in jsondecode(task.container_definitions)[0].secrets : secret.name => secret.valueFrom } }) == jsonencode({
      backend = var.secrets, worker = var.secrets, orders = var.secrets, beat = var.secrets, migrate = merge(var.secrets, var.migrate_secrets)
    })
    error_message = "Every task has the secrets injected, and the superuser's password is the migrate task's alone."
  }
  assert {
    condition = { for name, task in aws_ecs_task_definition.this : name => task.execution_role_arn } == {
      backend = var.execution_role_arn, worker = var.execution_role_arn, orders = var.execution_role_arn, beat = var.execution_role_arn, migrate = var.migrate_execution_role_arn
    }
    error_message = "The migrate task is started by a role of its own."
  }
  assert {
    condition     = length(distinct([for task in aws_ecs_task_definition.this : jsondecode(task.container_definitions)[0].logConfiguration.options["awslogs-stream-prefix"]])) == 5
    error_message = "Every process has streams of its own."
  }
  assert {
    condition = { for name, task in aws_ecs_task_definition.this : name => try(jsondecode(task.container_definitions)[0].command[index(jsondecode(task.container_definitions)[0].command, "--queues") + 1], "") } == {
      backend = "", worker = "celery", orders = "orders", beat = "", migrate = ""
    }
    error_message = "Each queue is served by one service, and orders wait for nothing else."
  }
}

run "scaling" {
  command = plan

  assert {
    condition     = one(one(aws_appautoscaling_policy.backend.target_tracking_scaling_policy_configuration).predefined_metric_specification).predefined_metric_type == "ALBRequestCountPerTarget"
    error_message = "The backend is scaled by requests."
  }
  assert {
    condition     = contains([for metric in one(one(aws_appautoscaling_policy.worker.target_tracking_scaling_policy_configuration).customized_metric_specification).metrics : try(metric.metric_stat[0].metric[0].metric_name, "")], "omc_queue_depth")
    error_message = "The workers are scaled by what waits."
  }
  assert {
    condition     = keys(aws_appautoscaling_target.this) == ["backend", "worker"]
    error_message = "Beat and orders are not scaled."
  }
}

run "a_secret_in_the_open_is_refused" {
  command = plan
  variables { environment = { SECRET_KEY = "x" } }
  expect_failures = [var.environment]
}

run "a_value_for_an_arn_is_refused" {
  command = plan
  variables { secrets = { OPENAI_API_KEY = "sk-x" } }
  expect_failures = [var.secrets]
}

run "the_superusers_password_for_every_task_is_refused" {
  command = plan
  variables { secrets = { OMC_ADMIN_PASSWORD = "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:y" } }
  expect_failures = [var.secrets]
}

run "a_password_for_its_arn_is_refused" {
  command = plan
  variables { migrate_secrets = { OMC_ADMIN_PASSWORD = "hunter2" } }
  expect_failures = [var.migrate_secrets]
}

run "a_password_in_the_open_is_refused" {
  command = plan
  variables { environment = { OMC_ADMIN_PASSWORD = "hunter2" } }
  expect_failures = [var.environment]
}

run "a_size_that_fargate_has_not_is_refused" {
  command = plan
  variables {
    sizes = {
      backend = { cpu = 512, memory = 512 }
      worker  = { cpu = 1024, memory = 2048 }
      orders  = { cpu = 512, memory = 1024 }
      beat    = { cpu = 256, memory = 512 }
      migrate = { cpu = 512, memory = 1024 }
    }
  }
  expect_failures = [var.sizes]
}

run "a_service_without_an_alarm_is_refused" {
  command = plan
  variables { deployment_alarm_names = { backend = ["a"], worker = ["b"], orders = ["c"], beat = [] } }
  expect_failures = [var.deployment_alarm_names]
}

run "a_house_that_sends_no_orders_is_refused" {
  command = plan
  variables { desired = { backend = 1, worker = 1, orders = 0 } }
  expect_failures = [var.desired]
}
