"""Settings of worker and beat processes that a test starts: its database, its deadlines."""

import os
from datetime import timedelta

from omc_project.settings import *  # noqa: F403  # the product's own, but for what follows

INSTALLED_APPS = [*INSTALLED_APPS, "omc_project.tests.pages"]  # noqa: F405
DATABASES["default"]["NAME"] = os.environ["OMC_TEST_DATABASE"]  # noqa: F405
OMC_REPLAY_URL = os.environ.get("OMC_TEST_REPLAY", "")
OMC_LEASE = OMC_PATIENCE = timedelta(seconds=float(os.environ["OMC_TEST_PATIENCE"]))
CELERY_BEAT_SCHEDULE["dispatch"]["schedule"] = 0.5  # noqa: F405
CELERY_TASK_DEFAULT_QUEUE = os.environ["OMC_TEST_QUEUE"]
