variable "aws_account_id" {
  description = "The account of this environment; any other is refused before anything is read or changed."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.aws_account_id))
    error_message = "aws_account_id has twelve digits."
  }
}

variable "aws_region" {
  description = "Region of everything."
  type        = string
  default     = "ap-southeast-2"
}

variable "availability_zones" {
  description = "Two to four zones of the region, by name, so that a new one changes nothing."
  type        = list(string)
  default     = ["ap-southeast-2a", "ap-southeast-2b", "ap-southeast-2c"]

  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.aws_region)])
    error_message = "availability_zones names zones of aws_region."
  }
}

variable "domain_name" {
  description = "Name the installation is reached by, such as coins.example.com."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.domain_name))
    error_message = "domain_name is a host name without scheme, such as coins.example.com."
  }
}

variable "certificate_arn" {
  description = "ACM certificate of the domain, issued, in the same region."
  type        = string
}

variable "openai_api_key" {
  description = "Key of the language model. Ephemeral: give it at plan and at apply (TF_VAR_openai_api_key)."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = length(var.openai_api_key) > 0
    error_message = "openai_api_key is empty. Set TF_VAR_openai_api_key."
  }
}

variable "openai_api_key_version" {
  description = "Raise it to write another key."
  type        = number
  default     = 1
}

variable "credentials_version" {
  description = "Raise it to give the database a new password, or to repair a first apply that stopped half-way."
  type        = number
  default     = 1
}

variable "redis_token_version" {
  description = "Raise it to give Redis a new token."
  type        = number
  default     = 1
}

variable "admin_password_version" {
  description = "Raise it to write another password into omc/app/admin_password, for a superuser that is yet to be made."
  type        = number
  default     = 1
}

variable "alert_email" {
  description = "Who is told when an alarm goes off; the address confirms once."
  type        = string
}

variable "sec_user_agent" {
  description = "Name and mail address, which the SEC demands of who asks it."
  type        = string
}

variable "image_tag" {
  description = "Tag of the first image. Later ones are put in by scripts/deploy.sh."
  type        = string
  default     = "bootstrap"
}

variable "allowed_cidrs" {
  description = "Who may reach the load balancer."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "repository_name" {
  description = "Name of the image repository."
  type        = string
  default     = "omc"
}

variable "secret_prefix" {
  description = "First part of the secrets' names. Another one is needed only where two environments share an account."
  type        = string
  default     = "omc"
}

variable "feed_max_age_seconds" {
  description = "Feeds that somebody is woken for: name to ledger and greatest age."
  type        = map(object({ ledger = string, seconds = number }))
  default     = { coinspot = { ledger = "glass", seconds = 900 } }
}

variable "settings" {
  description = "More plain settings of the product (docs/settings.md), such as { OMC_LOG_LEVEL = \"DEBUG\" }."
  type        = map(string)
  default     = {}
}
