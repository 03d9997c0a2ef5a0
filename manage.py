#!/usr/bin/env python
"""Django's command line, with the embedded engines started first where a command needs them."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from omc_project.errors import SetupError

WITHOUT_ENGINES = {"check", "collectstatic", "help", "makemessages", "replay", "spectacular", "up"}


def main() -> None:
    """Run one command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omc_project.settings")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    try:
        from omc_project.bootstrap import bootstrap  # noqa: PLC0415  # reads the settings

        if command not in WITHOUT_ENGINES and "--help" not in sys.argv:
            bootstrap()
        execute_from_command_line(sys.argv)
    except (SetupError, ImproperlyConfigured) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
