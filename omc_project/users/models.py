"""The user of the platform; our own model from the start, because it cannot be swapped later."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person who logs in; pages show times in their zone."""

    time_zone = models.CharField(max_length=50, default="UTC")
