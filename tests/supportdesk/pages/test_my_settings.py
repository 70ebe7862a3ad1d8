"""Everybody sets the language and zone of what they see."""

from collections.abc import Callable
from datetime import time

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from selectolax.lexbor import LexborHTMLParser

from customers.models import StaffProfile
from tests.factories import AdminFactory, staff

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]
URL = "/my-settings/"


def test_saving_the_language_changes_the_next_page(login: Login) -> None:
    anna = staff(time_zone="Europe/Berlin")
    client = login(anna)
    saved = client.post(URL, {"language": "zh-hans", "time_zone": "Asia/Tokyo", "phone": ""})
    assert saved.url == reverse("admin:my_settings")
    assert client.get(URL)["Content-Language"] == "zh-hans"
    assert StaffProfile.objects.get(user=anna).time_zone == "Asia/Tokyo"


def test_somebody_without_a_profile_gets_one_by_saving(login: Login) -> None:
    admin = AdminFactory()
    client = login(admin)
    assert client.get(URL).status_code == 200
    client.post(URL, {"language": "en", "time_zone": "Asia/Tokyo"})
    assert StaffProfile.objects.get(user=admin).time_zone == "Asia/Tokyo"


def test_a_zone_that_does_not_exist_is_refused_with_a_sentence(login: Login) -> None:
    html = login(staff()).post(URL, {"language": "en", "time_zone": "Mars/Base"}).content.decode()
    assert "Mars/Base is not a time zone" in html


def test_the_settings_of_another_user_cannot_be_reached(login: Login) -> None:
    anna, bob = staff(), staff(time_zone="Europe/Berlin")
    login(anna).post(URL, {"user": bob.pk, "language": "en", "time_zone": "Asia/Tokyo"})
    assert StaffProfile.objects.get(user=bob).time_zone == "Europe/Berlin"


# ------------------------------------------------------------------------------------------------------------
# Quiet hours


def quiet_hours_post(start: str, end: str) -> dict[str, str]:
    return {"language": "en", "time_zone": "Europe/Berlin", "quiet_from": start, "quiet_until": end}


def quiet_hours_of(user: User) -> tuple[time | None, time | None]:
    profile = StaffProfile.objects.get(user=user)
    return profile.quiet_from, profile.quiet_until


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        ("22:00", "08:30", (time(22), time(8, 30))),
        ("12:00", "14:00", (time(12), time(14))),
        ("00:00", "06:00", (time(0), time(6))),
        ("23:59", "00:00", (time(23, 59), time(0))),
        ("", "", (None, None)),
    ],
)
def test_quiet_hours_are_saved_and_shown_again(
    login: Login, start: str, end: str, kept: tuple[time | None, time | None]
) -> None:
    anna = staff(quiet_from=time(1), quiet_until=time(2))
    client = login(anna)
    assert client.post(URL, quiet_hours_post(start, end)).status_code == 302
    assert quiet_hours_of(anna) == kept
    html = client.get(URL).content.decode()
    fields = LexborHTMLParser(html).css("input[name^=quiet_]")
    assert [field.attributes.get("value", "") for field in fields] == [start, end]


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("22:00", "", "Quiet hours need a start and an end."),
        ("", "08:00", "Quiet hours need a start and an end."),
        ("08:00", "08:00", "Quiet hours cannot start and end at the same time."),
        ("25:00", "08:00", "Enter a valid time."),
        ("evening", "08:00", "Enter a valid time."),
    ],
)
def test_quiet_hours_that_make_no_sense_are_refused_with_a_sentence(
    login: Login, start: str, end: str, words: str
) -> None:
    anna = staff(quiet_from=time(22), quiet_until=time(7))
    answer = login(anna).post(URL, quiet_hours_post(start, end))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert quiet_hours_of(anna) == (time(22), time(7))
