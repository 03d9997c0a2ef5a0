"""Read the variables of `.env`, which docker compose reads too, before any module asks for one."""

from __future__ import annotations

import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def load(path: Path) -> None:
    """Set the variables that the file names, unless the environment has them already.

    The form is the common part of what docker compose and shells read: NAME=value, optional
    quotes around the value, lines that start with # are comments.
    """
    try:
        text = path.read_text()
    except OSError:
        return
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            os.environ.setdefault(name.strip(), _unquoted(value.strip()))


def _unquoted(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value


def load_own() -> None:
    """Read the `.env` of this checkout; OMC_ENV_FILE names another file, /dev/null none."""
    load(Path(os.environ.get("OMC_ENV_FILE") or CHECKOUT / ".env"))
