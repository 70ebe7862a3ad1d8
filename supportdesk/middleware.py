"""Runs around every page: gives the request an id, sets the reader's language and zone, asks users for a password of
their own, measures, and reports a web server whose clock is wrong.
"""

import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation

from customers.models import StaffProfile
from customers.work_ids import given_or_new, working_on
from supportdesk.accounts.one_time_password import must_choose_password
from supportdesk.accounts.reader import profile_with_permissions
from supportdesk.processes.host_clock import WrongClockReport
from supportdesk.telemetry.tracing import span

HEALTH = "/healthz"


class ReaderMiddleware:
    """The language and zone of a staff profile win over the browser's; without a profile the desk's own zone applies.

    /healthz and /alive have no reader: they answer even without the database, and so without a session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        profile = self._profile(request)
        if profile is None:
            return self.get_response(request)
        request.LANGUAGE_CODE = profile.language
        with translation.override(profile.language), timezone.override(ZoneInfo(profile.time_zone)):
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", profile.language)
        return response

    @staticmethod
    def _profile(request: HttpRequest) -> StaffProfile | None:
        if request.path.startswith(HEALTH) or not request.user.is_authenticated:
            return None
        return profile_with_permissions(request.user)


class RequestIdMiddleware:
    """Gives each request an id, which its log lines and the rows that it writes carry, and tells it in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        work_id = given_or_new(request.headers.get("X-Request-ID", ""), kind="req")
        with working_on(work_id), span(request.method or "", headers=request.headers) as traced:
            response = self.get_response(request)
            if traced is not None:
                _describe(traced, request, response, work_id)
        response.headers["X-Request-ID"] = work_id
        return response


def _describe(traced: Any, request: HttpRequest, response: HttpResponse, work_id: str) -> None:
    """By the route, as an address may hold what somebody searched for."""
    route = request.resolver_match.route if request.resolver_match else "unknown"
    traced.update_name(f"{request.method} {route}")
    traced.set_attributes({
        "http.request.method": request.method or "", "http.route": route,
        "http.response.status_code": response.status_code, "desk.work_id": work_id,
    })  # fmt: skip


class ServerTimingMiddleware:
    """Tells colleagues how long the page took and the database's part of that; strangers learn nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        queries, begun = QueryTime(), time.perf_counter()
        with connection.execute_wrapper(queries):
            response = self.get_response(request)
        if not request.path.startswith(HEALTH) and request.user.is_authenticated:
            total = (time.perf_counter() - begun) * 1000
            said = (
                f'total;dur={total:.1f}, db;dur={queries.seconds * 1000:.1f};desc="{queries.number} queries"'
            )
            response.headers["Server-Timing"] = said
        return response


class QueryTime:
    """Adds up the queries of a connection that it wraps."""

    def __init__(self) -> None:
        self.seconds, self.number = 0.0, 0

    def __call__(self, execute: Callable[..., Any], *words: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*words)
        finally:
            self.seconds += time.perf_counter() - begun
            self.number += 1


class HostClockMiddleware:
    """Reports after the answer if the clock of this web server is wrong."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.report = WrongClockReport()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        self.report()
        return response


class OwnPasswordMiddleware:
    """Shows only the page for choosing a password to a user who signed in with a one-time password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(HEALTH) or not must_choose_password(request):
            return self.get_response(request)
        page = reverse("admin:own_password")
        if request.path in (page, reverse("admin:logout")):
            return self.get_response(request)
        return HttpResponseRedirect(page)
