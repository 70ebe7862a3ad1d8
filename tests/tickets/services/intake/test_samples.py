"""The mails of tests/mails on their whole way: what becomes of each, on the database in use."""

from pathlib import Path

import pytest

from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    OutboundEmailFactory,
    TicketFactory,
    set_desk,
)
from tickets.choices import IntakeState, MessageKind, OutboxState
from tickets.mail.bounces import read_report
from tickets.mail.parse import parse
from tickets.models import InboundEmail, Ticket
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db

MAILS = Path(__file__).resolve().parents[3] / "mails"
OPENS = ["broken_mime", "empty_body", "en_plain_question", "hostile_html", "zh_attachment"]
OPENS += ["zh_gb18030_raw_headers", "zh_monitoring_alarm", "zh_p0_report"]
ANSWERS = {
    "en_gmail_html_reply": (1043, "anna@duskdating.example", MessageKind.INBOUND),
    "en_out_of_office": (1043, "anna@duskdating.example", MessageKind.AUTOMATIC),
    "en_outlook_reply": (1044, "m.webb@guildvoice.example", MessageKind.INBOUND),
    "zh_netease_reply": (1045, "zhou.xm@starlight-live.example", MessageKind.INBOUND),
    "zh_qq_reply": (1042, "lin.wei@starlight-live.example", MessageKind.INBOUND),
    "zh_qq_auto_reply": (1042, "lin.wei@starlight-live.example", MessageKind.AUTOMATIC),
}


@pytest.fixture(autouse=True)
def _desk() -> None:
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


def raw(name: str) -> bytes:
    return (MAILS / f"{name}.eml").read_bytes()


def arrive(name: str) -> InboundEmail:
    row = process(receive_raw(raw=raw(name), received_at=NOW, via="imap").pk, now=NOW)
    assert row is not None
    return row


@pytest.mark.parametrize("name", OPENS)
def test_a_new_matter_opens_a_ticket(name):
    row = arrive(name)
    assert (row.state, row.error) == (IntakeState.PROCESSED, "")
    assert row.message is not None
    assert row.message.kind == MessageKind.INBOUND
    row.ticket.refresh_from_db()
    assert row.ticket.subject == parse(raw(name)).subject


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_joins_the_ticket_of_its_number(name):
    number, address, kind = ANSWERS[name]
    contact = ContactFactory(email=address, customer=CustomerFactory())
    ticket = TicketFactory(pk=number, contact=contact, customer=contact.customer)
    row = arrive(name)
    assert (row.error, row.ticket, row.message.kind) == ("", ticket, kind)


def test_a_bounce_finds_our_mail_inside_it():
    report = read_report(parse(raw("dsn_user_unknown")))
    assert report is not None
    ours = OutboundEmailFactory(
        rfc_message_id=report.original_message_ids[0],
        recipients=[recipient.email for recipient in report.recipients],
        state=OutboxState.ACCEPTED,
    )
    row = arrive("dsn_user_unknown")
    ours.refresh_from_db()
    assert (row.ticket, ours.state) == (ours.ticket, OutboxState.BOUNCED)


def test_garbage_is_kept_and_named_and_makes_no_ticket():
    row = arrive("garbage_random_bytes")
    assert row.state == IntakeState.FAILED
    assert bytes(row.raw) == raw("garbage_random_bytes")
    assert Ticket.objects.count() == 0


def test_a_display_name_that_looks_like_ours_is_no_address_of_ours():
    contact = arrive("hostile_html").ticket.contact
    assert (contact.email, contact.name) == ("mallory@evil.example", "")


def test_every_sample_mail_is_covered_by_a_test_here():
    named = {*OPENS, *ANSWERS, "dsn_user_unknown", "garbage_random_bytes"}
    assert {path.stem for path in MAILS.glob("*.eml")} == named
