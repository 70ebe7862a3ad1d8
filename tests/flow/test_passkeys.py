"""Passkeys in a real browser, with the virtual authenticator of Chromium: added, used to sign in, used as a proof."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import connections
from playwright.sync_api import Page

from supportdesk.models import SignIn, SignInRule
from tests.factories import staff
from tests.flow.browser import page

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]
PASSWORD = "correct horse 7"
SETTINGS = re.compile(r"//[^/]+/my-settings/$")
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def ann(monkeypatch: pytest.MonkeyPatch) -> User:
    """Playwright's own loop runs in this thread, in which Django would refuse every query."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    user = staff("ann", groups=["Account manager"])
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def desk(live_server: Any) -> str:
    """The address by the name localhost: browsers know no passkeys for numbers."""
    return str(live_server.url).replace("127.0.0.1", "localhost")


@contextmanager
def window_with_key(language: str = "en") -> Iterator[Page]:
    with page(language) as window:
        session = window.context.new_cdp_session(window)
        session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        try:
            yield window
        finally:
            connections.close_all()  # within Playwright's loop Django has connections of its own


def sign_in(window: Page, desk: str, path: str = "/my-settings/") -> None:
    window.goto(desk + path)
    window.fill("input[name=username]", "ann")
    window.fill("input[name=password]", PASSWORD)
    window.press("input[name=password]", "Enter")


def add_passkey(window: Page, desk: str) -> None:
    window.goto(f"{desk}/account/second-factor/keys/add/")
    window.fill("input[name=name]", "Ann's laptop")
    window.click("#add_key")
    window.wait_for_url("**/codes/")


def fits(window: Page) -> bool:
    return bool(window.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_a_passkey_signs_in_without_the_password(ann: User, desk: str) -> None:
    with window_with_key() as window:
        sign_in(window, desk)
        window.wait_for_url(SETTINGS)
        add_passkey(window, desk)
        assert len(re.findall(r"\b\d{8}\b", window.inner_text(".codes"))) == 10
        window.context.clear_cookies()
        window.goto(f"{desk}/my-settings/")
        window.click("#use_key")
        window.wait_for_url(SETTINGS)
        assert "My settings" in window.title()
    assert SignIn.objects.filter(user=ann, outcome="in").latest("pk").method == "passkey"
    assert Authenticator.objects.get(type="webauthn").wrap().name == "Ann's laptop"


def test_after_the_password_the_key_is_the_second_factor(ann: User, desk: str) -> None:
    with window_with_key() as window:
        sign_in(window, desk)
        window.wait_for_url(SETTINGS)
        add_passkey(window, desk)
        window.context.clear_cookies()
        sign_in(window, desk)
        window.wait_for_url("**/second-factor/sign-in/")
        window.click("#use_key")
        window.wait_for_url(SETTINGS)
    assert SignIn.objects.filter(user=ann, outcome="in").latest("pk").method == "webauthn"


def test_a_member_of_a_group_that_requires_one_sets_it_up_on_the_phone_in_chinese(
    ann: User, desk: str
) -> None:
    profile = ann.staff_profile
    profile.language = "zh-hans"
    profile.save()
    SignInRule.objects.create(group=Group.objects.get(name="Account manager"), needs_second_factor=True)
    with window_with_key("zh-CN") as window:
        window.set_viewport_size(PHONE)
        sign_in(window, desk, "/")
        window.wait_for_url("**/account/second-factor/")
        assert "你所在的组要求使用第二重验证" in window.inner_text("body")
        assert fits(window)
        window.click("text=添加密钥")
        window.wait_for_url("**/keys/add/")
        assert fits(window)
        window.click("#add_key")
        window.wait_for_url("**/codes/")
        assert fits(window)
        window.goto(f"{desk}/my-settings/")
        assert window.url.endswith("/my-settings/")


def test_a_passkey_is_the_proof_before_what_is_dangerous(ann: User, desk: str) -> None:
    User.objects.filter(pk=ann.pk).update(is_superuser=True)
    with window_with_key() as window:
        sign_in(window, desk)
        window.wait_for_url(SETTINGS)
        add_passkey(window, desk)
        forget_proofs()
        window.goto(f"{desk}/auth/group/add/")
        window.wait_for_url("**/account/proof/**")
        window.click("text=Use a security key")
        window.click("#use_key")
        window.wait_for_url("**/auth/group/add/")


def forget_proofs() -> None:
    """As if a quarter of an hour had passed, in each session."""
    for row in Session.objects.all():
        store = row.get_session_store_class()(row.session_key)
        store["desk_proved"] = 0
        store.save()


def test_a_key_of_another_browser_is_refused_with_a_sentence(ann: User, desk: str) -> None:
    with window_with_key() as window:
        window.goto(f"{desk}/login/")
        window.click("#use_key")
        window.wait_for_selector("[data-key-failed]:visible")
        assert "The key was not used" in window.inner_text("[data-key-failed]")
    assert settings.MFA_PASSKEY_LOGIN_ENABLED
