"""What somebody wrote down more than a quarter of an hour later is marked wherever its time is shown."""

import pytest
from django.urls import reverse

from tests.adminpages import page_url
from tests.factories import AdminFactory, ContactFactory, StaffProfileFactory
from tests.talk import answered, called, clock_of, opened
from tickets.choices import Channel, Priority

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

MARK = "written down later"


@pytest.fixture
def ticket():
    StaffProfileFactory(user=AdminFactory())
    return opened(-120, contact=ContactFactory(), priority=Priority.P2)


def pages(login, ticket):
    """The pages of the ticket and of its promise, the list of promises, and the ledger with its newest line."""
    client, clock = login(AdminFactory()), clock_of(ticket)
    addresses = [
        page_url(ticket), page_url(clock), page_url(clock.events.last()),
        reverse("admin:escalation_clock_changelist"), reverse("admin:escalation_clockevent_changelist"),
    ]  # fmt: skip
    return [client.get(address).content.decode() for address in addresses]


def test_a_call_written_down_an_hour_later_is_marked_on_every_page(login, ticket):
    called(ticket, -10, happened=-70)
    assert [MARK in html for html in pages(login, ticket)] == [True] * 5
    html = pages(login, ticket)[0]
    assert html.count(MARK) == 3  # beside the call, the end of the promise, and the line of the ledger


def test_a_call_written_down_at_once_and_a_reply_are_not(login, ticket):
    called(ticket, -10, happened=-20)
    answered(ticket, -5)
    assert not any(MARK in html for html in pages(login, ticket))


def test_a_start_that_was_written_down_later_is_marked(login):
    StaffProfileFactory(user=(author := AdminFactory()))
    ticket = opened(
        -120, noticed=-30, contact=ContactFactory(), priority=Priority.P2, channel=Channel.PHONE, actor=author
    )
    html = pages(login, ticket)
    assert all(MARK in one for one in html)
    assert html[0].count(MARK) == 4  # the head, the call, the start of the promise, the line of the ledger


def test_mail_that_was_fetched_late_is_not_marked(login):
    StaffProfileFactory(user=AdminFactory())
    ticket = opened(-120, noticed=-30, contact=ContactFactory(), priority=Priority.P2)
    assert not any(MARK in html for html in pages(login, ticket))
