"""Shows each signed-in reader the desk in their own language and time zone."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from customers.models import StaffProfile

HEALTH = "/healthz"


class ReaderMiddleware:
    """A staff profile's language and zone win over the browser's; without one the desk's own apply.

    The signs of life have no reader: they answer even when the database, and so the session, does not.
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
        return StaffProfile.objects.filter(user=request.user.pk).only("language", "time_zone").first()
