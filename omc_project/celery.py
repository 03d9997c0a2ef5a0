"""The Celery application."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, celeryd_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omc_project.settings")

app = Celery("omc")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def start_engines(**_: Any) -> None:
    """Have the embedded engines up also when somebody types a bare `celery` command."""
    from omc_project.bootstrap import bootstrap

    bootstrap(must_answer=False)
