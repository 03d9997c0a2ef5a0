# Applied once an account by a person; its state stays with that person (it holds no secret), or is moved
# into the bucket made here by adding a backend block and `terraform init -migrate-state`.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

provider "aws" {
  region              = var.aws_region
  allowed_account_ids = [var.aws_account_id]

  default_tags {
    tags = { Project = "omc", ManagedBy = "terraform-bootstrap" }
  }
}
