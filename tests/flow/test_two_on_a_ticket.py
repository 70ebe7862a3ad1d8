"""Two browsers on one ticket, where of two answers the second is held; and a day by the keyboard alone."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from customers import time_of_record
from escalation.templatetags.promises import person
from tests.factories import ContactFactory, CustomerFactory, MailboxFactory, set_desk, staff
from tests.flow.browser import page
from tests.talk import words
from tickets.services.opening import open_ticket

pytestmark = [pytest.mark.flow, pytest.mark.django_db(transaction=True)]

SOON = 6_000  # milliseconds: the page asks every 2.5 seconds, and the machine may be busy


@dataclass(frozen=True)
class Colleague:
    name: str
    session: str


def signed_in(user: User) -> Colleague:
    client = Client()
    client.force_login(user)
    return Colleague(person(user), client.cookies["sessionid"].value)


@dataclass(frozen=True)
class Case:
    anna: Colleague
    bob: Colleague
    address: str


@pytest.fixture
def case() -> Case:
    """Written before a browser is opened: inside Playwright's loop Django would open a connection of its own."""
    MailboxFactory()
    bob = staff("bob", groups=["Team lead"])
    anna = staff("anna", groups=["Account manager"], reports_to=bob)
    set_desk(duty_manager=bob)
    contact = ContactFactory(customer=CustomerFactory(account_manager=anna))
    now = time_of_record.now()
    ticket = open_ticket(
        subject="Black screen", content=words(), received_at=now, at=now, priority=2,
        customer=contact.customer, contact=contact,
    )  # fmt: skip
    return Case(signed_in(anna), signed_in(bob), reverse("admin:tickets_ticket_change", args=[ticket.pk]))


def show(window: Page, server: str, colleague: Colleague, address: str) -> None:
    window.context.add_cookies([{"name": "sessionid", "value": colleague.session, "url": server}])
    window.goto(server + address)


def test_two_colleagues_see_each_other_and_the_second_answer_is_held(live_server, case):
    with page() as annas:
        bobs = annas.context.browser.new_context().new_page()
        show(annas, live_server.url, case.anna, case.address)
        show(bobs, live_server.url, case.bob, case.address)
        here = annas.locator(".t-head [data-here-place]")
        expect(here).to_contain_text(f"{case.bob.name} is viewing", timeout=SOON)

        annas.locator("#reply-body").fill("Please restart.")
        expect(bobs.locator(".t-head [data-here-place]")).to_contain_text("is writing", timeout=SOON)
        bobs.locator("#reply-body").fill("Set the codec to H.264.")
        expect(here).to_contain_text(f"{case.bob.name} is writing", timeout=SOON)

        bobs.locator("#reply-body").press("Control+Enter")
        expect(bobs.locator(".m-outbound")).to_contain_text("Set the codec")
        annas.locator("#reply-body").press("Control+Enter")
        notice = annas.locator(".pane-reply .notice")
        expect(notice).to_contain_text(f"{case.bob.name} answered in the meantime")
        expect(notice.locator("blockquote")).to_contain_text("Set the codec to H.264.")
        expect(annas.locator("#reply-body")).to_have_value("Please restart.")
        expect(annas.locator("#news")).to_contain_text("has just answered", timeout=SOON)

        notice.get_by_role("button", name="Send all the same").click()
        expect(annas.locator(".m-outbound")).to_have_count(2)
        bobs.close()
        expect(here).to_be_empty(timeout=SOON)


def test_a_ticket_is_found_and_answered_by_the_keyboard_alone(live_server, case):
    with page() as window:
        show(window, live_server.url, case.bob, "/")
        window.keyboard.press("?")
        dialog = window.get_by_role("dialog", name="Keyboard shortcuts")
        expect(dialog).to_contain_text("Next and previous row")
        window.keyboard.press("j")  # nothing happens behind the dialog
        window.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(window.locator("tr.on")).to_have_count(0)

        window.keyboard.press("/")
        expect(window.locator("#id_q")).to_be_focused()
        window.keyboard.type("jr?")
        expect(window.locator("#id_q")).to_have_value("jr?")
        window.locator("#id_q").fill("")
        window.keyboard.press("Escape")

        window.keyboard.press("j")
        expect(window.locator("tr.on .c-ticket > a")).to_be_focused()
        window.keyboard.press("o")
        window.wait_for_url(f"**{case.address}")
        window.keyboard.press("t")
        expect(window.get_by_text("The ticket is yours")).to_be_visible()
        window.keyboard.press("n")
        expect(window.locator("#note-body")).to_be_focused()
        window.keyboard.type("Looks like a codec.")
        window.keyboard.press("Control+Enter")
        expect(window.locator(".m-note", has_text="Looks like a codec.")).to_be_visible()
        window.keyboard.press("r")
        expect(window.locator("#reply-body")).to_be_focused()
        window.locator("#reply-body").blur()
        window.keyboard.press("g")
        window.keyboard.press("b")
        expect(window.locator("#board")).to_be_visible()
