"""Where the messages of a merged ticket were written: an answer in one ticket answered no question in another."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tickets.choices import Fact
from tickets.models import Message, Ticket, TimelineEntry

# What a ticket's timeline says about its messages, its first one and where it went.
FACTS = (Fact.OPENED, Fact.CUSTOMER_WROTE, Fact.AUTOMATIC, Fact.STAFF_RESPONDED, Fact.MERGED)


class Stay(NamedTuple):
    """A message was in this ticket (its key) since a merge and until the next one (UTC), if there were any."""

    ticket: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Origins:
    """``merges`` has the ticket into which each merged one went, and when; ``homes`` where each message was written.

    ``openings`` is the same for first messages, by their receipt and storing. All by key.
    """

    ticket: int
    merges: Mapping[int, tuple[int, datetime]]
    homes: Mapping[int, int]
    openings: Mapping[tuple[datetime, datetime], int]

    def home(self, message: Message) -> int:
        """The ticket to which the message was written."""
        opened = self.openings.get((message.at, message.created_at), self.ticket)
        return self.homes.get(message.pk, opened)

    def stays(self, message: Message) -> Iterator[Stay]:
        """The tickets in which the message was, from the first one on."""
        ticket, since = self.home(message), None
        while ticket in self.merges:
            into, at = self.merges[ticket]
            yield Stay(ticket, since, at)
            ticket, since = into, at
        yield Stay(ticket, since, None)

    def are_together(self, answer: Message, question: Message) -> bool:
        """True if the answer was written in the ticket in which the question was by then."""
        written = max(answer.at, answer.created_at)
        return self._place(answer, written) == self._place(question, written)

    def _place(self, message: Message, at: datetime) -> int:
        return next(stay.ticket for stay in self.stays(message) if stay.until is None or at < stay.until)


def origins_of(ticket: Ticket) -> Origins | None:
    """None if no other ticket was ever merged into this one. One query then."""
    merged = {each.pk: each for each in merged_into(ticket)}
    if not merged:
        return None
    entries = list(TimelineEntry.objects.filter(ticket__in=merged, fact__in=FACTS).order_by("pk"))
    merges = {entry.ticket_id: (entry.data["into"], entry.at) for entry in entries if "into" in entry.data}
    homes = {entry.data["message"]: entry.ticket_id for entry in entries if "message" in entry.data}
    opened = {
        (merged[entry.ticket_id].opened_at, entry.at): entry.ticket_id
        for entry in entries
        if entry.fact == Fact.OPENED
    }
    return Origins(ticket.pk, merges, homes, opened)


def staying(ticket: Ticket) -> Ticket:
    """The ticket into which this one was merged, and so on; the ticket itself if it was not."""
    while ticket.merged_into is not None:
        ticket = ticket.merged_into
    return ticket


def merged_into(ticket: Ticket) -> Iterable[Ticket]:
    """The tickets that were merged into this one, and those that had been merged into them. One query if none."""
    found, level = list[Ticket](), [ticket.pk]
    while level:
        tickets = list(Ticket.objects.filter(merged_into__in=level))
        found, level = [*found, *tickets], [each.pk for each in tickets]
    return found
