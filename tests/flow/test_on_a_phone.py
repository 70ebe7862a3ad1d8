"""What a phone shows: what a paged person presses, without scrolling, and no page wider than the screen."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Locator, Page, ViewportSize

from tests.factories import (
    NOW,
    AdminFactory,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    StaffProfileFactory,
    TicketFactory,
    UserFactory,
)
from tests.flow.browser import page
from tests.talk import asked, opened

pytestmark = [pytest.mark.flow, pytest.mark.django_db]
STYLES = Path(settings.BASE_DIR, "supportdesk/static/supportdesk/desk.css")
HEAD = 64  # pixels of the admin above
PHONE, DESKTOP = ViewportSize(width=390, height=844), ViewportSize(width=1400, height=900)
NARROW = ViewportSize(width=340, height=740)


@pytest.fixture
def html(client: Client, frozen: object) -> str:
    """The page of a P0 with a long conversation, as a duty manager gets it."""
    holder = UserFactory(groups=["Account manager"])
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=holder)))
    for number in range(5):
        asked(ticket, number)
    client.force_login(StaffProfileFactory(user=UserFactory(groups=["Duty manager"])).user)
    return without_parts(client, reverse("admin:tickets_ticket_change", args=[ticket.pk]))


def without_parts(client: Client, address: str) -> str:
    """A page without what it would load."""
    written = client.get(address).content.decode()
    return re.sub(r"<script.*?</script>|<link[^>]*>|<img[^>]*>", "", written, flags=re.DOTALL)


def show(window: Page, html: str, size: ViewportSize) -> None:
    """The desk's own part, without the admin around it."""
    window.set_viewport_size(size)
    window.set_content(html)
    window.evaluate("document.body.replaceChildren(document.querySelector('.desk'))")
    window.add_style_tag(path=STYLES)
    window.add_style_tag(content="body { margin: 16px }")  # as in the admin


def buttons_in(window: Page) -> list[Locator]:
    """Those that can be seen, in the order of the keyboard."""
    names = re.compile("Acknowledge|Take over|Escalate now")
    return [
        button for button in window.locator(".takes .btn").filter(has_text=names).all() if button.is_visible()
    ]


def test_a_paged_person_sees_what_to_press_without_scrolling(html: str) -> None:
    with page() as window:
        show(window, html, PHONE)
        boxes = [button.bounding_box() for button in buttons_in(window)]
        assert len(boxes) == 3
        assert all(box and HEAD + box["y"] + box["height"] < PHONE["height"] / 2 for box in boxes)
        question = window.locator(".t-main .m").first.bounding_box()
        assert all(box and question and box["y"] < question["y"] for box in boxes)
        assert window.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_on_a_desktop_the_acknowledge_buttons_stand_beside_the_conversation(html: str) -> None:
    with page() as window:
        show(window, html, DESKTOP)
        boxes = [button.bounding_box() for button in buttons_in(window)]
        assert len(boxes) == 3
        question = window.locator(".t-main .m").first.bounding_box()
        assert all(box and question and box["x"] > question["x"] + question["width"] for box in boxes)


def test_a_red_board_is_no_wider_than_the_phone(client: Client, frozen: object) -> None:
    subject = "【云雀互娱】东南亚用户晚高峰丢包严重，从昨晚开始一直没有恢复，请尽快处理"
    ClockFactory(ticket=TicketFactory(subject=subject), stranded_at=NOW)
    client.force_login(AdminFactory(email=""))
    html = without_parts(client, "/")
    with page() as window:
        show(window, html, PHONE)
        assert window.locator(".banner-stranded").is_visible()
        assert window.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_my_settings_stay_within_their_card_on_a_phone(client: Client, frozen: object) -> None:
    client.force_login(StaffProfileFactory(user=UserFactory(groups=["Account manager"])).user)
    html = without_parts(client, reverse("admin:my_settings"))
    with page() as window:
        show(window, html, NARROW)
        card = window.locator("form.card").first.bounding_box()
        inside = window.locator("form.card").first.locator("select, input[type=text], .btn").all()
        boxes = [element.bounding_box() for element in inside if element.is_visible()]
        assert len(boxes) > 4
        assert all(card and box and box["x"] + box["width"] < card["x"] + card["width"] for box in boxes)
