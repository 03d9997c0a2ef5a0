variable "name" {
  description = "Prefix of the buckets, such as omc-staging."
  type        = string
}

variable "account_id" {
  description = "Account, which makes the names unique in the world."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id has twelve digits."
  }
}

variable "kms_key_arn" {
  description = "Key of the artefacts."
  type        = string
}

variable "log_retention_in_days" {
  description = "How long access logs are kept."
  type        = number
  default     = 365
}
