variable "name" {
  description = "Prefix of the roles, such as omc-staging."
  type        = string
}

variable "aws_region" {
  description = "Region of cluster, bucket and topic."
  type        = string
}

variable "account_id" {
  description = "Account whose cluster may take the roles."
  type        = string
}

variable "secret_read_policy_arns" {
  description = "Policies that read one secret each, by a name of ours. The superuser's password is not among them."
  type        = map(string)

  validation {
    condition     = !contains(keys(var.secret_read_policy_arns), "admin")
    error_message = "The policy of the superuser's password goes into admin_read_policy_arn."
  }
}

variable "admin_read_policy_arn" {
  description = "Policy that reads the first password of the superuser; the migrate task's execution role alone gets it."
  type        = string
}

variable "ecr_repository_arn" {
  description = "Repository that is pulled from."
  type        = string
}

variable "log_group_arn" {
  description = "Log group of the tasks."
  type        = string
}

variable "artifact_bucket_arn" {
  description = "Bucket of raw payloads."
  type        = string
}

variable "topic_arn" {
  description = "Topic that the program's own alerts go to."
  type        = string
}

variable "metrics_namespace" {
  description = "The only CloudWatch namespace the program may write to."
  type        = string
}

variable "kms_key_arn" {
  description = "Key of bucket and topic."
  type        = string
}
