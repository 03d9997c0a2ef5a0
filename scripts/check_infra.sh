#!/bin/sh
# Check Terraform, its policies, workflows, Dockerfile and runbook, without an AWS account.
#   scripts/check_infra.sh                  everything; SKIP lines name what is missing here
#   scripts/check_infra.sh plan staging     init, validate and plan against a simulated account
#   scripts/check_infra.sh picture          draw the dashboard anew, for the runbook
# TF_PLUGIN_DIR names a folder that holds the AWS provider; without it the registry is asked.
# OMC_REQUIRE_INFRA=1 makes a skip a failure.
. "$(dirname "$0")/environment.sh"
python=$(find_python)
attempt=1
until environment requirements/infra.txt .venv-infra; do
    if [ "$attempt" = 3 ]; then
        echo "The tools of requirements/infra.txt could not be installed in $attempt attempts; going on without." >&2
        break
    fi
    attempt=$((attempt + 1))
    echo "Trying again ($attempt of 3)." >&2
    sleep 5
done
exec "$python" -m infra.checking "$@"
