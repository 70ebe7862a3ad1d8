"""Calls and openings recorded more than a quarter of an hour late are marked wherever their time is shown."""

import csv
import io

import pytest
from django.urls import reverse

from tests.adminpages import page_url
from tests.factories import AdminFactory, ContactFactory, StaffProfileFactory
from tests.talk import answered, called, clock_of, minute, opened
from tickets.choices import Channel, Priority

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

MARK = "logged later"


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


def test_a_call_written_down_at_once_and_a_reply_are_not_marked(login, ticket):
    called(ticket, -10, happened=-20)
    answered(ticket, -5)
    assert not any(MARK in html for html in pages(login, ticket))


def test_a_start_that_was_written_down_later_is_marked(login):
    StaffProfileFactory(user=(author := AdminFactory()))
    ticket = opened(
        -120, noticed=-30, contact=ContactFactory(), priority=Priority.P2, channel=Channel.PHONE, actor=author
    )
    html = pages(login, ticket)
    assert all(MARK in page_html for page_html in html)
    assert html[0].count(MARK) == 4  # the head, the call, the start of the promise, the line of the ledger


def lists(login):
    """The board with its two halves, and the tickets' list."""
    client = login(AdminFactory())
    addresses = ["/", "/?promise=none", reverse("admin:tickets_ticket_changelist")]
    return [MARK in client.get(address).content.decode() for address in addresses]


def test_tickets_opened_by_a_backdated_message_are_marked_in_the_lists(login):
    StaffProfileFactory(user=(author := AdminFactory()))
    words = {"contact": ContactFactory(), "priority": Priority.P2, "channel": Channel.PHONE, "actor": author}
    ticket = opened(-120, noticed=-30, **words)
    assert lists(login) == [True, False, True]
    called(ticket, -20)
    assert lists(login) == [True, True, True]


def test_tickets_opened_at_once_or_fetched_late_are_not_marked_in_the_lists(login):
    StaffProfileFactory(user=(author := AdminFactory()))
    opened(-120, noticed=-30, contact=ContactFactory(), priority=Priority.P2)
    opened(-40, noticed=-30, contact=ContactFactory(), channel=Channel.PHONE, actor=author)
    assert lists(login) == [False] * 3


def test_an_export_says_when_the_opening_was_written_down(login):
    StaffProfileFactory(user=(author := AdminFactory()))
    late = opened(-120, noticed=-30, contact=ContactFactory(), channel=Channel.GROUP, actor=author)
    soon = opened(-45, noticed=-30, contact=ContactFactory(), channel=Channel.PHONE, actor=author)
    mail = opened(-120, noticed=-30, contact=ContactFactory())
    text = b"".join(login(AdminFactory()).get(reverse("admin:board_export"))).decode("utf-8-sig")
    row_by_number = {row["ticket"]: row for row in csv.DictReader(io.StringIO(text))}
    assert [row_by_number[ticket_row.number]["opened_backdated"] for ticket_row in (late, soon, mail)] == [
        "yes",
        "no",
        "no",
    ]
    assert {row["opened_recorded_at"] for row in row_by_number.values()} == {minute(-30).isoformat()}


def test_mail_that_was_fetched_late_is_not_marked(login):
    StaffProfileFactory(user=AdminFactory())
    ticket = opened(-120, noticed=-30, contact=ContactFactory(), priority=Priority.P2)
    assert not any(MARK in html for html in pages(login, ticket))
