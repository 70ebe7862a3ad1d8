"""When tickets were ended, and opened again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from tickets.choices import Fact, Status
from tickets.models import Message, Ticket
from tickets.services.origins import Origins

OVER = (Status.RESOLVED, Status.CLOSED)


@dataclass(frozen=True)
class Ending:
    """A ticket was ended at ``at`` (UTC), and opened again at ``until`` if it was."""

    at: datetime
    until: datetime | None

    def covers(self, moment: datetime) -> bool:
        return self.at <= moment and (self.until is None or moment < self.until)


def endings_of(ticket: Ticket) -> list[Ending]:
    """All of the ticket's own, in their order, without those by answers that do not count."""
    endings = list(_endings(ticket, Q(ticket=ticket)))
    taken_back = _taken_back(ticket) if endings else set()
    return [ending for ending in endings if ending.at not in taken_back]


def endings_since(ticket: Ticket, message: Message, origins: Origins | None) -> Iterator[Ending]:
    """When the tickets in which the message was were ended since it was written down, in their order."""
    return _endings(ticket, _where_it_was(ticket, message, origins) & Q(at__gte=message.created_at))


def first_that_stands(ticket: Ticket, endings: Sequence[Ending]) -> datetime | None:
    """When the ticket was first ended by a person's act or by an answer that still counts."""
    if not endings:
        return None
    taken_back = _taken_back(ticket)
    return min((ending.at for ending in endings if ending.at not in taken_back), default=None)


def _taken_back(ticket: Ticket) -> set[datetime]:
    answers = ticket.messages.exclude(failed_at=None, voided_at=None)
    return set(answers.values_list("created_at", flat=True))


def _endings(ticket: Ticket, which: Q) -> Iterator[Ending]:
    changes = ticket.timeline.model.objects.filter(which, fact=Fact.STATUS).order_by("at", "pk")
    return _in_pairs(changes.values_list("at", "data__after"))


def _in_pairs(changes: Iterable[tuple[datetime, str]]) -> Iterator[Ending]:
    ended: datetime | None = None
    for at, after in changes:
        if after in OVER and ended is None:
            ended = at
        elif after not in OVER and ended is not None:
            yield Ending(ended, at)
            ended = None
    if ended is not None:
        yield Ending(ended, None)


def _where_it_was(ticket: Ticket, message: Message, origins: Origins | None) -> Q:
    """Entries of these tickets' timelines. The end of a ticket by its merge is none of the matter."""
    if origins is None:
        return Q(ticket=ticket)
    places = Q()
    for stay in origins.stays(message):
        place = Q(ticket=stay.ticket)
        place &= Q() if stay.since is None else Q(at__gte=stay.since)
        place &= Q() if stay.until is None else Q(at__lt=stay.until)
        places |= place
    return places
