"""Mails of machines: automatic answers, alarms, newsletters and loops."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from escalation.models import Clock, Notification
from tests.factories import (
    NOW,
    AdminFactory,
    ContactFactory,
    CustomerFactory,
    MailboxFactory,
    MailDomainFactory,
    TicketFactory,
    set_desk,
)
from tests.rawmail import rawmail
from tickets.choices import (
    IntakeState,
    MailPurpose,
    MessageKind,
    Priority,
    Status,
)
from tickets.mail.threading import new_message_id, reply_address
from tickets.models import InboundEmail, OutboundEmail, Ticket
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _desk() -> None:
    set_desk(intake_owner=AdminFactory())
    MailboxFactory(address="support@desk.example")


@pytest.fixture
def ticket() -> Ticket:
    contact = ContactFactory(email="li@company.example")
    return TicketFactory(contact=contact, customer=contact.customer, status=Status.WAITING)


def arrive(raw: bytes | None = None, *, at: datetime = NOW, via: str = "imap", **mail: Any) -> InboundEmail:
    stored = receive_raw(raw=raw or rawmail(**mail), received_at=at, via=via)
    row = process(stored.pk, now=at + timedelta(seconds=5))
    assert row is not None
    assert row.error == ""
    return row


OUT_OF_OFFICE = {"Auto-Submitted": "auto-replied"}
MONITORING = {"Auto-Submitted": "auto-generated"}


def alarm(number: int, subject: str = "ALERT: join failures above 5 %", **more: Any) -> InboundEmail:
    return arrive(
        sender="monitor@company.example",
        subject=subject,
        message_id=f"<alarm{number}@company.example>",
        headers=MONITORING,
        **more,
    )


def acknowledgements() -> int:
    return OutboundEmail.objects.filter(purpose=MailPurpose.ACKNOWLEDGEMENT).count()


# Automatic replys


def test_an_automatic_answer_is_kept_small_and_reopens_nothing(ticket):
    row = arrive(headers=OUT_OF_OFFICE, to=reply_address("support@desk.example", ticket.pk))
    assert (row.state, row.ticket) == (IntakeState.PROCESSED, ticket)
    assert row.message.kind == MessageKind.AUTOMATIC
    ticket.refresh_from_db()
    assert (ticket.status, ticket.unanswered_since) == (Status.WAITING, None)


def test_an_automatic_answer_to_a_closed_ticket_leaves_it_closed(ticket):
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.CLOSED, closed_at=NOW)
    arrive(headers=OUT_OF_OFFICE, to=reply_address("support@desk.example", ticket.pk))
    ticket.refresh_from_db()
    assert ticket.status == Status.CLOSED


def test_an_automatic_answer_to_nothing_is_parked_with_its_reason():
    row = arrive(headers=OUT_OF_OFFICE)
    assert row.state == IntakeState.PARKED
    assert "belongs to no ticket" in row.reason
    assert Ticket.objects.count() == 0


# Alarms


def test_an_alarm_opens_a_ticket_and_is_not_acknowledged():
    ContactFactory(email="monitor@company.example")
    row = alarm(1)
    assert row.ticket.customer is not None
    assert (row.message.kind, row.message.is_automatic) == (MessageKind.INBOUND, True)
    assert acknowledgements() == 0


def test_a_person_is_acknowledged():
    arrive()
    assert acknowledgements() == 1


def test_the_same_alarm_again_joins_the_open_ticket():
    first, second = alarm(1), alarm(2)
    assert second.ticket == first.ticket
    assert second.message.kind == MessageKind.AUTOMATIC


def test_another_alarm_is_another_ticket():
    assert alarm(2, subject="ALERT: disk full").ticket != alarm(1).ticket


def test_the_same_alarm_after_its_ticket_was_resolved_is_another_ticket():
    first = alarm(1)
    Ticket.objects.filter(pk=first.ticket.pk).update(status=Status.RESOLVED, resolved_at=NOW)
    assert alarm(2).ticket != first.ticket


def test_an_alarm_in_the_thread_of_a_resolved_ticket_is_another_ticket_that_follows_it():
    first = alarm(1)
    Ticket.objects.filter(pk=first.ticket.pk).update(status=Status.RESOLVED, resolved_at=NOW)
    again = arrive(
        sender="monitor@company.example",
        subject="ALERT: still failing",
        message_id="<alarm2@company.example>",
        headers={**MONITORING, "References": "<alarm1@company.example>"},
    )
    assert again.ticket != first.ticket
    assert again.ticket.follows == first.ticket
    first.ticket.refresh_from_db()
    assert first.ticket.status == Status.RESOLVED


def test_a_person_s_ticket_under_the_same_subject_takes_no_alarm():
    person = arrive(sender="ann@company.example", subject="ALERT: down")
    contact = person.ticket.contact
    contact.email = "monitor@company.example"
    contact.save()
    assert alarm(1, subject="ALERT: down").ticket != person.ticket


def test_the_same_alarm_of_somebody_else_is_another_ticket():
    first = alarm(1)
    other = arrive(
        sender="monitor@other.example",
        subject="ALERT: join failures above 5 %",
        message_id="<o@other.example>",
        headers=MONITORING,
    )
    assert other.ticket != first.ticket


def test_a_null_return_path_in_the_envelope_marks_a_mail_as_automatic():
    row = arrive(subject="ALERT down", via="lmtp")
    assert row.message.is_automatic is True


def test_an_unknown_envelope_does_not_mark_a_mail_as_automatic():
    assert arrive(subject="ALERT down", via="imap").message.is_automatic is False


@pytest.mark.parametrize(
    ("subject", "again"),
    [
        ("ALERT: host7 down since 10:04", "ALERT: host7 down since 11:31"),
        ("PROBLEM: host down", "RESOLVED: host down"),
        ("【告警】推流成功率 41.7%", "【恢复】推流成功率 99.1%"),
    ],
)
def test_an_alarm_that_differs_in_time_number_or_state_is_the_same_alarm(subject, again):
    first, second = alarm(1, subject=subject), alarm(2, subject=again)
    assert (second.ticket, second.message.kind) == (first.ticket, MessageKind.AUTOMATIC)


def test_a_later_mail_of_a_ticket_tool_with_other_words_counts_as_an_answer(ticket):
    Ticket.objects.filter(pk=ticket.pk).delete()
    first = tool_mail("Streams break.", number=1)
    second = tool_mail("Anna: it got worse.", number=2)
    other = tool_mail("Anna: it got worse.", number=3, subject="[TT-9] Recordings")
    assert (second.ticket, second.message.kind) == (first.ticket, MessageKind.INBOUND)
    assert other.ticket != first.ticket


def tool_mail(body: str, *, number: int, subject: str = "[TT-7] Streams") -> InboundEmail:
    thread = {"References": "<tool1@company.example>"} if number == 2 else {}
    return arrive(
        sender="tool@company.example",
        subject=subject,
        body=body,
        message_id=f"<tool{number}@company.example>",
        headers={**MONITORING, **thread},
    )


# Signs that only ask for no machine's answer


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("li@company.example", {"Auto-Submitted": "auto-generated"}),
        ("li@company.example", {"X-Auto-Response-Suppress": "All"}),
        ("li@company.example", {"Precedence": "bulk"}),
        ("li@company.example", {"Return-Path": "<>"}),
        ("li@company.example", {"List-Id": "<tech.company.example>"}),
        ("monitoring@company.example", {}),
        ("system@company.example", {}),
        ("no-reply@company.example", {}),
    ],
)
def test_a_customers_mail_that_asks_for_no_automatic_answer_still_reopens_the_ticket(ticket, sender, headers):
    MailDomainFactory(customer=ticket.customer, domain="company.example")
    if sender != "li@company.example":
        ContactFactory(email=sender, customer=ticket.customer)
    Ticket.objects.filter(pk=ticket.pk).update(status=Status.RESOLVED, resolved_at=NOW)
    row = arrive(
        sender=sender,
        subject="Still broken for all our hosts",
        to=reply_address("support@desk.example", ticket.pk),
        headers=headers,
    )
    ticket.refresh_from_db()
    assert (row.ticket, row.message.kind) == (ticket, MessageKind.INBOUND)
    assert (ticket.status, ticket.unanswered_since) == (Status.OPEN, NOW)


@pytest.mark.parametrize("headers", [{"X-Auto-Response-Suppress": "All"}, {"Precedence": "bulk"}])
def test_a_new_matter_that_asks_for_no_automatic_answer_opens_a_ticket_without_an_acknowledgement(headers):
    row = arrive(headers=headers)
    assert row.message.kind == MessageKind.INBOUND
    assert acknowledgements() == 0


def test_a_calendar_answer_is_kept_small(ticket):
    row = arrive(
        subject="Accepted: Call",
        to=reply_address("support@desk.example", ticket.pk),
        content_type="text/calendar; method=REPLY",
        body="BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR",
    )
    assert (row.ticket, row.message.kind) == (ticket, MessageKind.AUTOMATIC)


CALENDAR = """--x
Content-Type: text/plain; charset=utf-8

{words}
--x
Content-Type: text/calendar; charset=utf-8; method={method}

BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VEVENT
SUMMARY:Review of the outage
DTSTART:20261120T090000Z
END:VEVENT
END:VCALENDAR
--x--
"""


def calendar_mail(ticket, method, words):
    return arrive(
        sender="li@company.example",
        subject="Accepted: Review of the outage",
        to=reply_address("support@desk.example", ticket.pk),
        content_type="multipart/mixed; boundary=x",
        body=CALENDAR.format(method=method, words=words).replace("\n", "\r\n"),
    )


@pytest.mark.parametrize("status", [Status.OPEN, Status.WAITING, Status.RESOLVED, Status.CLOSED])
def test_an_answer_to_an_invitation_starts_nothing_reopens_nothing_and_tells_nobody(ticket, status):
    Ticket.objects.filter(pk=ticket.pk).update(status=status)
    row = calendar_mail(ticket, "REPLY", "Li has accepted this invitation.")
    ticket.refresh_from_db()
    assert (row.ticket, row.message.kind, row.message.body) == (
        ticket,
        MessageKind.AUTOMATIC,
        "Li has accepted this invitation.",
    )
    assert (ticket.status, ticket.unanswered_since) == (status, None)
    assert (Ticket.objects.count(), acknowledgements()) == (1, 0)
    assert not Clock.objects.exists()
    assert not Notification.objects.exists()
    assert not OutboundEmail.objects.exists()


def test_an_answer_to_an_invitation_that_belongs_to_no_ticket_is_parked(ticket):
    row = arrive(
        sender="li@company.example",
        subject="Declined: Call",
        content_type="text/calendar; method=REPLY",
        body="BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR",
    )
    assert (row.state, row.ticket, Ticket.objects.count()) == (IntakeState.PARKED, None, 1)


def test_an_invitation_with_words_is_a_person_s_mail(ticket):
    row = calendar_mail(ticket, "REQUEST", "Can you join us? The room is still black.")
    ticket.refresh_from_db()
    assert (row.message.kind, ticket.status) == (MessageKind.INBOUND, Status.OPEN)
    assert ticket.unanswered_since == NOW
    assert Clock.objects.get().ticket == ticket


def test_list_mail_of_a_customer_opens_a_ticket_and_that_of_a_stranger_is_parked(ticket):
    MailDomainFactory(customer=ticket.customer, domain="company.example")
    listed = {"List-Id": "<tech.company.example>"}
    assert arrive(sender="new@company.example", headers=listed).ticket is not None
    stranger = arrive(sender="x@stranger.example", message_id="<s@stranger.example>", headers=listed)
    assert (stranger.state, stranger.ticket) == (IntakeState.PARKED, None)


# Parked


def test_a_newsletter_is_parked():
    row = arrive(
        subject="Our news", headers={"List-Unsubscribe": "<https://x.example>", "Precedence": "bulk"}
    )
    assert (row.state, row.ticket) == (IntakeState.PARKED, None)


@pytest.mark.parametrize("sender", ["support@desk.example", "SUPPORT+t1-x@desk.example"])
def test_our_own_address_as_sender_is_parked(sender):
    assert arrive(sender=sender).state == IntakeState.PARKED


def test_our_own_message_id_coming_back_is_parked():
    ours = new_message_id(12, "desk.example")
    assert arrive(message_id=f"<{ours}>").state == IntakeState.PARKED


# The priority of alarms


def sender_of_alarms(priority: Priority | None, **more: Any) -> None:
    ContactFactory(email="monitor@company.example", alarm_priority=priority, **more)


@pytest.mark.parametrize(
    ("priority", "expected"), [(Priority.P0, Priority.P0), (Priority.P3, Priority.P3), (None, Priority.P2)]
)
def test_an_alarm_has_the_priority_of_its_sender_s_alarms(priority, expected):
    sender_of_alarms(priority)
    assert alarm(1).ticket.priority == expected


def test_an_alarm_that_looks_like_a_person_s_mail_has_it_too():
    sender_of_alarms(Priority.P0)
    assert arrive(sender="monitor@company.example", subject="ALERT: all rooms down").ticket.priority == 0


def test_a_person_s_words_from_an_address_of_alarms_have_the_mailbox_s_priority():
    sender_of_alarms(Priority.P0)
    assert (
        arrive(sender="monitor@company.example", subject="How do I mute it?").ticket.priority == Priority.P2
    )


def test_a_priority_in_the_alarm_s_subject_is_the_more_exact_one():
    sender_of_alarms(Priority.P0)
    assert alarm(1, "[P1] ALERT: join failures").ticket.priority == Priority.P1


@pytest.mark.parametrize("is_forged", [True, False])
def test_nobody_gets_a_page_by_an_alarm_in_a_foreign_name(is_forged):
    """Its domain disowns the mail, or the customer is one no longer."""
    customer = CustomerFactory(is_active=is_forged)
    sender_of_alarms(Priority.P0, customer=customer)
    verdict = "dmarc=fail" if is_forged else "dmarc=pass"
    row = arrive(
        sender="monitor@company.example",
        subject="ALERT: all rooms down",
        headers={**MONITORING, "Authentication-Results": f"mx.desk.example; {verdict}"},
    )
    assert row.ticket.priority == Priority.P2
