"""Runs around every page: sets the reader's language and zone, asks users for a password of their own, and reports a
web server whose clock is wrong.
"""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation

from customers.models import StaffProfile
from supportdesk.accounts.one_time_password import must_choose_password
from supportdesk.accounts.reader import profile_with_permissions
from supportdesk.processes.host_clock import WrongClockReport

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
