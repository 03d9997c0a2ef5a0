"""What a start does before the processes run, and does only once: tables, administrator, seed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ledgers.models import CollectorRun
from omc_project import secrets_file
from omc_project.engines import places

ADMIN = "admin"
MANAGE = f"{sys.executable} manage.py"
PASSWORD = "OMC_ADMIN_PASSWORD"  # noqa: S105  # the name of one
NOBODY = (
    'There is no superuser yet, so nobody could log in (docs/DEPLOYMENT.md, "First login"; on AWS '
    "the migrate task gets the password from the secret omc/app/admin_password). "
)


def prepare(*, is_read: bool) -> Iterator[str]:
    """Do what only a first start does; yield a line about each thing done.

    The password that was made is in the lines only if a person reads them (`is_read`); one that
    was given never is.
    """
    if count := migrate():
        yield f"Tables brought up to date: {count} migrations."
    if make_admin():
        yield f"Log in as {ADMIN}, {_password_hint(is_read=is_read)}"
    else:
        yield "Log in as before; the password was shown at the first start."
    yield f"To set another password: {MANAGE} changepassword {ADMIN}"
    if seed():
        yield f"Example data stored. To remove it: {MANAGE} seed --clear"


def _password_hint(*, is_read: bool) -> str:
    if settings.OMC_ADMIN_PASSWORD:
        return "the password is the value of OMC_ADMIN_PASSWORD."
    if is_read:
        return f"password {secrets_file.read_or_make(PASSWORD)} (shown this once)."
    return f"the password is in {places.HOME / secrets_file.FILE}."


def migrate() -> int:
    """Bring the tables up to date and return how many migrations that took."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        call_command("migrate", verbosity=0, interactive=False)
    return len(plan)


def make_admin() -> bool:
    """Make the first administrator; return whether there was none.

    Production is given its password, or refused: one that is made there lies in a folder that may
    be gone with the container, and nobody could log in.
    """
    users = get_user_model()
    if users.objects.filter(is_superuser=True).exists():
        return False
    if settings.IS_PRODUCTION and not settings.OMC_ADMIN_PASSWORD:
        secrets_file.refuse(PASSWORD, why=NOBODY)
    password = settings.OMC_ADMIN_PASSWORD or secrets_file.read_or_make(PASSWORD)
    users.objects.create_superuser(ADMIN, password=password)
    return True


def seed() -> bool:
    """Fill an empty house with the example data, once; return whether it did.

    A database that holds runs of its own is somebody's, and stays as it is. The marker comes
    last, so that a seed that was killed is taken up again, and a cleared one stays cleared.
    """
    marker = _marker()
    if marker.exists() or settings.IS_PRODUCTION:
        return False
    is_empty = not CollectorRun.objects.exclude(kind=CollectorRun.Kind.SEED).exists()
    if is_empty:
        call_command("seed", verbosity=0)
    marker.touch()
    return is_empty


def _marker() -> Path:
    if settings.EMBEDDED["pg"]:
        return places.HOME / "seeded"
    given = connection.settings_dict
    server = f"{given['HOST']}:{given['PORT']}/{given['NAME']}"
    return places.HOME / f"seeded-{hashlib.sha256(server.encode()).hexdigest()[:12]}"
