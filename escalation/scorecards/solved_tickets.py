"""What keeps speed honest: tickets reopened, customers who wrote again after the end, answers before it.

A ticket counts once in a period, by the last time that it was solved in it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from escalation.lib.among_keys import AmongKeys
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.dimensions import CountedFor, PlansInForce
from tickets.choices import Fact, MessageKind, Status
from tickets.models import Message, TimelineEntry

ENDED = (Status.RESOLVED.value, Status.CLOSED.value)
AGAIN_WITHIN = timedelta(days=7)
TICKET_PATHS = (
    "ticket__customer_id", "ticket__customer__account_manager_id", "ticket__priority", "ticket__scenario",
    "ticket__customer__scenario",
)  # fmt: skip


@dataclass(frozen=True)
class EndOfTicket:
    """A ticket that was solved or opened again; `solver_id` solved it, whoever opened it again."""

    ticket_id: int
    at: datetime
    solver_id: int | None
    counted: CountedFor
    is_reopened: bool
    answers: int = 0
    wrote_again: bool = False


def ends_of(period: CoveredTime) -> Iterator[EndOfTicket]:
    """Each ticket's last solving and last reopening in the period. Five queries."""
    plans, changes = PlansInForce(), list(_changes(period))
    solvers = _solvers_before({ticket_id for _pk, ticket_id, *_rest in changes}, period)
    last: dict[tuple[int, bool], EndOfTicket] = {}
    for pk, ticket_id, at, data, customer_id, manager_id, priority, own, scenario in changes:
        was_ended = data.get("before") in ENDED
        if was_ended != (data.get("after") in ENDED):
            plan_id = plans.at(customer_id, at)
            counted = CountedFor(customer_id, manager_id, priority, own or scenario or "", plan_id)
            last[ticket_id, was_ended] = EndOfTicket(
                ticket_id, at, solvers.get(pk), counted, is_reopened=was_ended
            )
    solved = {ticket_id for ticket_id, was_ended in last if not was_ended}
    answers, questions = _times(Message.objects.responses(), solved), _times(_questions(), solved)
    for end in last.values():
        yield end if end.is_reopened else _with_messages(end, answers, questions)


def _changes(period: CoveredTime) -> Iterator[tuple[Any, ...]]:
    """The changes of status in the period, in order. Tickets that nobody touched since it began are not read."""
    entries = TimelineEntry.objects.filter(
        fact=Fact.STATUS,
        at__gte=period.start,
        at__lt=period.end,
        ticket__updated_at__gte=period.start,
        ticket__is_drill=False,
        ticket__is_history=False,
        ticket__merged_into=None,
    ).order_by("at", "pk")
    return entries.values_list("pk", "ticket_id", "at", "data", *TICKET_PATHS).iterator()


def _solvers_before(tickets: Collection[int], period: CoveredTime) -> Mapping[int, int | None]:
    """Who had solved the ticket as of each change of its status, by the keys of the changes."""
    entries = TimelineEntry.objects.filter(
        AmongKeys("ticket", tickets), fact=Fact.STATUS, at__lt=period.end
    ).order_by("at", "pk")
    solver: dict[int, int | None] = {}
    solvers = {}
    for pk, ticket_id, actor_id, data in entries.values_list("pk", "ticket_id", "actor_id", "data"):
        if data.get("after") in ENDED and data.get("before") not in ENDED:
            solver[ticket_id] = actor_id
        solvers[pk] = solver.get(ticket_id)
    return solvers


def _questions() -> QuerySet[Message]:
    return Message.objects.filter(kind=MessageKind.INBOUND, is_unconfirmed=False)


def _times(messages: QuerySet[Message], tickets: Collection[int]) -> Mapping[int, list[datetime]]:
    times: defaultdict[int, list[datetime]] = defaultdict(list)
    rows = messages.filter(AmongKeys("ticket", tickets)).order_by().values_list("ticket_id", "at")
    for ticket_id, at in rows.iterator():
        times[ticket_id].append(at)
    return times


def _with_messages(
    end: EndOfTicket, answers: Mapping[int, list[datetime]], questions: Mapping[int, list[datetime]]
) -> EndOfTicket:
    return EndOfTicket(
        end.ticket_id,
        end.at,
        end.solver_id,
        end.counted,
        is_reopened=False,
        answers=sum(at <= end.at for at in answers.get(end.ticket_id, ())),
        wrote_again=any(end.at < at <= end.at + AGAIN_WITHIN for at in questions.get(end.ticket_id, ())),
    )
