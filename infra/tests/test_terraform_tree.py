"""The tree itself: complete, described, and without a value that belongs elsewhere."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from infra.tests.plans import ENVIRONMENTS, ROOT, TERRAFORM

MODULES = [
    "vpc",
    "security",
    "iam",
    "secrets",
    "rds",
    "redis",
    "alb",
    "ecr",
    "ecs",
    "monitoring",
    "storage",
]
BLOCK = re.compile(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
SETTING = re.compile(r"^ +([A-Z][A-Z0-9_]+) += ", re.MULTILINE)
CALL = re.compile(r"\b(ecs|ecr|logs|sts)\.(?:get_paginator\(\")?([a-z_]+)[(\"]")
OF_OTHERS = {"AWS_DEFAULT_REGION", "GUNICORN_CMD_ARGS"}


def git(*words):
    done = subprocess.run(
        [shutil.which("git"), "-C", str(ROOT), *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def test_every_module_is_there():
    assert sorted(each.name for each in (TERRAFORM / "modules").iterdir()) == sorted(MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_code_variables_outputs_a_readme_and_tests(module):
    folder = TERRAFORM / "modules" / module
    for name in ("main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"):
        assert (folder / name).stat().st_size > 0, name
    (tests,) = (folder / "tests").glob("*.tftest.hcl")
    assert "assert {" in tests.read_text()


def test_every_variable_has_a_type_and_every_block_a_description():
    seen = 0
    for file in TERRAFORM.rglob("*.tf"):
        for kind, name, body in BLOCK.findall(file.read_text()):
            seen += 1
            assert re.search(r"^  description += \".+\"", body, re.MULTILINE), (file, name)
            assert kind == "output" or re.search(r"^  type += ", body, re.MULTILINE), (file, name)
    assert seen > 100


def test_the_secrets_module_has_the_agreed_interface():
    folder = TERRAFORM / "modules" / "secrets"
    variables = {
        name: body for _, name, body in BLOCK.findall((folder / "variables.tf").read_text())
    }
    assert {"secret_name", "secret_value", "environment"} <= set(variables)
    assert "sensitive   = true" in variables["secret_value"]
    assert re.search(r"default += 30\n", variables["recovery_window_in_days"])
    outputs = {name for _, name, _ in BLOCK.findall((folder / "outputs.tf").read_text())}
    assert outputs == {"secret_arn", "secret_name", "iam_policy_arn"}


def test_the_environments_differ_in_their_first_block_only():
    def after_the_block(environment):
        text = (TERRAFORM / "environments" / environment / "main.tf").read_text()
        return text.partition("\n}\n")[2]

    assert after_the_block("staging") == after_the_block("production")
    for name in ("variables.tf", "outputs.tf", ".terraform.lock.hcl", "terraform.tfvars.example"):
        texts = {(TERRAFORM / "environments" / each / name).read_text() for each in ENVIRONMENTS}
        assert len(texts) == 1, name


def test_every_setting_that_a_task_gets_is_documented():
    text = (TERRAFORM / "environments" / "staging" / "main.tf").read_text()
    names = set(SETTING.findall(text)) - OF_OTHERS
    documented = set(
        re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    )
    assert {
        "SECRET_KEY",
        "OMC_CREDENTIAL_KEY",
        "OPENAI_API_KEY",
        "DATABASE_URL",
        "REDIS_URL",
    } <= names
    assert names <= documented


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_tasks_write_is_json_a_line(environment):
    text = (TERRAFORM / "environments" / environment / "main.tf").read_text()
    assert re.search(r'^ +OMC_LOG_FORMAT += "json"$', text, re.MULTILINE)
    assert re.search(r"^ +GUNICORN_CMD_ARGS += .*gunicorn_lines", text, re.MULTILINE)


def test_the_deploy_role_may_what_the_deploy_tool_does_and_no_more():
    called = set()
    for file in (ROOT / "infra" / "deploy").glob("*.py"):
        for service, name in CALL.findall(file.read_text()):
            called.add((service, name.title().replace("_", "")))
    text = (TERRAFORM / "bootstrap" / "github.tf").read_text()
    deploy = text[text.index("  deploy = [") : text.index('resource "aws_iam_openid')]
    lists = re.findall(r"Action += \[(.*?)\]", deploy)
    allowed = {tuple(each.split(":")) for each in re.findall(r'"(\w+:\w+)"', "".join(lists))}
    assert ("ecs", "UpdateService") in called
    # Asking who one is needs no right; handing a role to a task is a right of no call.
    assert called - {("sts", "GetCallerIdentity")} == allowed - {("iam", "PassRole")}


def test_the_lock_files_name_the_provider_for_every_platform():
    locks = list(TERRAFORM.rglob(".terraform.lock.hcl"))
    assert len(locks) == 3
    for lock in locks:
        text = lock.read_text()
        assert 'version     = "5.100.0"' in text
        assert len(re.findall('"zh:[0-9a-f]{64}"', text)) == 15


@pytest.mark.parametrize(
    "name",
    [
        "environments/staging/terraform.tfvars",
        "environments/staging/my.auto.tfvars",
        "environments/production/terraform.tfvars.json",
        "environments/staging/tfplan",
        "environments/staging/staging.tfplan",
        "environments/staging/terraform.tfstate",
        "environments/staging/terraform.tfstate.backup",
        "environments/staging/terraform.tfstate.d/x/terraform.tfstate",
        "environments/staging/.terraform/providers/x",
        "environments/staging/backend.hcl",
        "environments/staging/simulated_override.tf",
        "bootstrap/terraform.tfstate",
    ],
)
def test_git_never_takes(name):
    status, _ = git("check-ignore", "--quiet", f"infra/terraform/{name}")
    assert status == 0


def test_git_takes_examples_and_lock_files():
    for name in ("terraform.tfvars.example", "backend.hcl.example", ".terraform.lock.hcl"):
        status, _ = git("check-ignore", "--quiet", f"infra/terraform/environments/staging/{name}")
        assert status == 1, name


def test_no_value_plan_or_state_is_in_the_repository():
    status, listed = git("ls-files", "--cached", "--others", "--exclude-standard")
    assert status == 0
    found = [
        name
        for name in listed.splitlines()
        if re.search(r"\.tfvars(\.json)?$|\.tfstate|tfplan|backend\.hcl$|_override\.tf$", name)
    ]
    assert found == []
