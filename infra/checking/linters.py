"""The checks that look at files: policies of Terraform, workflows, image, shell, compose."""

from __future__ import annotations

import json
import re
from pathlib import Path

from infra.checking.outcome import Outcome, failed, passed, skipped
from infra.checking.tools import NOT_INSTALLED, ROOT, TERRAFORM, find, run

MOST_SKIPPED = 8
SKIPPED = re.compile(r"checkov:skip=(\w+)(.*)")
REASON = re.compile(r": ?\S.{9,}")
WORKFLOWS = ROOT / ".github" / "workflows"


def check_policies() -> Outcome:
    """Run checkov: nothing failed, at most eight ids skipped, each with its reason in place."""
    checkov = find("checkov")
    if checkov is None:
        return skipped("checkov", f"checkov {NOT_INSTALLED}")
    words = ["-d", str(TERRAFORM), "--framework", "terraform", "--output", "json"]
    done = run([checkov, *words, "--compact", "--quiet", "--skip-download"])
    start = done.text.find("{")
    if start < 0:
        return failed("checkov", f"it said nothing that can be read\n{done.text}")
    report, _ = json.JSONDecoder().raw_decode(done.text[start:])
    counted = report["summary"]
    wrong = [
        f"{each['check_id']} {each['resource']}" for each in report["results"]["failed_checks"]
    ]
    text = "\n".join(file.read_text() for file in sorted(TERRAFORM.rglob("*.tf")))
    ids, unexplained = skips(text)
    wrong += [f"{each} is skipped without a reason" for each in unexplained]
    told = f"{counted['passed']} passed, {counted['failed']} failed, {len(ids)} ids skipped"
    if wrong or counted["parsing_errors"] or not counted["passed"] or len(ids) > MOST_SKIPPED:
        return failed("checkov", "\n".join([told, *wrong]))
    return passed("checkov", told)


def skips(text: str) -> tuple[set[str], list[str]]:
    """Return the ids that a text has checkov skip, and those that it gives no reason for."""
    found = SKIPPED.findall(text)
    return {each for each, _ in found}, [each for each, why in found if not REASON.match(why)]


def check_workflows() -> Outcome:
    """Run zizmor over the workflows: nothing of high or medium severity."""
    zizmor = find("zizmor")
    if zizmor is None:
        return skipped("zizmor", f"zizmor {NOT_INSTALLED}")
    done = run([zizmor, "--offline", "--no-progress", "--min-severity=medium", str(WORKFLOWS)])
    if done.is_good:
        return passed("zizmor", f"{len(list(WORKFLOWS.glob('*.yml')))} workflows")
    return failed("zizmor", f"findings\n{done.text}")


def check_schemas() -> list[Outcome]:
    """Check workflows and compose file against their published schemas."""
    program = find("check-jsonschema")
    wanted = {
        "workflow schema": ("vendor.github-workflows", sorted(WORKFLOWS.glob("*.yml"))),
        "compose schema": ("vendor.compose-spec", [ROOT / "compose.yaml"]),
    }
    if program is None:
        return [skipped(name, f"check-jsonschema {NOT_INSTALLED}") for name in wanted]
    outcomes = []
    for name, (schema, files) in wanted.items():
        done = run([program, "--builtin-schema", schema, *map(str, files)])
        told = f"{len(files)} files"
        outcomes.append(passed(name, told) if done.is_good else failed(name, f"\n{done.text}"))
    return outcomes


def check_image() -> Outcome:
    """Run hadolint over the Dockerfile."""
    hadolint = find("hadolint")
    if hadolint is None:
        return skipped("hadolint", f"hadolint {NOT_INSTALLED}")
    done = run([hadolint, "Dockerfile"])
    return passed("hadolint") if done.is_good else failed("hadolint", f"findings\n{done.text}")


def check_shell() -> Outcome:
    """Run shellcheck over every shell script outside the sourced environment's own rules."""
    shellcheck = find("shellcheck")
    if shellcheck is None:
        return skipped("shellcheck", f"shellcheck {NOT_INSTALLED}")
    files = _shell_scripts()
    words = ["--shell=sh", "--external-sources", "--source-path=scripts"]
    done = run([shellcheck, *words, *map(str, files)])
    if done.is_good:
        return passed("shellcheck", f"{len(files)} scripts")
    return failed("shellcheck", f"findings\n{done.text}")


def _shell_scripts() -> list[Path]:
    folders = (ROOT / "scripts", ROOT / ".ci", ROOT / "infra")
    files = (file for folder in folders for file in folder.rglob("*") if file.is_file())
    return sorted(file for file in files if file.suffix not in {".py", ".pyc"} and _is_shell(file))


def _is_shell(file: Path) -> bool:
    return file.read_bytes()[:20].startswith((b"#!/bin/sh", b"# Sourced"))
