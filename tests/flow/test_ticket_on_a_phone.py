"""What a paged person sees of a ticket on a phone without scrolling, and that it stands where it stood on a desktop."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Locator, Page

from tests.factories import ContactFactory, CustomerFactory, StaffProfileFactory, UserFactory
from tests.flow.browser import page
from tests.talk import asked, opened

pytestmark = [pytest.mark.flow, pytest.mark.django_db]
STYLES = Path(settings.BASE_DIR, "supportdesk/static/supportdesk/desk.css")
HEAD = 64  # pixels of the admin above
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1400, "height": 900}


@pytest.fixture
def html(client: Client, frozen: object) -> str:
    """The page of a P0 with a long conversation, as its account manager's deputy gets it; styles come apart."""
    holder = UserFactory(groups=["Account manager"])
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=holder)))
    for number in range(5):
        asked(ticket, number)
    reader = StaffProfileFactory(user=UserFactory(groups=["Duty manager"])).user
    client.force_login(reader)
    written = client.get(reverse("admin:tickets_ticket_change", args=[ticket.pk])).content.decode()
    return re.sub(r"<script.*?</script>|<link[^>]*>|<img[^>]*>", "", written, flags=re.DOTALL)


def shown(window: Page, html: str, size: dict[str, int]) -> list[Locator]:
    """The buttons of the kind that can be seen, in the order of the keyboard."""
    window.set_viewport_size(size)  # type: ignore[arg-type]  # a TypedDict of Playwright's own
    window.set_content(html)
    window.evaluate(
        "document.body.replaceChildren(document.querySelector('.desk'))"
    )  # without the admin around
    window.add_style_tag(path=STYLES)
    names = ("Acknowledge", "Take over", "Escalate now")
    found = window.locator(".takes .btn").filter(has_text=re.compile("|".join(names)))
    return [one for one in found.all() if one.is_visible()]


def test_a_paged_person_sees_what_to_press_without_scrolling(html: str) -> None:
    with page() as window:
        buttons = shown(window, html, PHONE)
        assert len(buttons) == 3
        boxes = [one.bounding_box() for one in buttons]
        assert all(box and HEAD + box["y"] + box["height"] < PHONE["height"] / 2 for box in boxes)
        question = window.locator(".t-main .m").first.bounding_box()
        assert all(box and question and box["y"] < question["y"] for box in boxes)
        assert window.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_on_a_desktop_it_stands_beside_the_conversation(html: str) -> None:
    with page() as window:
        buttons = shown(window, html, DESKTOP)
        assert len(buttons) == 3
        question = window.locator(".t-main .m").first.bounding_box()
        for one in buttons:
            box = one.bounding_box()
            assert box
            assert question
            assert box["x"] > question["x"] + question["width"]
