"""The plans that scripts/check_infra.sh has made, as Terraform writes them in JSON."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "infra" / "terraform"
ENVIRONMENTS = ("staging", "production")
FOLDER = os.environ.get("OMC_INFRA_PLANS", "")


def require_plans() -> None:
    """Skip a module where no plan was made: scripts/check_infra.sh runs it, and refuses a skip."""
    if not FOLDER:
        pytest.skip("scripts/check_infra.sh makes the plans", allow_module_level=True)


@cache
def text_of(name: str) -> str:
    """Return a plan as text."""
    return (Path(FOLDER) / f"{name}.json").read_text()


def resources(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return what is planned of one kind, by address."""
    return {
        each["address"]: each["change"]["after"]
        for each in json.loads(text_of(name))["resource_changes"]
        if each["type"] == kind and each["mode"] == "managed"
    }


def unknown(name: str, kind: str) -> dict[str, dict[str, Any]]:
    """Return what of each resource of one kind is set, but known only after it was made."""
    return {
        each["address"]: each["change"]["after_unknown"]
        for each in json.loads(text_of(name))["resource_changes"]
        if each["type"] == kind and each["mode"] == "managed"
    }


def only(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the one resource of its kind."""
    (one,) = found.values()
    return one
