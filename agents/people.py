"""Who asks at the console or in a file: a name, and the id it stands for."""

from __future__ import annotations

from django.contrib.auth import get_user_model

from agents.admission import BadInputError


class NobodyError(BadInputError):
    """No active user has this name."""


def user_id_of(name: str | None) -> int | None:
    """Return the id of a named user, None for nobody; raise `NobodyError` for an unknown name."""
    if name is None:
        return None
    named = get_user_model().objects.filter(username=name, is_active=True)
    user = named.first() if name.isprintable() else None  # a NUL or a surrogate is in no name
    if user is None:
        raise NobodyError(
            f"No active user is called {name!r}. Leave the user out, or name one that exists."
        )
    return int(user.pk)
