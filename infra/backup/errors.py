"""What keeps a backup or a restore from being done."""

from __future__ import annotations


class BackupError(Exception):
    """Say what is wrong, which, and what to do; nothing that was there is lost."""
