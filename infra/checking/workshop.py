"""A copy of the Terraform tree to work in, with a provider and a simulated account.

Nothing is written into the tree, and no tfvars of a developer is read.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.checking.simulated import ACCOUNT, KEYS, REGION
from infra.checking.tools import ROOT, TERRAFORM, Done, run

ENVIRONMENTS = ("staging", "production")
IGNORED = shutil.ignore_patterns(".terraform", "*.tfstate*", "*.tfvars", "tfplan", "*_override.tf")
KEPT = ROOT / ".venv-infra" / "terraform"
"""Where a provider that comes from the registry is kept: it has 700 MB."""

OVERRIDE = """
provider "aws" {
  access_key              = "testing"
  secret_key              = "testing"
  s3_use_path_style       = true
  skip_metadata_api_check = true
  max_retries             = 2
}
"""
LOCAL_STATE = """
terraform {
  backend "local" {}
}
"""
SENTINEL = "sk-this-value-must-be-in-no-plan"
INPUTS = f"""
aws_account_id  = "{ACCOUNT}"
domain_name     = "coins.example.com"
certificate_arn = "arn:aws:acm:{REGION}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000"
alert_email     = "operator@example.com"
sec_user_agent  = "Example Operator operator@example.com"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """The copy, and what Terraform needs to work in it."""

    terraform: str
    folder: Path
    variables: dict[str, str]

    def run(self, where: str, *words: str, endpoint: str = "", **extra: str) -> Done:
        """Run Terraform in a folder of the copy, against a simulated account if one is given."""
        variables = self.variables | KEYS | extra
        if endpoint:
            variables["AWS_ENDPOINT_URL"] = endpoint
        return run([self.terraform, *words], folder=self.folder / where, variables=variables)

    def lend(self, lender: str, borrower: str) -> None:
        """Give a folder the provider that another one has, and its lock file."""
        for name in (".terraform", ".terraform.lock.hcl"):
            source, target = (self.folder / each / name for each in (lender, borrower))
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True)
            else:
                shutil.copyfile(source, target)

    def roots(self) -> list[str]:
        """Return the folders that Terraform can work in."""
        modules = sorted(each.name for each in (self.folder / "modules").iterdir())
        return [
            *(f"environments/{each}" for each in ENVIRONMENTS),
            "bootstrap",
            *(f"modules/{each}" for each in modules),
        ]


def workshop(folder: Path, terraform: str) -> Workshop:
    """Make the copy."""
    copy = folder / "terraform"
    shutil.copytree(TERRAFORM, copy, ignore=IGNORED)
    for environment in ENVIRONMENTS:
        place = copy / "environments" / environment
        (place / "simulated_override.tf").write_text(LOCAL_STATE + OVERRIDE)
        (place / "simulated.auto.tfvars").write_text(INPUTS)
    (copy / "bootstrap" / "simulated_override.tf").write_text(OVERRIDE)
    variables = {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0"}
    return Workshop(
        terraform=terraform, folder=copy, variables=variables | _provider(folder / "terraformrc")
    )


def _provider(file: Path) -> dict[str, str]:
    """Return where the provider comes from: a folder (TF_PLUGIN_DIR), or the registry, kept."""
    mirror = os.environ.get("TF_PLUGIN_DIR", "")
    if mirror:
        file.write_text(
            "disable_checkpoint = true\n"
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
        )
        return {"TF_CLI_CONFIG_FILE": str(file)}
    KEPT.mkdir(parents=True, exist_ok=True)
    configured = os.environ.get("TF_CLI_CONFIG_FILE", "")
    is_there = bool(configured) and Path(configured).exists()
    file.write_text("disable_checkpoint = true\n")
    return {
        "TF_PLUGIN_CACHE_DIR": str(KEPT),
        "TF_CLI_CONFIG_FILE": configured if is_there else str(file),
    }
