"""A fresh desk gets one administrator, and a running one keeps those it has."""

import pytest
from django.contrib.auth import authenticate, get_user_model

from supportdesk.administrator import ensure_administrator

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


def test_an_administrator_who_may_not_log_in_is_none() -> None:
    first = ensure_administrator()
    get_user_model().objects.update(is_active=False)
    second = ensure_administrator()
    assert first
    assert second
    assert second.username != first.username


def test_a_name_that_is_taken_is_left_to_its_owner() -> None:
    for name in ("admin", "admin2"):
        get_user_model().objects.create_user(username=name)
    new = ensure_administrator()
    assert new
    assert new.username == "admin3"
