"""One mail to several mailboxes: one ticket, and the strictest mailbox decides, whichever copy comes first."""

from datetime import timedelta

import pytest

from escalation.models import Clock
from tests.factories import NOW, AdminFactory, MailboxFactory, set_desk
from tests.rawmail import rawmail
from tickets.choices import Priority
from tickets.models import InboundEmail, Mailbox, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def mild() -> Mailbox:
    set_desk(intake_owner=AdminFactory())
    return MailboxFactory(address="support@desk.example", default_priority=Priority.P2)


@pytest.fixture
def strict(mild: Mailbox) -> Mailbox:
    return MailboxFactory(address="vip@desk.example", default_priority=Priority.P1)


def arrive(mailbox: Mailbox, minutes: int = 0, raw: bytes | None = None) -> InboundEmail:
    at = NOW + timedelta(minutes=minutes)
    row = process(receive_raw(raw=raw or rawmail(), received_at=at, via="imap", mailbox=mailbox).pk, now=at)
    assert row is not None
    return row


@pytest.mark.parametrize("message_id", ["<one@company.example>", ""])
@pytest.mark.parametrize("is_strict_first", [True, False])
def test_the_strictest_mailbox_decides_in_whichever_order_the_copies_arrive(
    mild, strict, is_strict_first, message_id
):
    boxes = [strict, mild] if is_strict_first else [mild, strict]
    first, second = (arrive(box, raw=rawmail(message_id=message_id)) for box in boxes)
    ticket = Ticket.objects.get()
    assert (second.copy_of, second.ticket) == (first, ticket)
    assert ticket.priority == Priority.P1
    assert Clock.objects.get().due_at == NOW + timedelta(hours=4)


def test_a_stricter_copy_that_comes_later_counts_from_its_own_receipt(mild, strict):
    arrive(mild)
    arrive(strict, minutes=30)
    assert Clock.objects.get().due_at == NOW + timedelta(hours=4, minutes=30)
    entry = Ticket.objects.get().timeline.get(fact="priority")
    assert (entry.at, "vip@desk.example" in entry.reason) == (NOW + timedelta(minutes=30), True)


def test_a_priority_that_a_person_set_stands(mild, strict):
    arrive(mild)
    change_priority(
        ticket=Ticket.objects.get(), priority=Priority.P3, actor=AdminFactory(), at=NOW, reason="minor"
    )
    arrive(strict, minutes=1)
    assert Ticket.objects.get().priority == Priority.P3


def test_a_ticket_that_is_done_keeps_its_priority(mild, strict):
    ticket = arrive(mild).ticket
    set_status(ticket=ticket, status="closed", actor=AdminFactory(), at=NOW, reason="done")
    arrive(strict, minutes=1)
    assert Ticket.objects.get().priority == Priority.P2


def test_a_copy_of_an_answer_leaves_the_ticket_s_priority(mild, strict):
    ticket = arrive(mild).ticket
    answer = rawmail(message_id="<two@company.example>", headers={"In-Reply-To": "<one@company.example>"})
    arrive(mild, minutes=5, raw=answer)
    arrive(strict, minutes=5, raw=answer)
    ticket.refresh_from_db()
    assert (ticket.priority, ticket.messages.filter(kind="inbound").count()) == (Priority.P2, 2)


RELAYED = rawmail(headers={"Received": "from relay.example by mx.desk.example; now"})


@pytest.mark.parametrize("is_copy_tried_first", [True, False])
def test_a_copy_to_the_same_mailbox_joins_the_ticket_and_has_sender_and_subject_in_its_row(
    mild, is_copy_tried_first
):
    rows = [receive_raw(raw=raw, received_at=NOW, via="imap", mailbox=mild) for raw in (rawmail(), RELAYED)]
    for row in reversed(rows) if is_copy_tried_first else rows:
        process(row.pk, now=NOW)
    first, copy = InboundEmail.objects.order_by("pk")
    ticket = Ticket.objects.get()
    assert (copy.copy_of, copy.state, copy.ticket) == (first, "processed", ticket)
    assert (copy.sender, copy.subject) == (first.sender, first.subject) != ("", "")
    assert copy.reason == "A copy of an email that came before."
    assert ticket.messages.filter(kind="inbound").count() == 1


def test_a_copy_of_a_parked_mail_opens_nothing(mild):
    notice = {"headers": {"Auto-Submitted": "auto-generated", "List-Id": "<news.example>"}}
    parked = arrive(mild, raw=rawmail(**notice))
    copy = arrive(mild, raw=b"Received: from relay.example\r\n" + rawmail(**notice))
    assert (parked.state, copy.copy_of, copy.state) == ("parked", parked, "processed")
    assert not Ticket.objects.exists()
