"""Read the environment's variables without ever repeating what they hold: some are secrets."""

from __future__ import annotations

from typing import Any

import environ

from omc_project.errors import ServerError, SetupError

SHAPE = "postgres://USER:PASSWORD@HOST:PORT/NAME"


class Environment(environ.FileAwareEnv):  # type: ignore[misc]  # environ has no types
    """The variables; `X_FILE` may name a file that holds X."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Return a variable's value as what it should be, or name the variable that is not."""
        try:
            return super().get_value(var, *args, **kwargs)
        except ValueError:
            raise SetupError(
                f"{var} is set to something that it cannot be. docs/settings.md says what it "
                "means; unset it for the default."
            ) from None


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
