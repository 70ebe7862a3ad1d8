"""One mail to several mailboxes: one ticket, and the strictest mailbox decides, whichever copy comes first."""

from datetime import timedelta

import pytest

from escalation.clocks.ledger_verification import verify
from escalation.models import Clock
from tests.factories import NOW, AdminFactory, ContactFactory, CustomerFactory, MailboxFactory, set_desk
from tests.rawmail import rawmail
from tickets.choices import Priority
from tickets.models import InboundEmail, Mailbox, Ticket
from tickets.services.intake import process, receive_raw
from tickets.services.proposals import reject_proposal
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


@pytest.mark.parametrize("default", [Priority.P0, Priority.P1])
@pytest.mark.parametrize("is_rejected_first", [True, False])
def test_a_rejected_proposal_leaves_the_promise_of_the_other_mailbox_in_either_order(
    mild, strict, default, is_rejected_first
):
    """It was about the words; the mailbox promises its priority whatever the words are."""
    Mailbox.objects.filter(pk=strict.pk).update(default_priority=default)
    mail, admin = rawmail(body="Total outage, all users are affected."), AdminFactory()
    ContactFactory(email="li@company.example", customer=CustomerFactory(account_manager=admin))
    ticket = arrive(mild, raw=mail).ticket
    proposal = ticket.proposals.get()
    assert (proposal.priority, proposal.usual) == (Priority.P0, Priority.P2)
    if not is_rejected_first:
        arrive(strict, minutes=1, raw=mail)
    reject_proposal(ticket=ticket, actor=admin, at=NOW + timedelta(minutes=2))
    if is_rejected_first:
        arrive(strict, minutes=3, raw=mail)
    ticket.refresh_from_db()
    assert ticket.priority == default
    assert verify(ticket=ticket.pk).mismatches == ()


@pytest.mark.parametrize("is_decided_first", [True, False])
def test_a_priority_that_a_person_chose_instead_of_a_proposed_one_stands_in_either_order(
    mild, strict, is_decided_first
):
    mail, admin = rawmail(body="Total outage, all users are affected."), AdminFactory()
    ContactFactory(email="li@company.example", customer=CustomerFactory(account_manager=admin))
    ticket = arrive(mild, raw=mail).ticket
    if not is_decided_first:
        arrive(strict, minutes=1, raw=mail)
    at = NOW + timedelta(minutes=2)
    change_priority(ticket=ticket, priority=Priority.P2, actor=admin, at=at, reason="One room only")
    if is_decided_first:
        arrive(strict, minutes=3, raw=mail)
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P2


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
