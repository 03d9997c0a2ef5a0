variable "aws_account_id" {
  description = "The account; any other is refused."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account_id))
    error_message = "aws_account_id has twelve digits."
  }
}

variable "aws_region" {
  description = "Region of the state bucket and of what is deployed."
  type        = string
  default     = "ap-southeast-2"
}

variable "environment" {
  description = "The environment this account is for."
  type        = string

  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment is staging or production."
  }
}

variable "github_repository" {
  description = "Who may build and deploy: OWNER/NAME."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$", var.github_repository))
    error_message = "github_repository is OWNER/NAME, without a wildcard."
  }
}

variable "repository_name" {
  description = "Name of the image repository."
  type        = string
  default     = "omc"
}
