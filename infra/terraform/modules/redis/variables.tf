variable "name" {
  description = "Name of the replication group, such as omc-staging."
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
  description = "Key of data and logs."
  type        = string
}

variable "node_type" {
  description = "Size of a node, such as cache.t4g.small."
  type        = string
}

variable "num_cache_clusters" {
  description = "One primary and its replicas; two or more, so that one may fail."
  type        = number

  validation {
    condition     = var.num_cache_clusters >= 2 && var.num_cache_clusters <= 6
    error_message = "num_cache_clusters is 2 to 6."
  }
}

variable "token_version" {
  description = "Raise it to make a new token."
  type        = number
  default     = 1
}
