variable "secret_name" {
  description = "Name in Secrets Manager, such as omc/openai/api_key."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(/[a-z0-9_-]+)+$", var.secret_name))
    error_message = "secret_name is a path of lower-case words such as omc/openai/api_key."
  }
}

variable "secret_value" {
  description = "The value. Ephemeral: it reaches Secrets Manager, and neither plan nor state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "secret_value_version" {
  description = "Raise it to write the value anew; nothing else does."
  type        = number
  default     = 1
}

variable "environment" {
  description = "staging or production."
  type        = string

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment is staging or production."
  }
}

variable "recovery_window_in_days" {
  description = "How long a deleted secret can be brought back: 7 to 30 days."
  type        = number
  default     = 30

  validation {
    condition     = var.recovery_window_in_days >= 7 && var.recovery_window_in_days <= 30
    error_message = "recovery_window_in_days is 7 to 30."
  }
}

variable "description" {
  description = "What the secret is for."
  type        = string
  default     = "Made by Terraform."
}

variable "kms_key_arn" {
  description = "Customer-managed key that encrypts the secret."
  type        = string
}

variable "aws_region" {
  description = "Region of the secret, for the condition of the read policy."
  type        = string
}
