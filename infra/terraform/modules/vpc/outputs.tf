output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "public_subnet_ids" {
  description = "Subnets of the load balancer and the NAT gateways."
  value       = aws_subnet.public[*].id
}

output "app_subnet_ids" {
  description = "Subnets of the tasks: out by NAT, in by the load balancer alone."
  value       = aws_subnet.app[*].id
}

output "data_subnet_ids" {
  description = "Subnets of database and Redis: no way out."
  value       = aws_subnet.data[*].id
}
