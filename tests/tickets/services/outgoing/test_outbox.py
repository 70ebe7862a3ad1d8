"""What stands in an outbox row: to whom, under which subject, in which thread.

Tests reply_mail too.
"""

import pytest

from tests.factories import (
    NOW,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    MessageFactory,
    OutboundMessageFactory,
    TicketFactory,
    UserFactory,
)
from tickets.choices import MailPurpose, OutboxState
from tickets.errors import DeskError
from tickets.mail.threading import read_message_id, reply_address, signing_keys
from tickets.models import OutboundEmail, Ticket
from tickets.services.mailboxes import Mailboxes
from tickets.services.outgoing.outbox import StoredFile, answer_subject, cut_references, queue_mail
from tickets.services.outgoing.reply_mail import queue_reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket() -> Ticket:
    mailbox = MailboxFactory(address="rooms@desk.example", name="Rooms")
    contact = ContactFactory(email="li@company.example", customer=CustomerFactory(time_zone="Asia/Shanghai"))
    return TicketFactory(contact=contact, customer=contact.customer, mailbox=mailbox, subject="Black screen")


def queue(**more: object) -> OutboundEmail:
    given = {
        "purpose": MailPurpose.NOTIFICATION,
        "recipients": ["ann@staff.example"],
        "subject": "Hello",
        "text": "Text",
        "at": NOW,
    }
    return queue_mail(**{**given, **more})  # type: ignore[arg-type]


def test_a_queued_mail_is_due_at_once():
    mail = queue()
    mail.refresh_from_db()
    assert (mail.state, mail.next_try_at, mail.created_at) == (OutboxState.QUEUED, NOW, NOW)


def test_delivery_is_nudged_once_after_the_commit(queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _number in range(3):
            queue()
    assert queued.names == ["tickets.tasks.deliver_outbox"]


def test_a_mail_of_the_desk_comes_from_its_address(settings):
    settings.DESK_ADDRESS = "Help <help@desk.example>"
    assert queue().sender == "Help <help@desk.example>"


def test_a_ticket_s_mail_comes_from_its_mailbox(ticket):
    assert queue(ticket=ticket).sender == "Rooms <rooms@desk.example>"


def test_the_message_id_names_the_ticket_and_is_signed(ticket):
    own_id = read_message_id(queue(ticket=ticket).rfc_message_id, secrets=signing_keys())
    assert own_id is not None
    assert own_id.ticket_number == ticket.pk


def test_every_mail_gets_its_own_message_id(ticket):
    assert queue(ticket=ticket).rfc_message_id != queue(ticket=ticket).rfc_message_id


def test_customers_answer_to_a_signed_address_and_colleagues_do_not(ticket):
    to_customer = queue(ticket=ticket, purpose=MailPurpose.ACKNOWLEDGEMENT)
    assert to_customer.headers["Reply-To"] == f"Rooms <{reply_address('rooms@desk.example', ticket.pk)}>"
    assert "Reply-To" not in queue(ticket=ticket).headers


def test_own_addresses_are_never_written_to(ticket):
    mail = queue(
        recipients=["ann@staff.example", "ROOMS+t1-x@desk.example"],
        copies=["support@desk.example", "bob@staff.example", "ann@staff.example"],
    )
    assert (mail.recipients, mail.copies) == (["ann@staff.example"], ["bob@staff.example"])


@pytest.mark.parametrize("recipients", [[], [""], ["rooms@desk.example"]])
def test_a_mail_to_nobody_is_refused(ticket, recipients):
    with pytest.raises(DeskError):
        queue(recipients=recipients)
    assert OutboundEmail.objects.count() == 0


NOT_BARE = [
    "ann@staff.example\r\nBcc: eve@nobody.example",
    "ann@staff.example\neve@nobody.example",
    "ann@staff.example\n",
    "ann@staff.example\x00",
    "an\x7fn@staff.example",
    "ann\u2028@staff.example",
    "ann\u202e@staff.example",
    "ann@staff.example\u200b",
    '"ann\x85"@staff.example',
    "ann@staff.example, eve@nobody.example",
    "Ann <ann@staff.example>",
    "=?utf-8?Q?eve=40nobody.example?=@staff.example",
    "nobody at all",
]


@pytest.mark.parametrize("field", ["recipients", "copies"])
@pytest.mark.parametrize("address", NOT_BARE)
def test_anything_but_one_bare_address_is_refused_and_never_read_as_another_address(address, field):
    with pytest.raises(DeskError, match="not an email address") as refusal:
        queue(**{"recipients": ["bob@staff.example"], field: [address]})
    assert str(refusal.value).isprintable()
    assert OutboundEmail.objects.count() == 0


@pytest.mark.parametrize(
    "address", ["Ann.B+x@Staff.example", '"ann b"@staff.example', "林悦@公司.example", "a'b=?@staff.example"]
)
def test_a_bare_address_is_written_to_as_it_stands(address):
    assert queue(recipients=[address]).recipients == [address]


def test_two_spellings_of_one_address_get_one_mail():
    mail = queue(
        recipients=["ann@staff.example", "Ann@Staff.example"],
        copies=["ANN@staff.example", "bob@staff.example"],
    )
    assert (mail.recipients, mail.copies) == (["ann@staff.example"], ["bob@staff.example"])


def test_the_ticket_tag_ends_the_subject_and_stands_there_once(ticket):
    assert (
        queue(ticket=ticket, subject=f"[SD#{ticket.pk}] Late\r\nX: y").subject
        == f"Late X: y [SD#{ticket.pk}]"
    )


def test_files_are_kept_as_names_and_paths():
    mail = queue(files=[StoredFile("week.csv", "packs/1", "text/csv")])
    assert mail.files == [{"name": "week.csv", "path": "packs/1", "type": "text/csv"}]


@pytest.mark.parametrize(
    "subject", ["Black screen", "Re: Black screen", "回复：RE: Black screen", "Re: Black screen [SD#9]"]
)
def test_the_subject_of_an_answer_starts_with_one_re(subject):
    assert answer_subject(subject) == "Re: Black screen"


def test_long_chains_of_references_are_cut_in_the_middle():
    chain = [f"{number}@x" for number in range(100)]
    cut = cut_references(chain)
    assert len(cut) == 20
    assert (cut[:2], cut[-1]) == (["0@x", "1@x"], "99@x")


def test_references_that_would_break_the_header_are_left_out():
    assert cut_references(["good@x", "bad @x", "a>\r\nBcc: b", ""]) == ["good@x"]


# Answers


def answer(ticket: Ticket, body: str = "Please update the SDK.", **more: object) -> OutboundEmail:
    author = UserFactory(first_name="Ann", last_name="Smith")
    message = OutboundMessageFactory(ticket=ticket, body=body, author=author)
    return queue_reply(message=message, ticket=ticket, at=NOW, **more)  # type: ignore[arg-type]


def test_an_answer_goes_to_the_contact_under_the_ticket_s_subject(ticket):
    mail = answer(ticket, copies=["cc@company.example"])
    assert mail.recipients == ["li@company.example"]
    assert mail.copies == ["cc@company.example"]
    assert mail.subject == f"Re: Black screen [SD#{ticket.pk}]"
    assert (mail.purpose, mail.ticket) == (MailPurpose.REPLY, ticket)


def test_an_answer_names_its_message_id_on_the_message(ticket):
    mail = answer(ticket)
    assert mail.message is not None
    mail.message.refresh_from_db()
    assert mail.message.rfc_message_id == mail.rfc_message_id


def test_an_answer_stands_above_the_customer_s_last_words(ticket):
    MessageFactory(ticket=ticket, body="Old question", rfc_message_id="old@company.example")
    MessageFactory(
        ticket=ticket,
        body="It is black.\nSince ten.",
        sender_name="Li Wei",
        rfc_message_id="new@company.example",
        at=NOW,
    )
    mail = answer(ticket)
    signature = f"-- \nAnn Smith\nSupport desk · Ticket {ticket.number}\n\n"
    assert mail.text.startswith(f"Please update the SDK.\n\n{signature}")
    assert (
        "On Wednesday 18 November 2026, 20:00 (UTC+8, Shanghai), Li Wei wrote:\n> It is black.\n> Since ten.\n"
        in mail.text
    )
    assert "Old question" not in mail.text
    assert mail.headers["In-Reply-To"] == "<new@company.example>"
    assert mail.headers["References"] == "<old@company.example> <new@company.example>"


def test_what_a_customer_wrote_cannot_become_markup(ticket):
    MessageFactory(ticket=ticket, body="<script>alert(1)</script>")
    html = answer(ticket, body="<b>Bold</b>").html
    assert "<script>" not in html
    assert "&lt;b&gt;Bold" in html


def test_an_answer_to_a_stranger_goes_to_whoever_wrote_last(ticket):
    Ticket.objects.filter(pk=ticket.pk).update(contact=None)
    ticket.refresh_from_db()
    MessageFactory(ticket=ticket, sender_address="ann@nobody.example")
    assert answer(ticket).recipients == ["ann@nobody.example"]


def test_an_answer_without_an_address_says_what_is_missing(ticket):
    Ticket.objects.filter(pk=ticket.pk).update(contact=None)
    ticket.refresh_from_db()
    with pytest.raises(DeskError):
        answer(ticket)


def test_queueing_costs_two_queries(ticket, count_queries):
    Mailboxes.load()
    assert count_queries(lambda: queue(ticket=ticket)) == 2
