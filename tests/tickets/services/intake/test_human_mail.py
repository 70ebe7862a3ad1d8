"""Mails of people: matched to contact and customer, opened as tickets or appended where their writer may.

Tests senders, authentication, ticket_matching, forwarding and the hourly limit too.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest

from customers.models import Contact
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    MailDomainFactory,
    MessageFactory,
    OutboundEmailFactory,
    TicketFactory,
    UserFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tickets.choices import IntakeState, MessageKind, Priority, Status
from tickets.mail.threading import new_message_id, reply_address
from tickets.models import InboundEmail, Mailbox, OutboundEmail, Ticket
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mailbox() -> Mailbox:
    set_desk(intake_owner=AdminFactory())
    return MailboxFactory(address="support@desk.example", name="Support")


def arrive(
    raw: bytes | None = None, *, at: datetime = NOW, envelope_to: tuple[str, ...] = (), **mail: Any
) -> InboundEmail:
    stored = receive_raw(raw=raw or rawmail(**mail), received_at=at, via="imap", envelope_to=envelope_to)
    row = process(stored.pk, now=at + timedelta(seconds=5))
    assert row is not None
    assert row.error == ""
    return row


def notes(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(kind=MessageKind.NOTE).values_list("body", flat=True))


# Who wrote


def test_a_known_contact_opens_a_ticket_of_their_customer():
    contact = ContactFactory(email="Li@Company.example")
    row = arrive(sender="Li <li@company.example>")
    assert row.state == IntakeState.PROCESSED
    assert (row.ticket.contact, row.ticket.customer) == (contact, contact.customer)
    assert row.ticket.opened_at == NOW
    assert row.message.at == NOW
    assert row.message.rfc_message_id == "one@company.example"
    assert (row.sender, row.subject) == ("li@company.example", "Black screen")
    assert notes(row.ticket) == []


def test_the_mail_domain_names_the_company_of_a_new_contact():
    customer = MailDomainFactory(domain="company.example").customer
    ticket = arrive(sender="Wang <wang@cn.mail.company.example>").ticket
    assert ticket.customer == customer
    assert (ticket.contact.email, ticket.contact.name) == ("wang@cn.mail.company.example", "Wang")


def test_the_nearest_domain_wins():
    MailDomainFactory(domain="company.example")
    near = MailDomainFactory(domain="cn.company.example").customer
    assert arrive(sender="wang@a.cn.company.example").ticket.customer == near


def test_a_public_domain_names_nobody():
    MailDomainFactory(domain="qq.com")  # the admin refuses it; a script may not
    ticket = arrive(sender="123@qq.com").ticket
    assert ticket.customer is None


def test_an_unknown_sender_gets_a_ticket_that_says_so():
    ticket = arrive(sender="Ann <ann@nobody.example>").ticket
    assert ticket.customer is None
    assert ticket.contact.email == "ann@nobody.example"
    assert any("ann@nobody.example" in note for note in notes(ticket))


def test_a_contact_learns_its_company_when_the_domain_is_known():
    contact = ContactFactory(email="ann@company.example", customer=None)
    customer = MailDomainFactory(domain="company.example").customer
    assert arrive(sender="ann@company.example").ticket.customer == customer
    contact.refresh_from_db()
    assert contact.customer == customer


def test_a_mail_without_any_sender_is_a_ticket_too():
    ticket = arrive(sender="").ticket
    assert ticket.contact is None
    assert ticket.messages.get(kind=MessageKind.INBOUND).body == "The room is black."


def test_a_mail_from_a_contact_clears_the_flag_of_a_failing_mailbox():
    contact = ContactFactory(email="li@company.example", mail_failed_at=NOW - timedelta(days=1))
    arrive()
    contact.refresh_from_db()
    assert contact.mail_failed_at is None


def test_an_unknown_writer_s_language_is_that_of_their_mail():
    ticket = arrive(
        sender="li@nobody.example", subject="房间黑屏", body="直播间突然黑屏了，请尽快处理。"
    ).ticket
    assert ticket.language == "zh-hans"


def test_a_known_contact_s_language_is_theirs_whatever_they_write():
    ContactFactory(email="li@company.example", language="zh-hans")
    assert arrive(body="English words").ticket.language == "zh-hans"


# Priority


def test_the_mailbox_sets_the_priority(mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(default_priority=Priority.P1)
    assert arrive().ticket.priority == Priority.P1


@pytest.mark.parametrize(
    "subject", ["[p0] all rooms down", "Re: [P0] down", "【P0告警】推流成功率低", "[P0 urgent]"]
)
def test_a_known_contact_may_ask_for_a_priority(subject):
    ContactFactory(email="li@company.example")
    assert arrive(subject=subject).ticket.priority == Priority.P0


@pytest.mark.parametrize("subject", ["P1 sound", "[P00] sound", "[P4] sound", "[MP3] sound"])
def test_a_subject_that_only_resembles_a_priority_sets_none(subject):
    ContactFactory(email="li@company.example")
    assert arrive(subject=subject).ticket.priority == Priority.P2


@pytest.mark.parametrize("is_active", [True, False])
def test_a_stranger_or_a_former_customer_cannot_ask_for_a_priority(is_active):
    if not is_active:
        ContactFactory(email="li@company.example", customer=CustomerFactory(is_active=False))
    assert arrive(subject="[P0] all rooms down").ticket.priority == Priority.P2


# Where it belongs


@pytest.fixture
def ticket() -> Ticket:
    contact = ContactFactory(email="li@company.example")
    return TicketFactory(contact=contact, customer=contact.customer)


def follow_up(**more: Any) -> InboundEmail:
    return arrive(message_id="<two@company.example>", **more)


def test_a_signed_reply_address_leads_to_the_ticket(ticket):
    row = follow_up(subject="something else", to=reply_address("support@desk.example", ticket.pk))
    assert row.ticket == ticket
    assert row.message.is_unconfirmed is False


def test_the_envelope_may_name_the_reply_address_alone(ticket):
    row = follow_up(envelope_to=(reply_address("support@desk.example", ticket.pk).upper(),))
    assert row.ticket == ticket


def test_our_own_message_id_leads_to_the_ticket(ticket):
    ours = new_message_id(ticket.pk, "desk.example")
    assert follow_up(headers={"References": f"<x@y> <{ours}>"}).ticket == ticket


def test_a_stored_foreign_message_id_leads_to_the_ticket(ticket):
    MessageFactory(ticket=ticket, rfc_message_id="first@company.example")
    assert follow_up(headers={"In-Reply-To": "<first@company.example>"}).ticket == ticket


def test_the_requester_reaches_the_ticket_by_its_number_in_the_subject(ticket):
    assert follow_up(subject=f"Re: Black screen [{ticket.number}]").ticket == ticket


@pytest.mark.parametrize(
    "written", ["SD#{}", "【SD#{}】黑屏", "re: sd#{}", "工单SD＃{}", "About sd # {}: again"]
)
def test_a_ticket_number_typed_by_hand_works_like_the_tag(ticket, written):
    subject = written.format(ticket.pk)
    assert follow_up(subject=subject).ticket == ticket
    assert arrive(sender="eve@nobody.example", subject=subject, message_id="<eve@x>").ticket != ticket


def test_a_colleague_of_the_requester_reaches_the_ticket_by_its_number_in_the_subject(ticket):
    ContactFactory(email="wang@other.example", customer=ticket.customer)
    row = follow_up(sender="wang@other.example", subject=f"[{ticket.number}]")
    assert row.ticket == ticket
    assert row.message.is_unconfirmed is False


def test_anybody_we_wrote_to_reaches_the_ticket_by_its_number_in_the_subject(ticket):
    OutboundEmailFactory(ticket=ticket, copies=["Partner@agency.example"])
    row = follow_up(sender="partner@agency.example", subject=f"[{ticket.number}]")
    assert row.ticket == ticket


def test_a_stranger_with_only_a_number_gets_a_new_ticket(ticket):
    row = follow_up(sender="eve@nobody.example", subject=f"Re: [{ticket.number}]")
    assert row.ticket != ticket
    assert ticket.messages.count() == 0


def test_a_stranger_with_a_valid_token_is_shown_as_unconfirmed(ticket):
    row = follow_up(sender="eve@nobody.example", to=reply_address("support@desk.example", ticket.pk))
    assert row.ticket == ticket
    assert row.message.is_unconfirmed is True
    assert not Contact.objects.filter(email="eve@nobody.example").exists()
    ticket.refresh_from_db()
    assert ticket.unanswered_since is None


def test_a_forged_token_leads_nowhere(ticket):
    forged = f"support+t{ticket.pk}-aaaaaaaaaaaaaaaaaaaa@desk.example"
    assert follow_up(sender="eve@nobody.example", to=forged).ticket != ticket


def test_the_subject_s_text_alone_never_leads_to_a_ticket(ticket):
    assert follow_up(subject=f"Re: {ticket.subject}").ticket != ticket


def test_a_subject_with_two_ticket_numbers_leads_to_neither(ticket):
    other = TicketFactory(contact=ticket.contact, customer=ticket.customer)
    assert follow_up(subject=f"[{ticket.number}] [{other.number}]").ticket not in (ticket, other)


def test_an_unknown_ticket_number_opens_a_new_ticket():
    assert arrive(subject="[SD#999999999999]").state == IntakeState.PROCESSED


def test_a_merged_ticket_leads_to_its_target(ticket):
    target = TicketFactory(contact=ticket.contact, customer=ticket.customer)
    Ticket.objects.filter(pk=ticket.pk).update(merged_into=target)
    assert follow_up(subject=f"[{ticket.number}]").ticket == target


def test_a_ticket_that_is_merged_while_its_mail_is_read_leads_to_its_target(ticket, monkeypatch):
    target = TicketFactory(contact=ticket.contact, customer=ticket.customer)

    def merged_meanwhile(found: Ticket, _at: datetime) -> bool:
        Ticket.objects.filter(pk=found.pk).update(merged_into=target)
        return False

    monkeypatch.setattr("tickets.services.intake.human_mail.is_past_grace", merged_meanwhile)
    row = follow_up(subject=f"[{ticket.number}]")
    assert (row.ticket, row.message.ticket) == (target, target)


@pytest.mark.parametrize(("days", "reopens"), [(14, True), (15, False)])
def test_a_resolved_ticket_reopens_within_its_days_of_grace(ticket, days, reopens):
    resolved_at = NOW - timedelta(days=days)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.RESOLVED, resolved_at=resolved_at)
    row = follow_up(subject=f"[{ticket.number}]")
    ticket.refresh_from_db()
    assert (row.ticket == ticket) is reopens
    assert ticket.status == (Status.OPEN if reopens else Status.RESOLVED)
    assert row.ticket.follows == (None if reopens else ticket)


def test_a_strangers_token_of_a_ticket_closed_long_ago_opens_an_unrelated_ticket(ticket):
    ended = NOW - timedelta(days=99)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED, closed_at=ended)
    row = follow_up(sender="eve@nobody.example", to=reply_address("support@desk.example", ticket.pk))
    assert row.ticket != ticket
    assert (row.ticket.follows, row.ticket.customer) == (None, None)


# What it says


def test_quoted_text_is_kept_apart_and_files_are_attached():
    body = (
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nStill black.\r\n\r\n"
        "On Wed, 18 Nov 2026 at 10:00, Support <support@desk.example> wrote:\r\n> Please update the SDK.\r\n"
        "--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=log.txt\r\n\r\n4006\r\n--b--"
    )
    message = arrive(body=body, content_type='multipart/mixed; boundary="b"').message
    assert message.body == "Still black."
    assert "Please update" in message.quoted
    attachment = message.attachments.get()
    assert attachment.name == "log.txt"
    with attachment.file.open() as file:
        assert file.read().strip() == b"4006"


def test_an_empty_body_is_legal():
    assert arrive(body="").message.body == ""


def test_a_mail_without_a_subject_is_called_by_its_first_line():
    assert arrive(subject="", body="\r\nThe room is black.\r\nHelp").ticket.subject == "The room is black."


def test_a_mail_too_large_becomes_a_ticket_of_its_head_and_the_customer_is_told_once(settings):
    ContactFactory(email="li@company.example")
    settings.MAIL_MAX_BYTES = 10_000
    ticket = arrive(body="x" * 20_000).ticket
    assert ticket.subject == "Black screen"
    assert any("too large" in note for note in notes(ticket))
    notices = ticket.outbound.filter(subject__startswith="Your email was too large")
    assert [mail.recipients for mail in notices] == [["li@company.example"]]


def test_an_answer_too_large_is_noted_on_its_ticket_and_told_to_the_reply_to_address(ticket, settings):
    settings.MAIL_MAX_BYTES = 10_000
    row = follow_up(
        subject=f"[{ticket.number}]", body="x" * 20_000, headers={"Reply-To": "team@company.example"}
    )
    assert row.ticket == ticket
    assert any("too large" in note for note in notes(ticket))
    notices = ticket.outbound.filter(subject__startswith="Your email was too large")
    assert [mail.recipients for mail in notices] == [["team@company.example"]]


# Colleagues


PASSED = {"Authentication-Results": "mx.desk.example; dkim=pass header.d=desk.example"}
FAILED = {"Authentication-Results": "mx.desk.example; dmarc=fail header.from=company.example"}
FORWARDED = """FYI

---------- Forwarded message ---------
From: Chen Jie <chen@company.example>
Date: Wed, 18 Nov 2026 10:00:00 +0800
Subject: No sound
To: <ann@desk.example>

We hear nothing since ten.
""".replace("\n", "\r\n")


def test_a_mail_forwarded_by_a_colleague_belongs_to_its_first_sender():
    UserFactory(email="ann@desk.example")
    contact = ContactFactory(email="chen@company.example")
    row = arrive(sender="Ann <ann@desk.example>", subject="Fwd: No sound", body=FORWARDED, headers=PASSED)
    assert (row.ticket.contact, row.ticket.customer) == (contact, contact.customer)
    assert row.message.sender_address == "chen@company.example"
    assert "We hear nothing since ten." in row.message.body


ATTACHED = (
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    "From: Chen <chen@company.example>\r\nSubject: No sound\r\n\r\nWe hear nothing.\r\n--b--"
)
MIXED = 'multipart/mixed; boundary="b"'


def test_a_mail_forwarded_as_the_only_attachment_belongs_to_its_first_sender():
    UserFactory(email="ann@desk.example")
    contact = ContactFactory(email="chen@company.example")
    body = ATTACHED.format(words="")
    row = arrive(sender="ann@desk.example", body=body, content_type=MIXED, headers=PASSED)
    assert row.ticket.contact == contact


def test_a_mail_that_a_colleague_reports_sends_nothing_to_its_sender():
    """It may be phishing."""
    UserFactory(email="ann@desk.example")
    ContactFactory(email="chen@company.example")
    body = ATTACHED.format(words="Is this phishing?")
    row = arrive(sender="ann@desk.example", body=body, content_type=MIXED, headers=PASSED)
    assert row.message.sender_address == "ann@desk.example"
    assert not OutboundEmail.objects.filter(recipients__icontains="chen@company.example").exists()


@pytest.mark.parametrize("headers", [{}, FAILED, {"Authentication-Results": "mx.eve.example; dmarc=pass"}])
def test_a_forged_colleague_forwards_nothing_in_a_customer_s_name(headers):
    UserFactory(email="ann@desk.example")
    ContactFactory(email="chen@company.example", customer=CustomerFactory())
    row = arrive(sender="ann@desk.example", subject="Fwd: [P0] down", body=FORWARDED, headers=headers)
    assert (row.ticket.customer, row.ticket.priority) == (None, Priority.P2)
    assert row.message.sender_address == "ann@desk.example"


def test_a_customers_mail_that_fails_authentication_opens_no_p0():
    ContactFactory(email="li@company.example", customer=CustomerFactory())
    assert arrive(subject="[P0] down", headers=FAILED).ticket.priority == Priority.P2
    passed = {"Authentication-Results": "mx.desk.example; dmarc=pass header.from=company.example"}
    assert arrive(subject="[P0] down", message_id="<2@x>", headers=passed).ticket.priority == Priority.P0


def test_a_mail_that_fails_authentication_is_unconfirmed_with_a_token_and_not_matched_by_number(ticket):
    forged = follow_up(to=reply_address("support@desk.example", ticket.pk), headers=FAILED)
    assert (forged.ticket, forged.message.is_unconfirmed) == (ticket, True)
    assert arrive(subject=f"[{ticket.number}]", message_id="<3@x>", headers=FAILED).ticket != ticket


def test_a_mail_forwarded_by_a_customer_is_the_customer_s():
    contact = ContactFactory(email="li@company.example")
    assert arrive(subject="Fwd: No sound", body=FORWARDED).ticket.contact == contact


def test_a_colleague_s_mail_into_a_ticket_is_a_note_that_says_what_is_not_verified(ticket):
    UserFactory(email="ann@desk.example")
    row = follow_up(sender="ann@desk.example", to=reply_address("support@desk.example", ticket.pk))
    assert row.message.kind == MessageKind.NOTE
    assert (row.message.author, "not verified" in row.message.body) == (None, True)


def test_a_mail_from_a_colleague_that_our_own_server_authenticates_is_their_note(ticket):
    ann = UserFactory(email="ann@desk.example")
    row = follow_up(sender="ann@desk.example", subject=f"[{ticket.number}]", headers=PASSED)
    assert (row.ticket, row.message.author, row.message.kind) == (ticket, ann, MessageKind.NOTE)


@pytest.mark.parametrize(
    "forged",
    [
        "mx.eve.example; dkim=pass header.d=desk.example",
        "mx.evildesk.example; dmarc=pass",
        "mx.desk.example; dkim=pass header.d=eve.example",
        "mx.desk.example; dkim=fail header.d=desk.example",
    ],
)
def test_an_authentication_result_that_does_not_vouch_for_the_sender_proves_nothing(ticket, forged):
    UserFactory(email="ann@desk.example")
    row = follow_up(
        sender="ann@desk.example",
        subject=f"[{ticket.number}]",
        headers={"Authentication-Results": forged},
    )
    assert row.ticket != ticket


def test_only_the_server_that_the_mailbox_names_is_trusted(ticket):
    Mailbox.objects.update(authentication_server="mx.provider.example")
    ann = UserFactory(email="ann@desk.example")
    own = {"Authentication-Results": "MX.Provider.example; dmarc=pass"}
    row = follow_up(sender="ann@desk.example", subject=f"[{ticket.number}]", headers=own)
    assert (row.message.author, row.authentication) == (ann, "dmarc=pass")
    for number, other in enumerate(("mx.desk.example", "in.mx.provider.example", "x.example")):
        headers = {"Authentication-Results": f"{other}; dmarc=pass"}
        row = arrive(
            sender="ann@desk.example",
            subject=f"[{ticket.number}]",
            headers=headers,
            message_id=f"<{number}@x>",
        )
        assert (row.ticket != ticket, row.authentication) == (True, "")


def test_only_the_topmost_results_count(ticket):
    UserFactory(email="ann@desk.example")
    raw = rawmail(sender="ann@desk.example", subject=f"[{ticket.number}]")
    fields = (f"Authentication-Results: mx.{name}.example; dmarc=pass\r\n" for name in ("eve", "desk"))
    stored = receive_raw(raw="".join(fields).encode() + raw, received_at=NOW, via="imap")
    row = process(stored.pk, now=NOW)
    assert (row.ticket != ticket, row.authentication) == (True, "")


# Limits


def test_a_sender_above_the_hourly_limit_is_parked_and_one_person_is_told(monkeypatch):
    monkeypatch.setattr("tickets.services.intake.floods.MOST_TICKETS", 2)
    set_desk(intake_owner=AdminFactory(email="boss@corp.example"))
    rows = [arrive(message_id=f"<{number}@company.example>") for number in range(4)]
    assert [row.state for row in rows] == ["processed", "processed", "parked", "parked"]
    assert "li@company.example" in rows[2].reason
    notices = OutboundEmail.objects.filter(subject__contains="being held")
    assert [mail.recipients for mail in notices] == [["boss@corp.example"]]


@pytest.mark.parametrize("address", ["support@desk.example", "boss@corp.example\r\nBcc: eve@nobody.example"])
def test_a_flood_is_parked_also_when_the_owner_of_the_intake_cannot_be_written_to(monkeypatch, address):
    monkeypatch.setattr("tickets.services.intake.floods.MOST_TICKETS", 1)
    set_desk(intake_owner=AdminFactory(email=address))
    rows = [arrive(message_id=f"<{number}@company.example>") for number in range(2)]
    assert [row.state for row in rows] == ["processed", "parked"]
    assert not OutboundEmail.objects.filter(subject__contains="being held").exists()


def test_the_limit_counts_an_hour_only(monkeypatch):
    monkeypatch.setattr("tickets.services.intake.floods.MOST_TICKETS", 1)
    arrive(message_id="<a@company.example>", at=NOW - timedelta(minutes=61))
    assert arrive(message_id="<b@company.example>").state == IntakeState.PROCESSED


def test_a_mail_to_two_of_our_mailboxes_is_stored_twice_and_one_ticket():
    other = MailboxFactory(address="rooms@desk.example")
    first = arrive()
    stored = receive_raw(raw=rawmail(), received_at=NOW, via="imap", mailbox=other)
    second = process(stored.pk, now=NOW)
    assert second is not None
    assert second.pk != first.pk
    assert (second.state, second.ticket) == (IntakeState.PROCESSED, first.ticket)
    assert Ticket.objects.count() == 1
