"""Everybody sets the language and zone of what they see."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from customers.models import StaffProfile
from tests.factories import AdminFactory, staff

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]
URL = "/my-settings/"


def test_saving_changes_what_the_next_page_speaks(login: Login) -> None:
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
    assert "Mars/Base is no time zone" in html


def test_others_settings_cannot_be_reached(login: Login) -> None:
    anna, bob = staff(), staff(time_zone="Europe/Berlin")
    login(anna).post(URL, {"user": bob.pk, "language": "en", "time_zone": "Asia/Tokyo"})
    assert StaffProfile.objects.get(user=bob).time_zone == "Europe/Berlin"
