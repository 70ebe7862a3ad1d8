"""Where the messages of a merged ticket were written: an answer in one ticket answered no question in another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from tickets.choices import Fact
from tickets.models import Message, Ticket, TimelineEntry

OPENINGS = (Fact.OPENED, Fact.IMPORTED)
# What a ticket's timeline says about its messages, its first one and where it went.
FACTS = (*OPENINGS, Fact.CUSTOMER_WROTE, Fact.AUTOMATIC, Fact.STAFF_RESPONDED, Fact.MERGED)


class Stay(NamedTuple):
    """A message was in this ticket (its key) since a merge and until the next one (UTC), if there were any."""

    ticket: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class Origins:
    """``merges`` has the ticket into which each merged one went, and when; ``homes`` where each message was written.

    All by key. ``openings`` has the tickets whose first message was received and stored at these times, where their
    timelines do not name it, as older ones did not.
    """

    ticket: int
    merges: Mapping[int, tuple[int, datetime]]
    homes: Mapping[int, int]
    openings: Mapping[tuple[datetime, datetime], Sequence[int]]

    def stays(self, message: Message) -> Iterator[Stay]:
        """The tickets in which the message was, from the first one on; the oldest one that it may have opened."""
        return self._stays_from(self._possible_homes(message)[0])

    def are_together(self, answer: Message, question: Message) -> bool:
        """True if the answer was written in the ticket in which the question was by then.

        False if the question may have been in another one: better to answer twice than to forget somebody.
        """
        written = max(answer.at, answer.created_at)
        return len(self._possible_places(answer, written) | self._possible_places(question, written)) == 1

    def _possible_homes(self, message: Message) -> Sequence[int]:
        """The ticket to which the message was written, or all those that it may have opened."""
        if message.pk in self.homes:
            return [self.homes[message.pk]]
        return self.openings.get((message.at, message.created_at), [self.ticket])

    def _possible_places(self, message: Message, at: datetime) -> set[int]:
        return {self._place(home, at) for home in self._possible_homes(message)}

    def _place(self, home: int, at: datetime) -> int:
        return next(stay.ticket for stay in self._stays_from(home) if stay.until is None or at < stay.until)

    def _stays_from(self, home: int) -> Iterator[Stay]:
        ticket, since = home, None
        while ticket in self.merges:
            into, at = self.merges[ticket]
            yield Stay(ticket, since, at)
            ticket, since = into, at
        yield Stay(ticket, since, None)


def origins_of(ticket: Ticket) -> Origins | None:
    """None if no other ticket was ever merged into this one. One query then."""
    merged = {each.pk: each for each in merged_into(ticket)}
    if not merged:
        return None
    tickets = {ticket.pk: ticket, **merged}
    entries = list(TimelineEntry.objects.filter(ticket__in=tickets, fact__in=FACTS).order_by("pk"))
    merges = {
        entry.ticket_id: (entry.data["into"], entry.at)
        for entry in entries
        if entry.ticket_id in merged and "into" in entry.data
    }
    homes = {entry.data["message"]: entry.ticket_id for entry in entries if "message" in entry.data}
    openings = defaultdict[tuple[datetime, datetime], list[int]](list)
    for entry in entries:
        if entry.fact in OPENINGS and "message" not in entry.data:
            openings[tickets[entry.ticket_id].opened_at, entry.at].append(entry.ticket_id)
    return Origins(ticket.pk, merges, homes, dict(openings))


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
