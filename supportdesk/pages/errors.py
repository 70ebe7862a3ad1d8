"""The pages shown for what cannot be read, and after an internal error."""

import sys
from contextlib import suppress

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseServerError
from django.template.loader import render_to_string

from supportdesk.monitoring.migrations import unapplied_migrations


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for status 400. It asks no database and no session: neither may be readable."""
    return HttpResponseBadRequest(render_to_string("400.html"))


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for status 500; for status 503 where waiting may help.

    That is while the database cannot be reached, and while it lacks the migrations that this code needs.
    """
    error = sys.exc_info()[1]
    if isinstance(error, DatabaseError) and _is_being_updated():
        return HttpResponse(render_to_string("updating.html"), status=503)
    if isinstance(error, OperationalError | InterfaceError):
        return HttpResponse(render_to_string("503.html"), status=503)
    return HttpResponseServerError(render_to_string("500.html"))


def _is_being_updated() -> bool:
    with suppress(DatabaseError, InterfaceError):
        return bool(unapplied_migrations())
    return False
