"""Find the house of this checkout, as its settings say."""

from __future__ import annotations

import os
from typing import Any

from infra.backup.errors import BackupError
from infra.backup.houses import Local


def local() -> Local:
    """Start the embedded engines if they are wanted, and return where the house is."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omc_project.settings")
    import django  # noqa: PLC0415  # its settings make the first secrets: only where they are wanted

    from omc_project.errors import SetupError  # noqa: PLC0415  # Django's loading

    try:
        django.setup()
        from omc_project.bootstrap import bootstrap  # noqa: PLC0415  # Django's loading

        bootstrap()
    except SetupError as error:
        raise BackupError(str(error)) from error
    from django.conf import settings  # noqa: PLC0415  # Django's loading

    return described(settings.DATABASES["default"])


def described(database: dict[str, Any]) -> Local:
    """Return the house of one of Django's databases."""
    from omc_project.engines import places, postgres  # noqa: PLC0415  # after the settings
    from omc_project.errors import EngineError  # noqa: PLC0415  # after the settings

    options = database.get("OPTIONS", {})
    given = {
        "PGHOST": database["HOST"],
        "PGPORT": str(database["PORT"]),
        "PGUSER": database["USER"],
        "PGPASSWORD": database.get("PASSWORD", ""),
        "PGSSLMODE": str(options.get("sslmode", "")),
        "PGSSLROOTCERT": str(options.get("sslrootcert", "")),
    }
    try:
        programs = str(postgres.program("pg_dump").parent)
    except EngineError:
        programs = ""
    return Local(
        database=database["NAME"],
        connection={name: value for name, value in given.items() if value},
        programs=programs,
        home=places.HOME,
    )
