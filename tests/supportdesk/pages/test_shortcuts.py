"""The keyboard: a list of the shortcuts over any page, and a switch that turns them off for one person."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.factories import UserFactory, staff

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]
SCRIPT = "supportdesk/keys.js"
SETTINGS = {"language": "en", "time_zone": "Asia/Tokyo", "phone": ""}


def test_the_key_gets_only_the_list_and_the_link_a_page(login: Login) -> None:
    client = login(staff())
    listed = client.get(reverse("admin:shortcuts"), headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in listed
    assert "Next ticket of the list you came from" in listed
    assert "<html" in client.get(reverse("admin:shortcuts")).content.decode()


def test_a_switch_in_my_settings_turns_the_keys_off_and_on_again(login: Login) -> None:
    client, page = login(staff()), reverse("admin:my_settings")
    assert SCRIPT in client.get(page).content.decode()
    client.post(page, SETTINGS)
    html = client.get(page).content.decode()
    assert SCRIPT not in html
    assert 'name="has_shortcuts" id="id_has_shortcuts">' in html
    client.post(page, {**SETTINGS, "has_shortcuts": "on"})
    assert SCRIPT in client.get(page).content.decode()


def test_nobody_s_switch_is_another_s(login: Login) -> None:
    client = login(staff())
    client.post(reverse("admin:my_settings"), SETTINGS)
    assert SCRIPT in login(UserFactory()).get(reverse("admin:shortcuts")).content.decode()


def test_the_sign_in_page_has_no_keys(client: Client) -> None:
    assert SCRIPT not in client.get(reverse("admin:login")).content.decode()
