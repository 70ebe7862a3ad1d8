"""Questions over which a ticket was ended: nobody waits for their answer unless somebody opens the ticket again."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tickets.choices import Fact, Status
from tickets.models import Message, Ticket, TimelineEntry
from tickets.services.origins import Origins, Stay

OVER = (Status.RESOLVED, Status.CLOSED)
# The customer opened the ticket again by these words, which are promised an answer themselves.
BY_THE_CUSTOMER = (Fact.CUSTOMER_WROTE, Fact.BY_A_PERSON, Fact.SENDER_ACCEPTED)


@dataclass(frozen=True)
class EndOrReopening:
    """A ticket was ended or opened at ``at`` (UTC): over a question, or by the customer's words, or neither."""

    at: datetime
    is_end: bool
    over_a_question: bool = False
    by_the_customer: bool = False


@dataclass(frozen=True)
class Closings:
    """How a ticket and those merged into it were ended and opened, by their keys."""

    ticket: int
    origins: Origins | None
    changes: Mapping[int, Sequence[EndOrReopening]]

    def over(self, question: Message) -> list[datetime]:
        """When the ticket of the question was ended while the customer waited (UTC), since it could be read."""
        return [at for at, _again in self._closings(question)]

    def all_over_questions(self) -> list[datetime]:
        return [change.at for each in self.changes.values() for change in each if change.over_a_question]

    def waits_since(self, question: Message) -> datetime | None:
        """Since when an unanswered question is owed an answer: its receipt, or when the ticket was opened for it.

        None while a ticket that was ended over it has not been opened by anybody but the customer.
        """
        closings = list(self._closings(question))
        return closings[-1][1] if closings else question.at

    def _closings(self, question: Message) -> Iterator[tuple[datetime, datetime | None]]:
        """Each with when somebody opened the ticket again."""
        closed_at: datetime | None = None
        for change in self._met_by(question):
            if change.is_end and change.over_a_question and closed_at is None:
                closed_at = change.at
            elif not change.is_end and closed_at is not None:
                yield closed_at, None if change.by_the_customer else change.at
                closed_at = None
        if closed_at is not None:
            yield closed_at, None

    def _met_by(self, question: Message) -> Iterator[EndOrReopening]:
        """What became of the tickets in which the question was; a merge into an open one opens its ticket too."""
        for stay in self._stays(question):
            changes = self.changes.get(stay.ticket, ())
            if stay.since is not None:
                before = [change for change in changes if change.at <= stay.since]
                if not (before and before[-1].is_end):
                    yield EndOrReopening(stay.since, is_end=False)
            since = max(question.created_at, stay.since or question.created_at)
            for change in changes:
                if since < change.at and (stay.until is None or change.at < stay.until):
                    yield change

    def _stays(self, question: Message) -> Iterable[Stay]:
        return [Stay(self.ticket, None, None)] if self.origins is None else self.origins.stays(question)


def closings_of(ticket: Ticket, origins: Origins | None) -> Closings:
    """One query."""
    tickets = [ticket.pk, *(origins.merges if origins is not None else ())]
    entries = TimelineEntry.objects.filter(ticket__in=tickets, fact__in=(Fact.STATUS, *BY_THE_CUSTOMER))
    rows = list(entries.order_by("at", "pk").values_list("ticket", "at", "fact", "data"))
    words = {(key, at) for key, at, fact, _data in rows if fact != Fact.STATUS}
    changes = defaultdict[int, list[EndOrReopening]](list)
    for key, at, fact, data in rows:
        if fact == Fact.STATUS and (data["before"] in OVER) != (data["after"] in OVER):
            is_end, over_a_question = data["after"] in OVER, data.get("unanswered", False)
            changes[key].append(
                EndOrReopening(at, is_end, over_a_question, not is_end and (key, at) in words)
            )
    return Closings(ticket.pk, origins, dict(changes))
