"""The WSGI application that `assay serve` runs, for servers of your own."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "assay.web.settings")
application = get_wsgi_application()
