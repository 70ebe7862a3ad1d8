"""The WSGI application that gunicorn serves."""

import os
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from wsgiref.types import StartResponse

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from supportdesk.work_kinds import WEB, begin_work

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
handler = get_wsgi_application()


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Django's application; but a header that it cannot read, such as ``charset*=foo''bar``, is status 400."""
    try:
        return handler(environ, start_response)
    except ValueError:  # of the request: what a page raises is answered within
        start_response("400 Bad Request", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"This request cannot be read.\n"]


begin_work(replace(WEB, query=settings.PAGE_SECONDS))
