"""Each reader's language and zone, for the time of one request."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone, translation

from supportdesk.middleware import ReaderMiddleware
from tests.factories import UserFactory, staff

MOMENT = datetime(2026, 11, 18, 12, tzinfo=UTC)


def seen_by(user, path: str = "/") -> tuple[str, str, HttpResponse]:
    """Language and zone while the page is made, and the response."""
    during = {}

    def page(request: HttpRequest) -> HttpResponse:
        during["language"] = translation.get_language()
        during["zone"] = timezone.get_current_timezone_name()
        return HttpResponse()

    request = RequestFactory().get(path)
    request.user = user
    response = ReaderMiddleware(page)(request)
    return during["language"], during["zone"], response


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "zone"), [("zh-hans", "Asia/Shanghai"), ("en", "Europe/Berlin")])
def test_the_language_of_the_profile_overrides_that_of_the_browser(language, zone):
    with translation.override("de"):
        answer = seen_by(staff(language=language, time_zone=zone))
    assert answer[:2] == (language, zone)
    assert answer[2]["Content-Language"] == language


@pytest.mark.django_db
def test_language_and_zone_are_restored_after_the_request():
    before = (translation.get_language(), timezone.get_current_timezone_name())
    seen_by(staff(language="zh-hans", time_zone="America/New_York"))
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


@pytest.mark.django_db
def test_somebody_without_a_profile_sees_the_browsers_language_and_the_desks_zone(settings):
    with translation.override("zh-hans"):
        assert seen_by(UserFactory())[:2] == ("zh-hans", settings.DESK_TIME_ZONE)


def test_a_visitor_costs_no_query(settings):
    """The test has no database, so any query would fail it."""
    assert seen_by(AnonymousUser())[:2] == ("en", settings.DESK_TIME_ZONE)


def test_health_and_alive_pages_load_no_user():
    class Unreachable:
        @property
        def is_authenticated(self) -> bool:
            raise AssertionError("the session needs the database")

    assert seen_by(Unreachable(), "/healthz")[2].status_code == 200


@pytest.mark.django_db
def test_a_reader_costs_one_query(django_assert_num_queries):
    user = staff()
    with django_assert_num_queries(1):
        seen_by(user)
