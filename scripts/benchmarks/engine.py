"""A PostgreSQL and a Valkey for one run of the benchmarks, durable as in production."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import django
import psycopg
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent


def start(folder: Path | None = None) -> None:
    """Have Django ready on an empty database that is gone after this process.

    Nothing of the caller's environment counts: no server of theirs is touched, and fsync is on.
    """
    for name in list(os.environ):
        if name.startswith("OMC_") or name in {"DATABASE_URL", "REDIS_URL"}:
            del os.environ[name]
    home = _home(folder or ROOT / ".omc")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "omc_project.settings",
        "OMC_ENV_FILE": os.devnull,
        "OMC_HOME": str(home),
        "OMC_LOG_LEVEL": "ERROR",
    }
    atexit.register(shutil.rmtree, home, ignore_errors=True)  # runs after the engines' own stop
    django.setup()
    from omc_project.bootstrap import bootstrap  # noqa: PLC0415  # reads the settings

    bootstrap()
    call_command("migrate", verbosity=0)


def _home(parent: Path) -> Path:
    if not parent.exists():
        parent.mkdir(parents=True)
        parent.chmod(0o711)  # root's engines run as somebody else
    home = Path(tempfile.mkdtemp(prefix="bench-", dir=parent))
    home.chmod(0o711)
    return home


def connect(database: str = "") -> psycopg.Connection[Any]:
    """Return a connection of psycopg's own to the server, as a peer would open it."""
    given = connection.settings_dict
    return psycopg.connect(
        host=given["HOST"],
        port=given["PORT"],
        user=given["USER"],
        dbname=database or given["NAME"],
        autocommit=True,
    )


def last_words() -> str:
    """Return the end of the PostgreSQL server's log, for when it ended before us."""
    log = Path(os.environ["OMC_HOME"]) / "postgres.log"
    return log.read_text(errors="replace")[-2000:] if log.exists() else "There is no log of it."
