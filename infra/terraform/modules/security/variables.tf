variable "name" {
  description = "Prefix of every name, such as omc-staging."
  type        = string
}

variable "vpc_id" {
  description = "The network the groups belong to."
  type        = string
}

variable "account_id" {
  description = "Account whose services may use the key."
  type        = string
}

variable "aws_region" {
  description = "Region of the log service that may use the key."
  type        = string
}

variable "app_port" {
  description = "Port of the web process."
  type        = number
  default     = 8000
}

variable "allowed_cidrs" {
  description = "Who may reach the load balancer. Narrow it for an installation of your own."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.allowed_cidrs) > 0 && alltrue([for cidr in var.allowed_cidrs : can(cidrhost(cidr, 0))])
    error_message = "allowed_cidrs is a list of networks such as 203.0.113.0/24."
  }
}

variable "kms_deletion_window_in_days" {
  description = "How long a deleted key can be brought back."
  type        = number
  default     = 30
}
