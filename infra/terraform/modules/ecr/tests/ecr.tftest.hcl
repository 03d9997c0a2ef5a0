mock_provider "aws" {}

variables {
  name        = "omc"
  kms_key_arn = "arn:aws:kms:ap-southeast-2:123456789012:key/abc"
}

run "repository" {
  command = plan

  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "A tag never moves, and each push is scanned."
  }
  assert {
    condition     = aws_ecr_repository.this.encryption_configuration[0].kms_key == var.kms_key_arn
    error_message = "Our key encrypts the images."
  }
}

run "too_few_images_are_refused" {
  command = plan
  variables { kept_images = 1 }
  expect_failures = [var.kept_images]
}
