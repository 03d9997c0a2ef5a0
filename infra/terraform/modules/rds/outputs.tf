output "address" {
  description = "Host name of the server."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Its port."
  value       = aws_db_instance.this.port
}

output "db_name" {
  description = "Name of the database."
  value       = aws_db_instance.this.db_name
}

output "username" {
  description = "Owner of the database."
  value       = aws_db_instance.this.username
}

output "identifier" {
  description = "Identifier, for metrics and snapshots."
  value       = aws_db_instance.this.identifier
}

output "allocated_storage" {
  description = "GB of disk, which the product's forecast of days left needs."
  value       = aws_db_instance.this.allocated_storage
}

output "log_group_name" {
  description = "Where the server's log goes."
  value       = aws_cloudwatch_log_group.postgresql.name
}
