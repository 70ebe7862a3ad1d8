"""Runs around every page: gives the request an id, sets the reader's language and zone, asks users for a password of
their own and for a second factor, ends sessions whose time is over, measures, and reports a web server whose clock is
wrong.
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from customers import time_of_record
from customers.models import StaffProfile
from customers.work_ids import given_or_new, working_on
from supportdesk.accounts.browser_sessions import see_session
from supportdesk.accounts.one_time_password import must_choose_password
from supportdesk.accounts.pages.session_start import limit_session
from supportdesk.accounts.reader import profile_with_permissions
from supportdesk.accounts.second_factors import must_set_up
from supportdesk.accounts.session_limits import KEY, note_activity, why_over
from supportdesk.accounts.sign_ins import method_of, record_sign_in, visitor_of
from supportdesk.models import SignInOutcome
from supportdesk.processes.host_clock import WrongClockReport
from supportdesk.telemetry.tracing import span

HEALTH = "/healthz"
OVER = {
    SignInOutcome.IDLE: _("You were signed out because nothing happened for a while. Your drafts are kept."),
    SignInOutcome.OVER: _("Your session has reached its end. Sign in again; your drafts are kept."),
}


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


class SessionLimitsMiddleware:
    """Ends sessions whose time is over (supportdesk.accounts.session_limits), and says so on the sign-in page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_over = not request.path.startswith(HEALTH) and self._is_over(request)
        if is_over and request.method == "POST":
            # Back to the page with the draft, not to where the form went.
            return redirect_to_login(page_before(request), reverse("admin:login"))
        return self.get_response(request)

    def _is_over(self, request: HttpRequest) -> bool:
        user = request.user
        if not isinstance(user, User):
            return False
        now = time_of_record.now()
        if KEY not in request.session:  # signed in before there were limits
            limit_session(request=request, user=user)
        if why := why_over(request.session, at=now):
            record_sign_in(
                visitor_of(request), user=user, name=user.get_username(), method=method_of(request.session),
                outcome=why, at=now,
            )  # fmt: skip
            logout(request)
            messages.info(request, OVER[why])
            return True
        if not is_refresh(request) and note_activity(request.session, at=now):
            see_session(request.session.session_key or "", user, visitor_of(request), at=now)
        return False


def page_before(request: HttpRequest) -> str:
    """The page that holds the form, as the browser names it; the board if it names none of ours."""
    before = urlsplit(request.headers.get("Referer", ""))
    is_ours = before.netloc == request.get_host() and before.path.startswith("/")
    return before._replace(scheme="", netloc="", fragment="").geturl() if is_ours else "/"


def is_refresh(request: HttpRequest) -> bool:
    """True for what a page asks by itself, with nobody there."""
    return request.method == "GET" and "HX-Request" in request.headers


class SecondFactorMiddleware:
    """Shows only the pages for setting up a second factor to a user who must have one and has none."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(HEALTH) or not must_set_up(request):
            return self.get_response(request)
        page = reverse("mfa_index")
        others = [reverse(name) for name in ("admin:logout", "admin:own_password", "account_reauthenticate")]
        if request.path.startswith(page) or request.path in others or is_public(request.path):
            return self.get_response(request)
        return HttpResponseRedirect(page)


def is_public(path: str) -> bool:
    """What is open without signing in, by the word of a link, and what pages load."""
    return path.startswith(("/ack/", "/unsubscribe/", "/duty/", "/account/logout/", reverse("admin:jsi18n")))


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
