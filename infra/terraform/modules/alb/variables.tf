variable "name" {
  description = "Name of the load balancer, such as omc-staging: 24 characters at most."
  type        = string

  validation {
    condition     = length(var.name) <= 24
    error_message = "name has 24 characters at most, for the target group's name is longer and has a limit of 32."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string
}

variable "subnet_ids" {
  description = "Public subnets."
  type        = list(string)
}

variable "security_group_id" {
  description = "Group of the load balancer."
  type        = string
}

variable "certificate_arn" {
  description = "Certificate of the domain, from ACM in the same region."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:acm:", var.certificate_arn))
    error_message = "certificate_arn is the ARN of an ACM certificate."
  }
}

variable "log_bucket_name" {
  description = "Bucket of the access log."
  type        = string
}

variable "deletion_protection" {
  description = "Whether a destroy is refused."
  type        = bool
}

variable "app_port" {
  description = "Port of the web process."
  type        = number
  default     = 8000
}

variable "health_check_path" {
  description = "What is asked of a task: alive, not ready, or the loss of the database would end every task."
  type        = string
  default     = "/healthz"
}
