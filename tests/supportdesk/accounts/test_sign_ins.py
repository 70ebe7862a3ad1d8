"""The record of sign-ins: one row each, without secrets, for as long as it is kept."""

import logging
from datetime import timedelta

import pytest
from django.test import RequestFactory

from supportdesk.accounts.sign_ins import (
    Visitor,
    forget_sign_ins,
    has_signed_in,
    record_sign_in,
    visitor_of,
)
from supportdesk.models import SignIn, SignInMethod, SignInOutcome
from tests.factories import NOW, staff

pytestmark = pytest.mark.django_db
HERE = Visitor("198.51.100.7", "d" * 32, "Mozilla/5.0")


def recorded(outcome=SignInOutcome.SIGNED_IN, *, user=None, name="ann", at=NOW):
    return record_sign_in(HERE, user=user, name=name, method=SignInMethod.PASSWORD, outcome=outcome, at=at)


def test_a_row_is_bounded_whatever_a_browser_sends():
    request = RequestFactory().get("/", headers={"User-Agent": "x" * 5_000 + "\x00"})
    record_sign_in(
        visitor_of(request), user=None, name="n" * 5_000, method=SignInMethod.PASSWORD,
        outcome=SignInOutcome.WRONG, at=NOW,
    )  # fmt: skip
    row = SignIn.objects.get()
    assert (len(row.name), len(row.agent)) == (60, 200)


def test_the_log_has_a_line_without_what_was_typed(caplog):
    with caplog.at_level(logging.INFO, "supportdesk"):
        row = recorded(SignInOutcome.WRONG, name="hunter2")
    assert caplog.messages == [f"Sign-in {row.pk}: wrong, an unknown name, from 198.51.100.7"]


def test_a_browser_is_known_to_whom_it_signed_in_only():
    ann, ben = staff("ann"), staff("ben")
    recorded(user=ann)
    recorded(SignInOutcome.WRONG, user=ben)
    assert has_signed_in(ann, HERE.device)
    assert not has_signed_in(ben, HERE.device)
    assert not has_signed_in(ann, "e" * 32)
    assert not has_signed_in(None, HERE.device)


def test_the_cookie_of_a_browser_cannot_be_forged():
    request = RequestFactory().get("/")
    request.COOKIES["desk_device"] = "d" * 32 + ":forged"
    assert visitor_of(request).device == ""


def test_rows_are_kept_as_long_as_the_setting_says(settings):
    settings.SIGN_IN_KEEP_DAYS = 30
    recorded(at=NOW - timedelta(days=30, seconds=1))
    kept = recorded(at=NOW - timedelta(days=30))
    assert forget_sign_ins(at=NOW) == 1
    assert list(SignIn.objects.all()) == [kept]


def test_the_row_of_a_deleted_user_stays():
    ann = staff("ann")
    recorded(user=ann)
    ann.delete()
    assert SignIn.objects.get().name == "ann"
