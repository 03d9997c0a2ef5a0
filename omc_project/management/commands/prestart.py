"""Prepare the database for web, workers and beat; what containers run before them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from omc_project import first_run


class Command(BaseCommand):
    """Bring the tables up to date, make the first administrator, store the example data once."""

    help = (
        "Brings the tables up to date, makes the administrator if there is none, and fills an "
        "empty house with example data, but not in production. The administrator's password is "
        "OMC_ADMIN_PASSWORD, or is made, and shown once if a terminal listens; production makes "
        "none and demands OMC_ADMIN_PASSWORD until there is a superuser. Doing it again changes "
        "nothing."
    )
    requires_system_checks = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Prepare, and say what was done."""
        for line in first_run.prepare(is_read=self.stdout.isatty()):
            self.stdout.write(line)
        self.stdout.write("Prepared.")
