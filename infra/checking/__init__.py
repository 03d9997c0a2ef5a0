"""Check the infrastructure without an AWS account: what scripts/check_infra.sh runs.

Only the standard library, so that it can say which tool is missing where none is installed.
"""
