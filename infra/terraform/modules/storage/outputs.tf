output "bucket_arn" {
  description = "Bucket of raw payloads and artefacts."
  value       = aws_s3_bucket.this["artifacts"].arn
}

output "bucket_name" {
  description = "Its name, for OMC_PAYLOAD_BUCKET."
  value       = aws_s3_bucket.this["artifacts"].id
}

output "log_bucket_name" {
  description = "Bucket of access logs, ready for the load balancer."
  value       = aws_s3_bucket_policy.this["logs"].bucket
}
