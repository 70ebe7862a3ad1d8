"""Reports of mail servers: which mail and recipient they are about, what they revoke, and who is believed."""

from datetime import timedelta
from typing import Any

import pytest

from customers.models import Contact
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    MailboxFactory,
    OutboundEmailFactory,
    OutboundMessageFactory,
    TicketFactory,
    set_desk,
)
from tests.rawmail import bounce, rawmail
from tickets.choices import (
    Fact,
    IntakeState,
    MailPurpose,
    MessageKind,
    OutboxState,
    RecipientState,
    Status,
)
from tickets.errors import DeskError
from tickets.mail.bounce_addresses import BounceTag, bounce_address
from tickets.mail.threading import new_message_id
from tickets.models import InboundEmail, OutboundEmail, Ticket
from tickets.models.outbound import RecipientOutcome
from tickets.services.intake import process, receive_raw
from tickets.services.outgoing.outcomes import believe_report, dismiss_report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _desk() -> None:
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


@pytest.fixture
def ticket() -> Ticket:
    contact = ContactFactory(email="li@company.example")
    return TicketFactory(contact=contact, customer=contact.customer, status=Status.WAITING)


def arrive(
    raw: bytes | None = None,
    *,
    via: str = "imap",
    envelope_from: str = "",
    envelope_to: list[str] | None = None,
    **mail: Any,
) -> InboundEmail:
    stored = receive_raw(
        raw=raw or rawmail(**mail),
        received_at=NOW,
        via=via,
        envelope_from=envelope_from,
        envelope_to=envelope_to or [],
    )
    row = process(stored.pk, now=NOW + timedelta(seconds=5))
    assert row is not None
    assert row.error == ""
    return row


@pytest.fixture
def sent(ticket) -> OutboundEmail:
    message = OutboundMessageFactory(ticket=ticket)
    return OutboundEmailFactory(
        ticket=ticket,
        message=message,
        rfc_message_id=new_message_id(ticket.pk, "desk.example"),
        recipients=["li@company.example"],
        copies=["cc@company.example"],
        state=OutboxState.ACCEPTED,
    )


def report_bounce(sent: OutboundEmail, **more: Any) -> InboundEmail:
    report = {"recipient": "li@company.example", **more}
    row = arrive(bounce(original_id=sent.rfc_message_id, **report))
    sent.refresh_from_db()
    sent.message.refresh_from_db()
    sent.ticket.contact.refresh_from_db()
    return row


def test_a_bounce_takes_the_answer_back_and_flags_the_address(sent):
    row = report_bounce(sent)
    assert sent.state == OutboxState.BOUNCED
    assert "User unknown" in sent.answer
    assert sent.message.failed_at == NOW + timedelta(seconds=5)
    assert sent.ticket.contact.mail_failed_at is not None
    assert (row.ticket, row.message.kind) == (sent.ticket, MessageKind.AUTOMATIC)


def test_a_bounce_is_never_a_customer_s_answer(sent):
    report_bounce(sent)
    assert sent.ticket.messages.filter(kind=MessageKind.INBOUND).count() == 0


def test_a_full_mailbox_takes_the_answer_back_and_flags_nobody(sent):
    report_bounce(sent, status="4.2.2")
    assert sent.state == OutboxState.BOUNCED
    assert sent.ticket.contact.mail_failed_at is None


def test_a_bounce_of_a_copy_leaves_the_answer_standing_and_is_shown_beside_the_copy(sent):
    report_bounce(sent, recipient="cc@company.example")
    assert sent.state == OutboxState.ACCEPTED
    assert sent.message.failed_at is None
    requester, copy = sent.recipient_outcomes
    assert (requester.state, copy.state) == (RecipientState.ACCEPTED, RecipientState.BOUNCED)
    assert (copy.status, copy.at) == ("5.1.1", NOW + timedelta(seconds=5))
    assert "User unknown" in copy.answer


def test_a_bounce_that_names_an_alias_we_did_not_write_to_is_believed(sent):
    report_bounce(sent, recipient="li.wei@internal.company.example")
    assert sent.state == OutboxState.BOUNCED


def test_a_delay_is_noted_and_fails_nothing(sent):
    row = report_bounce(sent, action="delayed", status="4.4.1")
    assert sent.state == OutboxState.ACCEPTED
    assert [outcome.state for outcome in sent.recipient_outcomes] == ["delayed", "accepted"]
    assert sent.message.failed_at is None
    assert row.message.kind == MessageKind.AUTOMATIC


def test_a_delayed_mail_may_still_bounce_and_a_bounced_one_is_delayed_no_more(sent):
    report_bounce(sent, action="delayed", status="4.4.1")
    arrive(
        bounce(original_id=sent.rfc_message_id, recipient="li@company.example").replace(b"<bounce@", b"<b2@")
    )
    sent.refresh_from_db()
    assert sent.outcome_of("li@company.example").state == RecipientState.BOUNCED
    late = bounce(original_id=sent.rfc_message_id, recipient="li@company.example", action="delayed")
    arrive(late.replace(b"<bounce@", b"<b3@"))
    sent.refresh_from_db()
    assert sent.outcome_of("li@company.example").state == RecipientState.BOUNCED


def test_a_bounce_of_a_mail_we_never_sent_is_parked_and_flags_nobody(ticket):
    row = arrive(bounce(original_id="never@desk.example", recipient="li@company.example"))
    assert row.state == IntakeState.PARKED
    ticket.contact.refresh_from_db()
    assert ticket.contact.mail_failed_at is None


def test_a_bounce_of_a_mail_without_a_ticket_is_recorded_on_its_row():
    notice = OutboundEmailFactory(ticket=None, purpose=MailPurpose.NOTIFICATION, state=OutboxState.ACCEPTED)
    row = arrive(bounce(original_id=notice.rfc_message_id.strip("<>"), recipient="li@company.example"))
    assert (row.state, row.ticket) == (IntakeState.PROCESSED, None)


def test_a_bounce_of_a_merged_tickets_mail_is_recorded_on_the_target_ticket():
    target = TicketFactory()
    merged = TicketFactory(merged_into=target)
    notice = OutboundEmailFactory(
        ticket=merged, purpose=MailPurpose.ACKNOWLEDGEMENT, state=OutboxState.ACCEPTED
    )
    row = arrive(bounce(original_id=notice.rfc_message_id, recipient="li@company.example"))
    assert row.ticket == target


@pytest.mark.parametrize(
    ("sender", "envelope"),
    [
        ("MAILER-DAEMON <>", {}),
        ("Mail Service <MAILER-DAEMON>", {}),
        ("imss@company.example", {}),
        ("post_master@company.example", {}),
        ("Mail <mail@relay.example>", {"via": "lmtp"}),
    ],
)
def test_a_bounce_without_structure_revokes_the_answer_too(sent, sender, envelope):
    body = (
        "Your message could not be delivered.\r\n\r\n<li@company.example>: 550 user unknown\r\n\r\n"
        f"--- Original message follows ---\r\nMessage-ID: <{sent.rfc_message_id}>\r\nSubject: Re\r\n"
    )
    row = arrive(sender=sender, subject="Your message", body=body, message_id="<b@mx.example>", **envelope)
    sent.refresh_from_db()
    sent.message.refresh_from_db()
    assert (row.ticket, row.message.kind) == (sent.ticket, MessageKind.AUTOMATIC)
    assert sent.state == OutboxState.BOUNCED
    assert sent.message.failed_at is not None


def test_a_bounce_of_a_colleague_s_notification_stays_out_of_the_conversation(ticket):
    notice = OutboundEmailFactory(
        ticket=ticket,
        purpose=MailPurpose.NOTIFICATION,
        recipients=["bo@desk.example"],
        state=OutboxState.ACCEPTED,
    )
    row = arrive(bounce(original_id=notice.rfc_message_id, recipient="bo@desk.example"))
    notice.refresh_from_db()
    assert (row.state, row.ticket, row.message) == (IntakeState.PROCESSED, None, None)
    assert notice.state == OutboxState.BOUNCED
    assert not ticket.messages.exists()


def complain(sent: OutboundEmail) -> InboundEmail:
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nA complaint.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: abuse\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
        f"Message-ID: <{sent.rfc_message_id}>\r\nSubject: Re\r\n\r\nx\r\n--b--"
    )
    kind = 'multipart/report; report-type=feedback-report; boundary="b"'
    return arrive(
        sender="fbl@provider.example", body=body, content_type=kind, message_id="<fbl@provider.example>"
    )


def acknowledgements() -> int:
    return OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).count()


def test_a_complaint_ends_automatic_mail_and_says_nothing_about_the_address(sent):
    complain(sent)
    contact = sent.ticket.contact
    contact.refresh_from_db()
    assert contact.no_automatic_mail_since == NOW + timedelta(seconds=5)
    assert contact.mail_failed_at is None
    assert reread(sent).state == OutboxState.ACCEPTED


def test_who_complained_gets_no_acknowledgement_ever_after(sent):
    arrive(message_id="<before@company.example>")
    assert acknowledgements() == 1
    complain(sent)
    for number in (1, 2):
        row = arrive(subject=f"Another {number}", message_id=f"<after{number}@company.example>")
        assert row.ticket is not None
    assert acknowledgements() == 1


def test_a_complaint_about_a_mail_to_another_address_counts_for_the_writer_of_the_ticket(sent):
    OutboundEmail.objects.update(recipients=["reply.to@company.example"])
    complain(sent)
    sent.ticket.contact.refresh_from_db()
    assert sent.ticket.contact.no_automatic_mail_since is not None


# Reports that come to the signed envelope sender (VERP), or pass it by


@pytest.fixture
def signed(sent, settings) -> OutboundEmail:
    """An answer that left from signed senders: to Li with the place 0, to Cc with the place 1."""
    settings.BOUNCE_ADDRESS = "plus"
    for address in sent.addressees:
        sent.keep_outcome(RecipientOutcome(address, RecipientState.ACCEPTED, NOW, is_signed=True))
    sent.save()
    return sent


def signed_address(mail: OutboundEmail, place: int = 0) -> str:
    return bounce_address("support@desk.example", BounceTag(mail.pk, place))


def reread(mail: OutboundEmail) -> OutboundEmail:
    return OutboundEmail.objects.select_related("message").get(pk=mail.pk)


UNWORDED = {
    "sender": "Postimees <post@mx.example>",
    "subject": "Teade",
    "body": "Kirja ei saanud kohale toimetada.",
}


def test_a_mail_from_nobody_to_the_signed_address_is_a_bounce_without_any_words_we_know(signed):
    row = arrive(**UNWORDED, to=signed_address(signed), via="lmtp", envelope_to=[signed_address(signed)])
    mail = reread(signed)
    assert (row.kind, row.ticket, row.message.kind) == ("bounce", signed.ticket, MessageKind.AUTOMATIC)
    assert [outcome.state for outcome in mail.recipient_outcomes] == ["bounced", "accepted"]
    assert (mail.state, mail.message.failed_at) == (OutboxState.BOUNCED, NOW + timedelta(seconds=5))


def test_the_signed_address_tells_whose_mail_bounced_if_the_report_names_an_alias(signed):
    raw = bounce(original_id="lost@on.the.way", recipient="cc@internal.company.example")
    row = arrive(raw, via="lmtp", envelope_to=[signed_address(signed, 1)])
    assert row.ticket == signed.ticket
    assert [outcome.state for outcome in reread(signed).recipient_outcomes] == ["accepted", "bounced"]
    assert reread(signed).message.failed_at is None


@pytest.mark.parametrize("header", ["To", "Delivered-To", "X-Original-To"])
def test_a_mailbox_that_is_fetched_finds_the_signed_address_in_the_headers(signed, header):
    raw = bounce(original_id="lost@on.the.way", recipient="li@company.example")
    named = f"{header}: <{signed_address(signed).upper()}>\r\n".encode()
    arrive(named + raw.replace(b"To: support@desk.example\r\n", b""), via="imap")
    assert reread(signed).message.failed_at is not None


def test_a_bounce_that_passed_the_signed_address_by_revokes_nothing_and_is_shown(signed):
    row = report_bounce(signed)
    mail = reread(signed)
    assert mail.message.failed_at is None
    assert mail.state == OutboxState.ACCEPTED
    assert signed.ticket.contact.mail_failed_at is None
    assert [outcome.state for outcome in mail.recipient_outcomes] == ["reported", "accepted"]
    assert row.message.kind == MessageKind.AUTOMATIC


def test_a_forged_signature_proves_nothing(signed):
    forged = signed_address(signed).replace("-0-", "-1-")
    arrive(
        bounce(original_id=signed.rfc_message_id, recipient="li@company.example"),
        envelope_to=[forged],
        via="lmtp",
    )
    assert reread(signed).message.failed_at is None


@pytest.mark.parametrize("recipient", ["cc@company.example", "alias@elsewhere.example"])
def test_a_report_that_nothing_proves_keeps_no_mail_from_whom_it_was_not_sent_to_yet(signed, recipient):
    """Anybody in To knows the Message-ID while the copy still waits; the copy must be sent."""
    signed.keep_outcome(RecipientOutcome("cc@company.example", RecipientState.DEFERRED, NOW, "451 later"))
    signed.state = OutboxState.DEFERRED
    signed.save()
    report_bounce(signed, recipient=recipient)
    assert signed.outcome_of("cc@company.example").state == RecipientState.DEFERRED
    assert signed.state == OutboxState.DEFERRED


def test_a_hard_bounce_of_one_recipient_flags_no_other(sent):
    ContactFactory(email="cc@company.example")
    parts = bounce(original_id=sent.rfc_message_id, recipient="cc@company.example", status="4.2.2")
    one = b"Final-Recipient: rfc822; cc@company.example"
    hard = b"Final-Recipient: rfc822; li@company.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    ending = b"\r\n" if b"\r\n" in parts else b"\n"
    assert parts.count(one) == 1
    arrive(parts.replace(one, hard.replace(b"\r\n", ending) + one))
    flagged = Contact.objects.exclude(mail_failed_at=None)
    assert [contact.email for contact in flagged] == ["li@company.example"]


def test_a_person_believes_a_bounce_that_nothing_proves(signed):
    report_bounce(signed)
    actor = AdminFactory()
    believe_report(message=signed.message, actor=actor, at=NOW + timedelta(minutes=5))
    mail = reread(signed)
    assert mail.state == OutboxState.BOUNCED
    assert mail.message.failed_at == NOW + timedelta(minutes=5)
    assert signed.ticket.timeline.get(fact=Fact.RESPONSE_FAILED).actor == actor
    with pytest.raises(DeskError):
        believe_report(message=signed.message, actor=actor, at=NOW)


def test_a_person_dismisses_a_bounce_that_nothing_proves(signed):
    report_bounce(signed)
    dismiss_report(message=signed.message, actor=AdminFactory(), at=NOW)
    mail = reread(signed)
    assert mail.message.failed_at is None
    assert [outcome.state for outcome in mail.recipient_outcomes] == ["accepted", "accepted"]


def test_a_proven_bounce_after_an_unproven_one_needs_nobody_to_decide(signed):
    report_bounce(signed)
    raw = bounce(original_id=signed.rfc_message_id, recipient="li@company.example").replace(
        b"<bounce@", b"<b2@"
    )
    arrive(raw, via="lmtp", envelope_to=[signed_address(signed)])
    assert reread(signed).state == OutboxState.BOUNCED


def test_a_person_who_writes_to_the_signed_address_answers_on_its_ticket(signed):
    row = arrive(
        subject="No idea which ticket",
        body="Still black.",
        via="lmtp",
        envelope_from="li@company.example",
        envelope_to=[signed_address(signed)],
    )
    assert (row.kind, row.ticket, row.message.kind) == ("person", signed.ticket, MessageKind.INBOUND)
    assert reread(signed).message.failed_at is None


def test_a_stranger_who_writes_to_the_signed_address_is_unconfirmed(signed):
    row = arrive(
        sender="x@stranger.example",
        via="lmtp",
        envelope_from="x@stranger.example",
        envelope_to=[signed_address(signed)],
    )
    assert (row.ticket, row.message.is_unconfirmed) == (signed.ticket, True)


def test_an_out_of_office_to_the_signed_address_is_no_bounce(signed):
    row = arrive(
        subject="Automatic reply: Re: Black screen",
        headers={"Auto-Submitted": "auto-replied"},
        via="lmtp",
        envelope_to=[signed_address(signed)],
    )
    assert (row.kind, row.ticket) == ("auto_reply", signed.ticket)
    assert reread(signed).message.failed_at is None


def test_a_report_that_a_mail_is_delayed_counts_only_at_the_signed_address(signed):
    raw = bounce(
        original_id=signed.rfc_message_id, recipient="li@company.example", action="delayed", status="4.4.1"
    )
    arrive(raw)
    assert reread(signed).recipient_outcomes[0].state == RecipientState.ACCEPTED
    arrive(raw.replace(b"<bounce@", b"<b2@"), via="lmtp", envelope_to=[signed_address(signed)])
    assert reread(signed).recipient_outcomes[0].state == RecipientState.DELAYED


def test_a_delayed_mail_that_went_on_is_delayed_no_more(signed):
    raw = bounce(
        original_id=signed.rfc_message_id, recipient="li@company.example", action="delayed", status="4.4.1"
    )
    arrive(raw, via="lmtp", envelope_to=[signed_address(signed)])
    assert reread(signed).recipient_outcomes[0].state == RecipientState.DELAYED
    passed_on = raw.replace(b"delayed", b"relayed").replace(b"4.4.1", b"2.0.0").replace(b"<bounce@", b"<b2@")
    row = arrive(passed_on, via="lmtp", envelope_to=[signed_address(signed)])
    assert row.kind == "receipt"
    assert reread(signed).recipient_outcomes[0].state == RecipientState.ACCEPTED
