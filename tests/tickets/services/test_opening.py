"""Opening a ticket: what stands in its row, its first message and its timeline."""

import pytest

from escalation.models import Clock
from tests.factories import NOW, ContactFactory, CustomerFactory, MailboxFactory, TicketFactory, staff
from tests.talk import lying, minute, opened, words
from tickets import events
from tickets.choices import Channel, Fact, MessageKind, OwnerRule, Priority, Status
from tickets.errors import DeskError
from tickets.events import CustomerWrote, TicketOpened
from tickets.message_content import NewFile
from tickets.models import Attachment, Message, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def ann():
    return staff("ann")


@pytest.fixture
def contact(ann):
    return ContactFactory(customer=CustomerFactory(account_manager=ann))


def test_a_ticket_opens_with_the_words_and_the_times_of_the_mail(ann, contact):
    mailbox, earlier = MailboxFactory(), TicketFactory()
    ticket = opened(
        0,
        noticed=3,
        priority=Priority.P2,
        contact=contact,
        mailbox=mailbox,
        follows=earlier,
        language="zh-hans",
    )
    ticket.refresh_from_db()
    assert (ticket.status, ticket.owner, ticket.priority) == (Status.NEW, ann, Priority.P2)
    assert (ticket.opened_at, ticket.updated_at, ticket.unanswered_since) == (NOW, minute(3), NOW)
    assert (ticket.mailbox, ticket.follows, ticket.language) == (mailbox, earlier, "zh-hans")
    message = ticket.messages.get()
    assert (message.kind, message.at, message.contact) == (MessageKind.INBOUND, NOW, contact)
    assert message.sender_address == "li@company.example"


def test_the_timeline_says_who_got_it_by_which_rule_and_names_the_first_message(ann, contact):
    ticket = opened(priority=Priority.P2, contact=contact)
    line = ticket.timeline.get(fact=Fact.OPENED)
    rule = OwnerRule.ACCOUNT_MANAGER.value
    assert line.data == {"owner": ann.pk, "rule": rule, "message": ticket.messages.get().pk}


def test_files_are_stored_under_a_path_that_does_not_reveal_their_names(contact):
    file = NewFile(
        name="../../log.txt", data=b"4006", content_type="text/plain", content_id="x", is_inline=True
    )
    opened(contact=contact, words=words(files=lying(file)))
    attachment = Attachment.objects.get()
    assert (attachment.name, attachment.size, attachment.content_id, attachment.is_inline) == (
        "../../log.txt",
        4,
        "x",
        True,
    )
    assert "log" not in attachment.file.name
    assert attachment.file.read() == b"4006"
    attachment.file.close()


def test_overlong_header_values_are_cut_to_their_columns(contact):
    opened(contact=contact, words=words(sender_name="n" * 500, rfc_message_id="i" * 2000))
    message = Message.objects.get()
    assert (len(message.sender_name), len(message.rfc_message_id)) == (200, 998)


def test_a_mail_from_a_server_whose_clock_is_ahead_counts_from_now(contact):
    ticket = opened(5, noticed=0, contact=contact)
    assert ticket.opened_at == ticket.messages.get().at == NOW


@pytest.mark.parametrize(("happened", "refused"), [(-60, False), (0, False), (1, True)])
def test_a_call_entered_by_hand_lies_in_the_past(ann, contact, happened, refused):
    if refused:
        with pytest.raises(DeskError, match="future"):
            opened(happened, noticed=0, contact=contact, actor=ann, channel=Channel.PHONE)
        assert not Ticket.objects.exists()
        return
    ticket = opened(happened, noticed=0, contact=contact, actor=ann, channel=Channel.PHONE)
    message = ticket.messages.get()
    assert (message.author, message.channel, message.at) == (ann, Channel.PHONE, minute(happened))


def test_opening_is_announced_before_the_first_words(contact, monkeypatch):
    heard = []
    for kind in (TicketOpened, CustomerWrote):
        monkeypatch.setitem(events._handlers, kind, [lambda events: heard.extend(map(type, events))])
    opened(contact=contact)
    assert heard == [TicketOpened, CustomerWrote]


def test_a_failing_listener_rolls_back_the_new_ticket(contact, monkeypatch):
    def fail(event):
        raise RuntimeError("no clock")

    monkeypatch.setitem(events._handlers, CustomerWrote, [fail])
    with pytest.raises(RuntimeError, match="no clock"):
        opened(contact=contact)
    assert not Ticket.objects.exists()
    assert not Clock.objects.exists()


def test_a_stranger_gets_a_ticket_without_a_company(ann):
    stranger = ContactFactory(customer=None)
    assert opened(contact=stranger).customer is None
