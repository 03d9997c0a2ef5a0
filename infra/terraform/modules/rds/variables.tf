variable "name" {
  description = "Identifier of the database server, such as omc-staging."
  type        = string
}

variable "subnet_ids" {
  description = "Data subnets, of two zones or more."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group that lets the tasks in."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of storage, insights and logs."
  type        = string
}

variable "engine_version" {
  description = "PostgreSQL; 17 is the oldest that has transaction_timeout."
  type        = string
  default     = "18"

  validation {
    condition     = can(regex("^(1[7-9]|[2-9][0-9])(\\.[0-9]+)?$", var.engine_version))
    error_message = "engine_version is 17 or newer."
  }
}

variable "instance_class" {
  description = "Size of the server, such as db.t4g.medium."
  type        = string
}

variable "allocated_storage" {
  description = "GB of disk at the start; it grows by itself to five times that."
  type        = number
  default     = 50
}

variable "multi_az" {
  description = "Whether a second server stands by in another zone."
  type        = bool
}

variable "deletion_protection" {
  description = "Whether a destroy is refused."
  type        = bool
}

variable "backup_retention_period" {
  description = "Days that one can go back to, to the second: 7 to 35."
  type        = number

  validation {
    condition     = var.backup_retention_period >= 7 && var.backup_retention_period <= 35
    error_message = "backup_retention_period is 7 to 35 days."
  }
}

variable "log_retention_in_days" {
  description = "How long the server's log is kept."
  type        = number
  default     = 365
}

variable "password" {
  description = "Password of the owner. Ephemeral and write-only: neither in plan nor in state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "password_version" {
  description = "Raise it to set the password anew."
  type        = number
  default     = 1
}
