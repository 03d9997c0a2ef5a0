"""Run a backup or a restore: python -m infra.backup backup|restore."""

from __future__ import annotations

import sys

from infra.backup.cli import main

if __name__ == "__main__":
    sys.exit(main())
