variable "name" {
  description = "Prefix of every name, such as omc-staging."
  type        = string
}

variable "aws_region" {
  description = "Region of the endpoints."
  type        = string
}

variable "cidr" {
  description = "Addresses of the network: a /16, cut into /20 subnets."
  type        = string
  default     = "10.40.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "cidr is a /16 such as 10.40.0.0/16."
  }
}

variable "availability_zones" {
  description = "Two to four zones; each gets a public, an app and a data subnet."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) >= 2 && length(var.availability_zones) <= 4
    error_message = "availability_zones names two to four zones; the database and the load balancer need two."
  }
}

variable "single_nat_gateway" {
  description = "One NAT gateway for all zones (cheap), or one a zone (survives the loss of a zone)."
  type        = bool
}

variable "kms_key_arn" {
  description = "Key of the flow logs."
  type        = string
}

variable "log_retention_in_days" {
  description = "How long flow logs are kept."
  type        = number
  default     = 365
}
