output "kms_key_arn" {
  description = "The environment's key."
  value       = aws_kms_key.this.arn
}

output "alb_sg" {
  description = "Group of the load balancer."
  value       = aws_security_group.alb.id
}

output "app_sg" {
  description = "Group of the tasks."
  value       = aws_security_group.app.id
}

output "db_sg" {
  description = "Group of the database."
  value       = aws_security_group.db.id
}

output "redis_sg" {
  description = "Group of Redis."
  value       = aws_security_group.redis.id
}
