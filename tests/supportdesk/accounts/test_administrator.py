"""A fresh desk gets one administrator, who chooses a password first; a running one keeps those it has."""

from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import reverse

from supportdesk.accounts.administrator import ensure_administrator
from supportdesk.env import Env
from tests.factories import AdminFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nobody_yet() -> None:
    get_user_model().objects.filter(is_superuser=True).update(is_superuser=False)


def test_a_fresh_desk_gets_an_administrator_whose_password_works() -> None:
    new = ensure_administrator()
    assert new is not None
    user = authenticate(username=new.username, password=new.password)
    assert user is not None
    assert user.is_superuser
    assert len(new.password) >= 16


def test_an_administrator_is_created_once() -> None:
    ensure_administrator()
    assert ensure_administrator() is None


def test_an_administrator_who_may_not_log_in_is_replaced_by_another() -> None:
    first = ensure_administrator()
    get_user_model().objects.update(is_active=False)
    second = ensure_administrator()
    assert first
    assert second
    assert second.username != first.username


def test_a_new_administrator_gets_a_name_that_is_not_taken() -> None:
    for name in ("admin", "admin2"):
        get_user_model().objects.create_user(username=name)
    new = ensure_administrator()
    assert new
    assert new.username == "admin3"


OWN = "three-blind-mice-run"


def signed_in() -> Client:
    """The new administrator's browser after the first sign-in."""
    new = ensure_administrator()
    assert new
    client = Client()
    response = client.post(reverse("admin:login"), {"username": new.username, "password": new.password})
    assert response.status_code == 302
    return client


def choose(client: Client, password: str = OWN, email: str = "ops@company.example") -> Any:
    data = {"new_password1": password, "new_password2": password, "email": email}
    return client.post(reverse("admin:own_password"), data)


def administrator() -> User:
    return get_user_model().objects.get(username="admin")


@pytest.mark.parametrize("page", ["admin:index", "admin:auth_user_changelist", "admin:password_change"])
def test_with_the_one_time_password_every_page_leads_to_choosing_another(page: str) -> None:
    client = signed_in()
    for response in (client.get(reverse(page)), client.post(reverse(page), {})):
        assert (response.status_code, response["Location"]) == (302, reverse("admin:own_password"))
    assert "Email address" in client.get(reverse("admin:own_password")).content.decode()


def test_choosing_a_password_and_an_address_opens_the_desk() -> None:
    client = signed_in()
    response = choose(client)
    assert (response.status_code, response["Location"]) == (302, reverse("admin:index"))
    assert client.get(reverse("admin:index")).status_code == 200
    assert administrator().email == "ops@company.example"
    again = Client()
    assert again.login(username="admin", password=OWN)
    assert again.get(reverse("admin:index")).status_code == 200


def test_after_the_choice_signing_in_asks_for_nothing_more() -> None:
    choose(signed_in())
    client = Client()
    client.post(reverse("admin:login"), {"username": "admin", "password": OWN})
    assert client.get(reverse("admin:index")).status_code == 200


def test_an_administrator_who_leaves_without_choosing_is_asked_at_the_next_sign_in() -> None:
    new = ensure_administrator()
    assert new
    for _time in "ab":
        client = Client()
        client.post(reverse("admin:login"), {"username": new.username, "password": new.password})
        assert client.get(reverse("admin:index"))["Location"] == reverse("admin:own_password")


@pytest.mark.parametrize("how", ["inactive", "deleted"])
def test_the_browser_of_an_administrator_removed_before_the_choice_can_sign_in_again(how: str) -> None:
    client, users = signed_in(), get_user_model().objects.filter(username="admin")
    if how == "deleted":
        users.delete()
    else:
        users.update(is_active=False)
    assert client.get(reverse("admin:login")).status_code == 200
    assert client.get(reverse("admin:index"))["Location"].startswith(reverse("admin:login"))


def test_a_change_of_the_secret_key_does_not_skip_choosing_a_password(settings: Any) -> None:
    client, old = signed_in(), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another-key-" * 5, [old]
    assert client.get(reverse("admin:index"))["Location"] == reverse("admin:own_password")
    choose(client)
    assert client.get(reverse("admin:index")).status_code == 200


def test_an_administrator_may_sign_out_instead_of_choosing_a_password() -> None:
    client = signed_in()
    assert client.post(reverse("admin:logout")).status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    ("password", "email", "said"),
    [
        ("short", "ops@company.example", "too short"),
        (OWN, "", "This field is required"),
        (OWN, "nobody", "valid email address"),
    ],
)
def test_an_invalid_password_or_address_is_refused(password: str, email: str, said: str) -> None:
    client = signed_in()
    assert said in choose(client, password, email).content.decode()
    assert not administrator().check_password(OWN)


def test_the_one_time_password_cannot_be_chosen_again() -> None:
    new = ensure_administrator()
    assert new
    client = Client()
    client.post(reverse("admin:login"), {"username": new.username, "password": new.password})
    assert "the password you were given" in choose(client, new.password).content.decode()
    assert client.get(reverse("admin:index")).status_code == 302


def test_an_address_from_the_environment_is_not_asked_for(settings: Any) -> None:
    settings.DESK_ADMIN_EMAIL = "root@company.example"
    client = signed_in()
    assert "Email address" not in client.get(reverse("admin:own_password")).content.decode()
    choose(client, email="other@company.example")
    assert administrator().email == "root@company.example"


def test_the_address_in_the_environment_is_read_without_its_name_and_may_be_empty() -> None:
    read = [Env({"A": value}).bare_address("A") for value in ("Ops <ops@company.example>", "")]
    assert read == ["ops@company.example", ""]
    with pytest.raises(ImproperlyConfigured, match="A is 'nobody'"):
        Env({"A": "nobody"}).bare_address("A")


def test_other_users_are_sent_to_the_page_that_asks_for_the_old_password() -> None:
    client = Client()
    client.force_login(AdminFactory())
    response = choose(client)
    assert (response.status_code, response["Location"]) == (302, reverse("admin:password_change"))


def test_a_password_changed_elsewhere_signs_that_session_out() -> None:
    client = signed_in()
    assert client.get(reverse("alive")).status_code == 200
    user = administrator()
    user.set_password(OWN)
    user.save()
    assert client.get(reverse("admin:index"))["Location"].startswith(reverse("admin:login"))
