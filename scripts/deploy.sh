#!/bin/sh
# Deploy the image of a commit to AWS, see that it runs, and go back if it does not.
#   scripts/deploy.sh staging|production [--rollback|--status|--dry-run] [--commit SHA] [--help]
. "$(dirname "$0")/environment.sh"
environment requirements.txt
exec .venv/bin/python -m infra.deploy "$@"
