"""The facts that the tickets app announces, named in the past tense, and a small typed publish/subscribe.

Handlers run at once, inside the publisher's transaction and under its ticket lock, in the order in which they
subscribed. An exception rolls the whole change back, so no ticket exists without its clock. Handlers touch only the
database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from tickets.choices import ColleagueMail
    from tickets.models import Mailbox, Message, Proposal, Ticket
    from tickets.repeated_words import RepeatedWords


class DeskEvent:
    """Anything that the tickets app announces."""


@dataclass(frozen=True)
class TicketEvent(DeskEvent):
    """``at`` (UTC) is when the desk recorded the fact; the message has the time it was written or received.

    ``actor`` is None when the desk itself acted.
    """

    ticket: Ticket
    at: datetime
    actor: User | None


@dataclass(frozen=True)
class CustomersRecognised(DeskEvent):
    """The mails of a batch come from these customers (their keys); what each of them needs can be read at once."""

    customers: frozenset[int]


@dataclass(frozen=True)
class MailboxEvent(DeskEvent):
    """A fact about a mailbox; no ticket is locked. ``at`` (UTC) is when the desk recorded it."""

    mailbox: Mailbox
    at: datetime


@dataclass(frozen=True)
class MailboxStopped(MailboxEvent):
    """Mail could not be fetched for a while; ``problem`` says why, without secrets."""

    problem: str


@dataclass(frozen=True)
class MailboxRecovered(MailboxEvent):
    """Mail is fetched again, after a MailboxStopped. It stood still since ``since`` (UTC)."""

    since: datetime


@dataclass(frozen=True)
class TicketOpened(TicketEvent):
    """A ticket exists. Published before the CustomerWrote of its first message."""


@dataclass(frozen=True)
class CustomerWrote(TicketEvent):
    """The customer wrote or called, monitoring alarms included; never published for automatic answers or bounces.

    ``is_first`` is True for the message that opened the ticket; ``proposal`` is the priority that it runs with until
    somebody decides.
    """

    message: Message
    is_first: bool = False
    proposal: Proposal | None = None


@dataclass(frozen=True)
class StaffResponded(TicketEvent):
    """A colleague answered the customer: a reply was sent, or a contact was logged.

    ``then`` is the status that the answer sets, if any; its StatusChanged follows.
    """

    message: Message
    then: str | None = None


@dataclass(frozen=True)
class ResponseFailed(TicketEvent):
    """The server refused a reply for good, or it bounced. ``reopens``: the ticket is about to be opened again."""

    message: Message
    answer: str
    reopens: bool


@dataclass(frozen=True)
class ResponseVoided(TicketEvent):
    """A lead decided that an answer answered nothing. ``reopens``: the ticket is about to be opened again."""

    message: Message
    reason: str
    reopens: bool


@dataclass(frozen=True)
class MarkedAsPerson(TicketEvent):
    """A colleague said that a person wrote a message that was kept as automatic: it counts from its receipt."""

    message: Message


@dataclass(frozen=True)
class SenderAccepted(TicketEvent):
    """A colleague accepted the sender of a message whose sender was not verified: it counts from its receipt."""

    message: Message


@dataclass(frozen=True)
class MarkedAsAutomatic(TicketEvent):
    """A colleague said that a customer's message was automatic: the promise it started was never owed."""

    message: Message


@dataclass(frozen=True)
class ColleagueWrote(TicketEvent):
    """A colleague wrote to the ticket by email and is told what ``became`` of it; ``actor`` is None if unverified.

    ``words`` were sent or kept; ``problem`` is a sentence that says why they were not sent.
    """

    colleague: User
    became: ColleagueMail
    words: str
    problem: str


@dataclass(frozen=True)
class PriorityChanged(TicketEvent):
    """``proposal`` if a rule proposed the new priority for words of the customer and nobody has decided yet."""

    before: int
    after: int
    reason: str
    proposal: Proposal | None = None


@dataclass(frozen=True)
class PriorityProposed(TicketEvent):
    """A rule proposed a priority that does not apply yet, as nobody knows the writer."""

    proposal: Proposal


@dataclass(frozen=True)
class ProposalConfirmed(TicketEvent):
    """A person confirmed the proposed priority that the ticket has."""

    proposal: Proposal


@dataclass(frozen=True)
class ProposalRejected(TicketEvent):
    """A person gave a ticket another priority than the proposed one that it had."""

    proposal: Proposal
    before: int
    after: int
    reason: str


@dataclass(frozen=True)
class StatusChanged(TicketEvent):
    """``asks_again``: the ticket had been ended over a question that nobody answered, and is open again."""

    before: str
    after: str
    reason: str
    asks_again: bool = False


@dataclass(frozen=True)
class TicketAssigned(TicketEvent):
    before: User
    after: User
    rule: str
    reason: str


@dataclass(frozen=True)
class CustomerNamed(TicketEvent):
    """The customer was unknown when the ticket was opened; ``ticket.customer`` is set now, and maybe a new owner."""

    owner_before: User


@dataclass(frozen=True)
class TicketsMerged(TicketEvent):
    """``ticket`` goes on with the whole conversation; ``merged`` is about to be closed."""

    merged: Ticket
    reason: str


@dataclass(frozen=True)
class WordsErased(TicketEvent):
    """The words of a message are gone for good; ``words`` finds what repeats them."""

    message: Message
    words: RepeatedWords


EventT = TypeVar("EventT", bound=DeskEvent)
_handlers: dict[type[DeskEvent], list[Callable[[Sequence[Any]], None]]] = defaultdict(list)


def subscribe(event_type: type[EventT], handler: Callable[[EventT], None]) -> None:
    """Call ``handler`` for each event of exactly this type. Subscribing the same handler again changes nothing."""
    subscribe_all(event_type, OneByOne(handler))


def subscribe_all(event_type: type[EventT], handler: Callable[[Sequence[EventT]], None]) -> None:
    """Like `subscribe`, for a handler that takes all events of one publish_all together."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


@dataclass(frozen=True)
class OneByOne:
    """Adapts a handler of single events to a list of them."""

    handler: Callable[[Any], None]

    def __call__(self, events: Sequence[DeskEvent]) -> None:
        for event in events:
            self.handler(event)


def publish(event: DeskEvent) -> None:
    """Run the handlers of the event's type. Call this inside the transaction that made the fact true."""
    publish_all([event])


def publish_all(events: Sequence[DeskEvent]) -> None:
    """Like `publish`, for several facts of one type that became true together, each on a different ticket."""
    for handler in _handlers[type(events[0])] if events else ():
        handler(events)
