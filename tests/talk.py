"""A conversation as it happens, through the services: what the customer writes and what colleagues answer.

Moments are minutes after `NOW`, which makes every test read like a protocol.
"""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from customers.models import Contact
from escalation.choices import RESPONSE_KINDS
from escalation.models import Clock
from escalation.models.clock import ClockQuerySet
from escalation.notifications.dispatch import DispatchReport, dispatch_due
from tests.factories import NOW, ContactFactory
from tickets.choices import Channel, Priority, Status
from tickets.message_content import KeptFile, MessageContent, NewFile
from tickets.models import Message, Ticket
from tickets.services.conversation import add_customer_message, add_note, log_contact, reply
from tickets.services.failed_responses import fail_response
from tickets.services.opening import open_ticket


def minute(number: float) -> datetime:
    """So many minutes after `NOW`."""
    return NOW + timedelta(minutes=number)


def words(body: str = "The live room is black.", **more: Any) -> MessageContent:
    return MessageContent(body=body, sender_address="li@company.example", **more)


def lying(*files: NewFile) -> list[KeptFile]:
    """Files that lie in the storage, as a page or the mail intake puts them there first."""
    return [
        KeptFile(file, default_storage.save("attachments/day/file", ContentFile(file.data))) for file in files
    ]


def opened(
    at: float = 0,
    *,
    noticed: float | None = None,
    priority: int = Priority.P0,
    contact: Contact | None = None,
    **more: Any,
) -> Ticket:
    """A ticket whose first mail our server received at a minute, and that the desk read at minute `noticed`."""
    contact = contact or ContactFactory()
    return open_ticket(
        subject="Black screen",
        content=more.pop("words", words()),
        received_at=minute(at),
        at=minute(at if noticed is None else noticed),
        priority=priority,
        customer=contact.customer,
        contact=contact,
        **more,
    )


def asked(ticket: Ticket, at: float, *, noticed: float | None = None, **more: Any) -> Message:
    return add_customer_message(
        ticket=ticket,
        content=more.pop("words", words("And now the sound is gone.")),
        received_at=minute(at),
        at=minute(at if noticed is None else noticed),
        contact=ticket.contact,
        **more,
    )


def answered(ticket: Ticket, at: float, *, actor: User | None = None, then: Status | None = None) -> Message:
    """A reply by mail."""
    return reply(
        ticket=ticket, actor=actor or ticket.owner, at=minute(at), body="Please update the SDK.", then=then
    )


def called(ticket: Ticket, at: float, *, happened: float | None = None, **more: Any) -> Message:
    """A call that reached Li, written down at a minute."""
    return log_contact(
        ticket=ticket,
        actor=ticket.owner,
        at=minute(at),
        happened_at=minute(at if happened is None else happened),
        channel=more.pop("channel", Channel.PHONE),
        reached=more.pop("reached", "Li"),
        body=more.pop("body", "Told them to update the SDK."),
        **more,
    )


def noted(ticket: Ticket, at: float) -> Message:
    return add_note(ticket=ticket, actor=ticket.owner, at=minute(at), body="Looks like the SDK.")


def bounced(message: Message, at: float) -> None:
    fail_response(message=message, at=minute(at), answer="550 no such user")


def clock_of(ticket: Ticket) -> Clock:
    """The ticket's only promise, as the database has it."""
    return promised().get(ticket=ticket)


def promised() -> ClockQuerySet:
    """The promises of an answer; those of updates and resolution have tests of their own."""
    return Clock.objects.filter(kind__in=RESPONSE_KINDS)


def dispatched(at: float) -> DispatchReport:
    """Notifications are sent, as of a minute; mails are in the outbox then."""
    return dispatch_due(read_clock=lambda: minute(at))
