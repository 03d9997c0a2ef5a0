# Without ssl_cert_reqs Celery's connection to the broker checks no certificate, and says nothing.
output "connection_string" {
  description = "What REDIS_URL holds: TLS, token, certificate checked."
  value       = "rediss://:${terraform_data.token.output}@${aws_elasticache_replication_group.this.primary_endpoint_address}:6379/0?ssl_cert_reqs=required"
  sensitive   = true
}

output "replication_group_id" {
  description = "The group."
  value       = aws_elasticache_replication_group.this.id
}

# Named by ElastiCache as <group>-001, -002, ...; its node metrics carry these names.
output "member_ids" {
  description = "Names of the nodes, for metrics."
  value       = [for number in range(1, var.num_cache_clusters + 1) : format("%s-%03d", var.name, number)]
}
