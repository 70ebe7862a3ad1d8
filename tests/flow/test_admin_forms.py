"""Forms of the admin as a browser lays them out: none is wider than the screen, and their scripts speak Chinese."""

import re
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page

from tests.adminpages import page_url
from tests.factories import staff
from tests.flow.browser import page

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True)
class SignedIn:
    page: str  # of the user
    session: str


@pytest.fixture
def root():
    """Signed in before a browser is opened: inside Playwright's loop Django would open a connection of its own."""
    user = staff("root", language="zh-hans")
    User.objects.filter(pk=user.pk).update(is_superuser=True)
    client = Client()
    client.force_login(user)
    return SignedIn(page_url(user), client.cookies["sessionid"].value)


def show(window: Page, server: str, user: SignedIn, address: str) -> None:
    window.context.add_cookies([{"name": "sessionid", "value": user.session, "url": server}])
    window.goto(server + address)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_form_is_wider_than_the_screen(live_server, root, theme):
    with page("zh-CN") as window:
        window.emulate_media(color_scheme=theme)
        for address in (root.page, reverse("admin:auth_user_add"), reverse("admin:auth_group_add")):
            show(window, live_server.url, root, address)
            window.locator(".selector-chosen").wait_for()
            root_element = "document.documentElement"
            assert window.evaluate(f"{root_element}.scrollWidth - {root_element}.clientWidth") == 0, address


def test_the_chooser_of_groups_speaks_chinese(live_server, root):
    with page("zh-CN") as window:
        show(window, live_server.url, root, root.page)
        window.locator(".selector-chosen").wait_for()
        labels = window.locator(".selector :is(p, button, label, span):visible").all_inner_texts()
        assert any("选择全部" in text for text in labels)
        assert [text for text in labels if re.search("[A-Za-z]", text)] == []
        assert window.locator('[aria-label="scrollable content"]').count() == 0
