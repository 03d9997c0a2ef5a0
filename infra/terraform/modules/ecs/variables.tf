variable "name" {
  description = "Name of the cluster and prefix of the task families, such as omc-staging."
  type        = string
}

variable "service_prefix" {
  description = "Prefix of the services: omc-backend, omc-worker, omc-orders, omc-beat."
  type        = string
  default     = "omc"
}

variable "aws_region" {
  description = "Region of the log group."
  type        = string
}

variable "image_repository" {
  description = "Where the image is pulled from."
  type        = string
}

variable "image_tag" {
  description = "Tag of the first image; every later one is put in by the deploy tool, by digest."
  type        = string
}

variable "environment" {
  description = "Plain variables of every process. No secret belongs here."
  type        = map(string)

  validation {
    condition     = length(setintersection(keys(var.environment), ["SECRET_KEY", "OMC_CREDENTIAL_KEY", "OPENAI_API_KEY", "DATABASE_URL", "REDIS_URL", "OMC_ADMIN_PASSWORD"])) == 0
    error_message = "Secrets go into `secrets`, by the ARN they lie under, never into `environment`."
  }
}

variable "secrets" {
  description = "Variables that are injected from Secrets Manager: name to ARN, or ARN:key:: of a JSON secret."
  type        = map(string)

  validation {
    condition     = alltrue([for arn in values(var.secrets) : startswith(arn, "arn:")])
    error_message = "secrets holds ARNs, never values."
  }

  validation {
    condition     = !contains(keys(var.secrets), "OMC_ADMIN_PASSWORD")
    error_message = "OMC_ADMIN_PASSWORD goes into `migrate_secrets`: no other task needs it."
  }
}

variable "migrate_secrets" {
  description = "Variables that are injected into the migrate task alone: name to ARN."
  type        = map(string)

  validation {
    condition     = alltrue([for arn in values(var.migrate_secrets) : startswith(arn, "arn:")])
    error_message = "migrate_secrets holds ARNs, never values."
  }
}

variable "execution_role_arn" {
  description = "Role that starts a task."
  type        = string
}

variable "migrate_execution_role_arn" {
  description = "Role that starts the migrate task, which reads `migrate_secrets` besides."
  type        = string
}

variable "task_role_arn" {
  description = "Role that the program has."
  type        = string
}

variable "log_group_name" {
  description = "Log group; each process has streams of its own in it."
  type        = string
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the program's metrics, which the workers are scaled by."
  type        = string
}

variable "subnet_ids" {
  description = "App subnets."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the tasks."
  type        = string
}

variable "target_group_arn" {
  description = "Where the backend registers."
  type        = string
}

variable "alb_arn_suffix" {
  description = "The load balancer, as its metrics name it."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "The target group, as its metrics name it."
  type        = string
}

variable "deployment_alarm_names" {
  description = "Alarms that roll a deployment back, by service."
  type        = object({ backend = list(string), worker = list(string), orders = list(string), beat = list(string) })

  validation {
    condition     = alltrue([for names in values(var.deployment_alarm_names) : length(names) > 0])
    error_message = "Every service has an alarm that rolls its deployment back."
  }
}

variable "sizes" {
  description = "CPU units and MB of memory of each process; Fargate knows certain pairs only."
  type        = object({ backend = object({ cpu = number, memory = number }), worker = object({ cpu = number, memory = number }), orders = object({ cpu = number, memory = number }), beat = object({ cpu = number, memory = number }), migrate = object({ cpu = number, memory = number }) })
  default = {
    backend = { cpu = 512, memory = 1024 }
    worker  = { cpu = 1024, memory = 2048 }
    orders  = { cpu = 512, memory = 1024 }
    beat    = { cpu = 256, memory = 512 }
    migrate = { cpu = 512, memory = 1024 }
  }

  validation {
    condition     = alltrue([for size in values(var.sizes) : contains([256, 512, 1024, 2048, 4096], size.cpu) && size.memory >= 2 * size.cpu && size.memory <= 8 * size.cpu])
    error_message = "Fargate takes 256, 512, 1024, 2048 or 4096 units with 2 to 8 MB a unit."
  }
}

variable "desired" {
  description = "Tasks at the start, and the least there are; of orders it stays at that."
  type        = object({ backend = number, worker = number, orders = number })

  validation {
    condition     = alltrue([for count in values(var.desired) : count >= 1])
    error_message = "Every service has one task or more: without orders none is sent."
  }
}

variable "max" {
  description = "The most tasks autoscaling starts."
  type        = object({ backend = number, worker = number })
}

variable "requests_per_task" {
  description = "Requests a minute and backend task that autoscaling aims at."
  type        = number
  default     = 600
}

variable "queue_per_task" {
  description = "Waiting slots a worker task that autoscaling aims at."
  type        = number
  default     = 20
}
