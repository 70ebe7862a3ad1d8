"""Shows the invitations of a message: what they invite to, and when that is for the reader and for the customer."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import template
from django.utils import timezone

from customers.times import dated_span
from tickets.mail.invitations import MAX_BYTES, InvitedEvent, read_invitation
from tickets.models import Attachment, Message, Ticket

register = template.Library()
CALENDAR_TYPES = ("text/calendar", "application/ics")


@dataclass(frozen=True)
class InvitationCard:
    """``times`` are the same time in the reader's zone and in the organiser's or else the customer's, if it differs."""

    event: InvitedEvent
    times: tuple[str, ...]


@register.simple_tag
def invitation_cards(message: Message, ticket: Ticket) -> list[InvitationCard]:
    """Reads the calendar files of the message, each of which most mail programs attach more than once."""
    events = dict.fromkeys(_events(message))
    return [InvitationCard(event, tuple(dict.fromkeys(_times(event, ticket)))) for event in events]


def _events(message: Message) -> Iterator[InvitedEvent]:
    for file in message.attachments.all():
        if file.content_type in CALENDAR_TYPES or file.name.lower().endswith(".ics"):
            event = read_invitation(_beginning(file))
            if event is not None:
                yield event


def _times(event: InvitedEvent, ticket: Ticket) -> Iterator[str]:
    if event.starts_at is None:
        yield _days(event) or event.written
        return
    theirs = event.zone or (ticket.contact.zone if ticket.contact else "")
    for zone in filter(None, (timezone.get_current_timezone_name(), theirs)):
        yield dated_span(event.starts_at, event.ends_at, zone)


def _days(event: InvitedEvent) -> str:
    days = dict.fromkeys(day.isoformat() for day in (event.first_day, event.last_day) if day)
    return " – ".join(days)


def _beginning(file: Attachment) -> bytes:
    try:
        with file.file.open("rb") as content:
            return bytes(content.read(MAX_BYTES))
    except OSError:  # its download says what is wrong
        return b""
