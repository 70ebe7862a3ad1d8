"""The WSGI application that gunicorn serves."""

import os
from dataclasses import replace

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from supportdesk.work_kinds import WEB, begin_work

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
application = get_wsgi_application()
begin_work(replace(WEB, query=settings.PAGE_SECONDS))
