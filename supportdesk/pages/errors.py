"""The pages shown for what cannot be read, after an internal error, and after waiting in vain."""

import sys
from contextlib import suppress

from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseServerError
from django.template.loader import render_to_string

from customers.lock_waits import is_lock_wait, is_query_too_slow
from supportdesk.monitoring.migrations import unapplied_migrations
from supportdesk.page_headers import nonce_of
from tickets.errors import FileStoreFault

# Parts of names of fields whose values are not written into a page.
SECRETS = ("password", "secret", "token_url")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page for status 400. It asks no database and no session: neither may be readable."""
    return HttpResponseBadRequest(_page("400.html", request))


def server_error(request: HttpRequest) -> HttpResponse:
    """The page for status 500; for status 503 where waiting may help.

    That is after a lock or a slow query, while database or file store cannot be reached, and while the
    database lacks the migrations that this code needs.
    """
    error = sys.exc_info()[1]
    if is_lock_wait(error):
        context = {**nonce_of(request), "again": _to_send_again(request), "had_files": bool(request.FILES)}
        return HttpResponse(render_to_string("busy.html", context, request), status=503)
    if is_query_too_slow(error):
        return HttpResponse(_page("slow.html", request), status=503)
    if isinstance(error, DatabaseError) and _is_being_updated():
        return HttpResponse(_page("updating.html", request), status=503)
    if isinstance(error, FileStoreFault):
        return HttpResponse(_page("files_away.html", request), status=503)
    if isinstance(error, OperationalError | InterfaceError):
        return HttpResponse(_page("503.html", request), status=503)
    return HttpResponseServerError(_page("500.html", request))


def _page(name: str, request: HttpRequest) -> str:
    """Made without the request, of which nothing may be readable, but for the nonce of its style."""
    return render_to_string(name, nonce_of(request))


def _is_being_updated() -> bool:
    with suppress(DatabaseError, InterfaceError):
        return bool(unapplied_migrations())
    return False


def _to_send_again(request: HttpRequest) -> list[tuple[str, str]]:
    """The fields of the form, so that one click sends it again and nothing written is lost; none if one is secret."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values]
    if any(word in name.lower() for name, _value in fields for word in SECRETS):
        return []
    return [(name, value) for name, value in fields if name != "csrfmiddlewaretoken"]
