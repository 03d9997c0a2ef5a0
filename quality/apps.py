from django.apps import AppConfig


class QualityConfig(AppConfig):
    """Quality."""

    name = "quality"
