"""Who asks at the console: a name on the command line, and the id it stands for."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError


def user_id_of(name: str | None) -> int | None:
    """Return the id of a named user, None for nobody; a name that nobody has is an error."""
    if name is None:
        return None
    user = get_user_model().objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"No active user is called {name!r}.")
    return int(user.pk)
