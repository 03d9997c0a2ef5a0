"""What can go wrong before the product runs.

    SetupError              a person has to change something; the message says what
      EngineError           an embedded engine cannot run here
      ServerError           a server named by DATABASE_URL or REDIS_URL cannot be used
      SecretsError          a secret is missing or its file cannot be used

`manage.py` prints the message alone, without a traceback, and exits with status 1.
"""

from __future__ import annotations


class SetupError(Exception):
    """Say what is missing for a start, and the remedy."""


class EngineError(SetupError):
    """Say why an embedded engine cannot run, and the remedy."""


class ServerError(SetupError):
    """Say why a given server cannot be used, and the remedy."""


class SecretsError(SetupError):
    """Say which secret is missing or unusable, and the remedy."""
