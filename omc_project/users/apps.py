from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Who logs in."""

    name = "omc_project.users"
    label = "users"
