variable "name" {
  description = "Prefix of alarms and topic, and name of the dashboard, such as omc-staging."
  type        = string
}

variable "aws_region" {
  description = "Region of the widgets."
  type        = string
}

variable "account_id" {
  description = "Account whose alarms may use the topic."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of the topic; CloudWatch and EventBridge must be allowed to use it."
  type        = string
}

variable "alert_email" {
  description = "Who is told. The address must confirm the subscription once."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", var.alert_email))
    error_message = "alert_email is a mail address."
  }
}

variable "cluster_name" {
  description = "The cluster."
  type        = string
}

variable "services" {
  description = "Services by process."
  type        = map(string)

  validation {
    condition     = alltrue([for process in ["beat", "orders"] : contains(keys(var.services), process)])
    error_message = "services names beat and orders, whose tasks are watched."
  }
}

variable "alb_arn_suffix" {
  description = "The load balancer, as its metrics name it."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "The target group, as its metrics name it."
  type        = string
}

variable "db_identifier" {
  description = "The database server."
  type        = string
}

variable "db_log_group_name" {
  description = "Where the database logs statements of a second and longer."
  type        = string
}

variable "redis_member_ids" {
  description = "The nodes of Redis."
  type        = list(string)
}

variable "log_group_name" {
  description = "Log group of the tasks."
  type        = string
}

variable "metrics_namespace" {
  description = "Namespace the program publishes to (OMC_CLOUDWATCH_NAMESPACE)."
  type        = string
}

variable "feed_max_age_seconds" {
  description = "Feeds that somebody is woken for: name to ledger and greatest age."
  type        = map(object({ ledger = string, seconds = number }))
  default     = { coinspot = { ledger = "glass", seconds = 900 } }

  validation {
    condition     = alltrue([for feed in values(var.feed_max_age_seconds) : contains(["glass", "human", "catalyst", "exchange"], feed.ledger) && feed.seconds >= 60])
    error_message = "Each feed has a ledger (glass, human, catalyst or exchange) and 60 seconds or more."
  }
}

variable "queue_max_age_seconds" {
  description = "How long a job may wait for a worker."
  type        = number
  default     = 300
}
