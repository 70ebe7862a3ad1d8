"""The verdict on a desk after the kills sees whatever is lost or doubled; here on a desk without any kill."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models import F

from escalation.choices import ClockState, NotificationState
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, Escalation, Notification
from tests.factories import NOW, ContactFactory, CustomerFactory, MailboxFactory, set_desk, staff
from tests.flow.chaos.colleague import Answer
from tests.flow.chaos.load import Question
from tests.flow.chaos.verdict import Evidence, problems
from tests.flow.outside import Letter
from tests.talk import answered, dispatched, minute
from tickets.choices import Fact, MessageKind, OutboxState
from tickets.models import InboundEmail, Message, OutboundEmail, Ticket
from tickets.services.intake import process, receive_raw

pytestmark = pytest.mark.django_db

LATER = 60 * 24


@pytest.fixture(scope="module")
def evidence(rows_of_the_module: None) -> Evidence:
    """Three mails of a customer, the last on the ticket of the first; one ticket answered, one escalated for a day."""
    ann = staff("ann", reports_to=staff("boss", reports_to=staff("top")))
    set_desk(duty_manager=staff("duty"), intake_owner=ann)
    mailbox = MailboxFactory(address="support@desk.example")
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann), email="ops@tempo.example")
    questions = [
        Question("one", contact.email),
        Question("two", contact.email),
        Question("more", contact.email, "one"),
    ]
    for question in questions:
        row = receive_raw(raw=question.raw(), received_at=NOW, via="imap", mailbox=mailbox)
        process(row.pk, now=NOW)
    quick, _slow = Ticket.objects.order_by("pk")
    body = answered(quick, 5).body
    for at in range(0, LATER + 1, 60):
        sweep(now=minute(at))
    dispatched(LATER)
    OutboundEmail.objects.update(state=OutboxState.ACCEPTED)
    Notification.objects.filter(mail=None).delete()
    letters = [
        Letter("", (), f"Message-ID: <{key}>\r\n\r\n".encode())
        for key in OutboundEmail.objects.values_list("rfc_message_id", flat=True)
    ]
    return Evidence(questions, [Answer(quick.pk, body, 1)], [], letters, minute(LATER))


def test_a_desk_that_lost_nothing_has_no_problem(evidence):
    assert Escalation.objects.filter(to_owner__isnull=False).exists()
    assert problems(evidence) == []


def a_doubled_message() -> None:
    message = Message.objects.filter(kind=MessageKind.INBOUND).first()
    assert message
    message.pk = None
    message.save()


def a_doubled_answer() -> None:
    message = Message.objects.get(kind=MessageKind.OUTBOUND)
    message.pk = None
    message.save()


def a_lost_step() -> None:
    last = Escalation.objects.order_by("pk").last()
    assert last
    last.notifications.all().delete()
    last.delete()


def a_doubled_step() -> None:
    first = Escalation.objects.order_by("pk").first()
    assert first
    first.pk, first.round = None, 7
    first.save()


BROKEN: dict[str, Callable[[], object]] = {
    "a mail not processed": lambda: InboundEmail.objects.update(state="stored"),
    "a message doubled": a_doubled_message,
    "an answer doubled": a_doubled_answer,
    "a ticket lost": lambda: Message.objects.filter(rfc_message_id__startswith="two").update(
        rfc_message_id=""
    ),
    "a breach not noticed": lambda: Clock.objects.filter(state=ClockState.BREACHED).update(
        state=ClockState.RUNNING, breached_at=None
    ),
    "a step lost": a_lost_step,
    "a step doubled": a_doubled_step,
    "a step too early": lambda: Escalation.objects.update(fired_at=F("due_at") - timedelta(seconds=1)),
    "a note lost": lambda: Message.objects.filter(kind=MessageKind.NOTE).delete(),
    "a line of the timeline lost": lambda: (
        Ticket.objects.get(subject="two").timeline.filter(fact=Fact.OWNER).delete()
    ),
    "the holder not changed": lambda: Ticket.objects.update(owner=staff("somebody")),
    "a notification not sent": lambda: Notification.objects.update(state=NotificationState.PENDING),
    "the new holder not told": lambda: Notification.objects.filter(
        recipient=F("escalation__to_owner")
    ).delete(),
    "a mail not accepted": lambda: OutboundEmail.objects.update(state=OutboxState.SENDING),
}


@pytest.mark.parametrize("what", BROKEN)
def test_whatever_is_lost_or_doubled_is_seen(evidence, what):
    BROKEN[what]()
    assert problems(evidence)


@pytest.mark.parametrize(
    "claimed",
    [
        {"letters": []},
        {"questions": []},
        {"answers": []},
        {"answers": [Answer(1, "never written", 1)]},
        {"letters": [Letter("", (), b"Message-ID: <unknown@desk.example>\r\n\r\n")]},
    ],
)
def test_the_verdict_compares_what_the_outside_saw_with_the_rows(evidence, claimed):
    assert problems(replace(evidence, **claimed))
