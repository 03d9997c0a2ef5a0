"""The checkout: which commit it is at, and what in it is in no commit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.deploy.errors import RefusedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Worktree:
    """A checkout at a commit; `changes` are the lines of `git status` that say otherwise."""

    commit: str
    changes: tuple[str, ...]


def worktree(folder: Path) -> Worktree:
    """Read a checkout."""
    return Worktree(
        commit=_git(folder, "rev-parse", "HEAD").strip(),
        changes=tuple(_git(folder, "status", "--porcelain").splitlines()),
    )


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # constant words
            ["git", "-C", str(folder), *words],  # noqa: S607  # the operator's git
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise RefusedError(
            "git is not installed. Install it, or start from a machine that has it."
        ) from None
    if done.returncode:
        raise RefusedError(
            f"{folder} is no git checkout ({done.stderr.strip()}). Start from a clone of the "
            "repository."
        )
    return done.stdout
