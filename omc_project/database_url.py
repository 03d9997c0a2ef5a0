"""Read DATABASE_URL without ever repeating what it holds: it carries a password."""

from __future__ import annotations

from typing import Any

import environ

from omc_project.errors import ServerError

SHAPE = "postgres://USER:PASSWORD@HOST:PORT/NAME"


def database(url: str) -> dict[str, Any]:
    """Return Django's settings of the database that the address names."""
    scheme = url.partition("://")[0] if "://" in url else ""
    if scheme not in {"postgres", "postgresql"}:
        raise ServerError(
            f"DATABASE_URL starts with {scheme or 'no scheme'}; Oh My Coins needs PostgreSQL: "
            f"{SHAPE}. Unset it for the embedded one."
        )
    try:
        found: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        raise ServerError(
            f"DATABASE_URL cannot be read. It looks like {SHAPE}, the port a number; in the "
            "password the characters / : @ # ? and % are written as %2F, %3A and so on."
        ) from None
    return found
