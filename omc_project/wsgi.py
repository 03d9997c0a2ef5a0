"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omc_project.settings")

from omc_project.bootstrap import bootstrap  # reads the settings

bootstrap(must_answer=False)
application = get_wsgi_application()
