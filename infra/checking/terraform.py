"""The checks that Terraform does: format, validity, its own tests, and plans."""

from __future__ import annotations

import json
import re
from pathlib import Path

from infra.checking.outcome import Outcome, failed, passed, skipped
from infra.checking.simulated import ACCOUNT
from infra.checking.tools import ROOT, TERRAFORM, find, run
from infra.checking.workshop import SENTINEL, Workshop

ATTEMPTS = 3
COUNTED = re.compile(r"(Success|Failure)! (\d+) passed, (\d+) failed")
UNREACHABLE = (
    "Could not retrieve",
    "no such host",
    "Failed to query available provider",
    "timeout",
)
PROBES = {
    "iam": {
        "name": "omc-test",
        "aws_region": "ap-southeast-2",
        "account_id": "123456789012",
        "secret_read_policy_arns": {"openai": "arn:aws:iam::123456789012:policy/openai"},
        "admin_read_policy_arn": "arn:aws:iam::123456789012:policy/admin",
        "ecr_repository_arn": "arn:aws:ecr:ap-southeast-2:123456789012:repository/omc",
        "log_group_arn": "arn:aws:logs:ap-southeast-2:123456789012:log-group:/omc/test/app",
        "artifact_bucket_arn": "arn:aws:s3:::omc-test",
        "topic_arn": "arn:aws:sns:ap-southeast-2:123456789012:omc",
        "metrics_namespace": "OMC/test",
        "kms_key_arn": "arn:aws:kms:ap-southeast-2:123456789012:key/abc",
    },
    "monitoring": {
        "name": "omc-test",
        "aws_region": "ap-southeast-2",
        "account_id": "123456789012",
        "kms_key_arn": "arn:aws:kms:ap-southeast-2:123456789012:key/abc",
        "alert_email": "operator@example.com",
        "cluster_name": "omc-test",
        "services": {name: f"omc-{name}" for name in ("backend", "worker", "orders", "beat")},
        "alb_arn_suffix": "app/omc/1",
        "target_group_arn_suffix": "targetgroup/omc/1",
        "db_identifier": "omc-test",
        "db_log_group_name": "/aws/rds/instance/omc-test/postgresql",
        "redis_member_ids": ["omc-test-001", "omc-test-002"],
        "log_group_name": "/omc/test/app",
        "metrics_namespace": "OMC/test",
    },
    "ecs": {
        "name": "omc-test",
        "aws_region": "ap-southeast-2",
        "image_repository": "123456789012.dkr.ecr.ap-southeast-2.amazonaws.com/omc",
        "image_tag": "test",
        "environment": {"OMC_ENVIRONMENT": "production"},
        "secrets": {"SECRET_KEY": "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:x"},
        "migrate_secrets": {
            "OMC_ADMIN_PASSWORD": "arn:aws:secretsmanager:ap-southeast-2:123456789012:secret:y"
        },
        "execution_role_arn": "arn:aws:iam::123456789012:role/execution",
        "migrate_execution_role_arn": "arn:aws:iam::123456789012:role/migrate-execution",
        "task_role_arn": "arn:aws:iam::123456789012:role/task",
        "log_group_name": "/omc/test/app",
        "metrics_namespace": "OMC/test",
        "subnet_ids": ["subnet-1"],
        "security_group_id": "sg-1",
        "target_group_arn": "arn:aws:elasticloadbalancing:ap-southeast-2:123456789012:"
        "targetgroup/omc/0123456789abcdef",
        "alb_arn_suffix": "app/omc/1",
        "target_group_arn_suffix": "targetgroup/omc/1",
        "deployment_alarm_names": {
            "backend": ["a"],
            "worker": ["b"],
            "orders": ["c"],
            "beat": ["d"],
        },
        "desired": {"backend": 1, "worker": 1, "orders": 1},
        "max": {"backend": 2, "worker": 2},
    },
}
"""Modules that are planned alone: in an environment's plan their JSON is not yet known."""


def check_format() -> Outcome:
    """Check that every file is as `terraform fmt` writes it."""
    done = run([find("terraform") or "", "fmt", "-check", "-recursive", str(TERRAFORM)])
    if done.is_good:
        return passed("terraform fmt")
    return failed("terraform fmt", f"run: terraform fmt -recursive infra/terraform\n{done.text}")


def prepare(work: Workshop) -> Outcome:
    """Have the provider in every folder; without it nothing further can be checked.

    A module calls no other, so what one folder without modules got serves them all: looking
    through 700 MB once instead of a dozen times.
    """
    name = "terraform init"
    for root in work.roots()[:3]:
        for attempt in range(1, ATTEMPTS + 1):
            done = work.run(root, "init", "-input=false", "-no-color", "-lockfile=readonly")
            if done.is_good:
                break
            if not any(sign in done.text for sign in UNREACHABLE):
                return failed(name, f"{root}\n{done.text}")
            if attempt == ATTEMPTS:
                return skipped(
                    name,
                    "the AWS provider is not available: the registry cannot be reached "
                    f"({ATTEMPTS} attempts) and TF_PLUGIN_DIR names no folder that holds it",
                )
    for root in work.roots()[3:]:
        work.lend("bootstrap", root)
    return passed(name, f"{len(work.roots())} folders")


def check_valid(work: Workshop, root: str) -> Outcome:
    """Check that a configuration is consistent."""
    done = work.run(root, "validate", "-no-color")
    name = f"validate {root}"
    return passed(name) if done.is_good else failed(name, f"not valid\n{done.text}")


def check_module(work: Workshop, root: str) -> Outcome:
    """Run the module's own tests; one without tests has failed."""
    done = work.run(root, "test", "-no-color")
    counted = COUNTED.search(done.text)
    name = f"test {root}"
    if done.is_good and counted and int(counted[2]):
        return passed(name, f"{counted[2]} runs")
    return failed(name, f"{counted[0] if counted else 'no test ran'}\n{done.text}")


def check_plan(work: Workshop, environment: str, endpoint: str, plans: Path) -> Outcome:
    """Plan an environment against a simulated account, and keep the plan as JSON."""
    key = {"TF_VAR_openai_api_key": SENTINEL}
    return _plan(work, f"environments/{environment}", endpoint, plans / f"{environment}.json", key)


def check_bootstrap(work: Workshop, endpoint: str, plans: Path) -> Outcome:
    """Plan what a person applies once an account, and keep the plan as JSON."""
    inputs = {
        "TF_VAR_aws_account_id": ACCOUNT,
        "TF_VAR_environment": "staging",
        "TF_VAR_github_repository": "example/oh-my-coins",
    }
    return _plan(work, "bootstrap", endpoint, plans / "bootstrap.json", inputs)


def check_probes(work: Workshop, endpoint: str, plans: Path) -> Outcome:
    """Plan some modules alone, with inputs that are known, and keep the plan as JSON."""
    folder = work.folder / "probes"
    folder.mkdir()
    for module, inputs in PROBES.items():
        lines = [f"  {name} = {json.dumps(value)}" for name, value in inputs.items()]
        body = "\n".join([f'  source = "../modules/{module}"', *lines])
        (folder / f"{module}.tf").write_text(f'module "{module}" {{\n{body}\n}}\n')
    (folder / "provider.tf").write_text(_provider_block())
    work.lend("bootstrap", "probes")
    done = work.run("probes", "get", "-no-color")
    if not done.is_good:
        return failed("plan probes", f"terraform get\n{done.text}")
    return _plan(work, "probes", endpoint, plans / "probes.json", {})


def _provider_block() -> str:
    return (
        'provider "aws" {\n  region                      = "ap-southeast-2"\n'
        '  access_key                  = "testing"\n  secret_key                  = "testing"\n'
        "  skip_metadata_api_check     = true\n  skip_requesting_account_id  = true\n"
        "  skip_credentials_validation = true\n}\n"
    )


def _plan(
    work: Workshop, root: str, endpoint: str, target: Path, variables: dict[str, str]
) -> Outcome:
    name = f"plan {root}"
    words = ("plan", "-input=false", "-no-color", "-lock=false", "-out=tfplan")
    done = work.run(root, *words, endpoint=endpoint, **variables)
    if not done.is_good:
        return failed(name, f"terraform plan\n{done.text}")
    shown = work.run(root, "show", "-json", "tfplan", endpoint=endpoint)
    if not shown.is_good:
        return failed(name, f"terraform show\n{shown.text}")
    text = shown.text[shown.text.index("{") :]
    target.write_text(text)
    changes = json.loads(text)["resource_changes"]
    return passed(name, f"{sum(each['mode'] == 'managed' for each in changes)} to add")


def show_plan(work: Workshop, environment: str, endpoint: str) -> int:
    """Run init, validate and plan of one environment, printing what they print."""
    root = f"environments/{environment}"
    for words in (
        ("init", "-input=false"),
        ("validate",),
        ("plan", "-input=false", "-lock=false"),
    ):
        print(f"$ terraform {' '.join(words)}", flush=True)  # noqa: T201  # a command line
        done = work.run(
            root, *words, "-no-color", endpoint=endpoint, TF_VAR_openai_api_key=SENTINEL
        )
        print(done.text, flush=True)  # noqa: T201
        if not done.is_good:
            return done.status
    return 0


def check_syntax() -> Outcome:
    """Parse every file where Terraform is missing, which finds the coarsest mistakes only."""
    python = ROOT / ".venv-infra" / "bin" / "python"
    if not python.exists():
        return skipped("parse *.tf", "neither terraform nor requirements/infra.txt is installed")
    program = (
        "import hcl2, pathlib, sys\nfiles = sorted(pathlib.Path(sys.argv[1]).rglob('*.tf'))\n"
        "[hcl2.loads(file.read_text()) for file in files]\nprint(len(files), 'files')"
    )
    done = run([str(python), "-c", program, str(TERRAFORM)])
    if done.is_good:
        return passed("parse *.tf", done.text.strip())
    return failed("parse *.tf", done.text)
