"""An answer that was given before another one and written down after it, as calls may be, comes first all the same.

What is true does not depend on who wrote first. Every function needs the lock of the ticket.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from escalation.choices import RESPONSE_KINDS, ClockKind
from escalation.clocks.endings import Ending, endings_of
from escalation.clocks.ledger import ChangeContext
from escalation.clocks.lifecycle import (
    PINNED,
    answer,
    begin,
    cancel,
    finish,
    follow,
    give_up,
    new_clock,
    open_response_clocks,
)
from escalation.clocks.missed_priorities import MissedPriorities, missed_priorities
from escalation.clocks.running_again import closed_without_reply, first_response, first_together, given_up_at
from escalation.clocks.updates_and_resolution import start_in_retrospect
from escalation.models import Clock
from escalation.policies.terms import Terms, window_for
from tickets.models import Message, Ticket
from tickets.services.closings import closings_of
from tickets.services.origins import origins_of
from tickets.services.unanswered import oldest_answered_by, unanswered_questions, waiting_questions


def put_first(ticket: Ticket, message: Message, context: ChangeContext, *, like: Clock | None) -> bool:
    """End the promises with this answer that a later one had ended, or the end of the ticket.

    The later one then answered the oldest question that came between both, if one did, and kept the update after this
    answer, promised by the terms of ``like`` if given. False if nothing had followed this answer by now.
    """
    endings = endings_of(ticket)
    for clock in _ended_later(ticket, message, endings):
        replaced = clock.answered_by
        finish(clock, context, at=message.at, message=message)
        if replaced is not None and clock.kind in RESPONSE_KINDS:
            _promise_between(clock, message, replaced, context)
        elif clock.kind in RESPONSE_KINDS:
            _give_up_between(clock, message, context)
    ended_at = min((each.at for each in endings if each.at > message.at), default=None)
    given_later = ticket.messages.responses().filter(at__gt=message.at).order_by("at", "pk")
    if ended_at is None and first_together(ticket, given_later, message) is None:
        return False
    if like is not None and not any(ending.covers(message.at) for ending in endings):
        start_in_retrospect(ticket, message, context, like=like, ended_at=ended_at)
    return True


def forget_what_reopening_asked(ticket: Ticket, message: Message, context: ChangeContext) -> None:
    """End the promise of an answer to an older question that was made when the ticket was opened again.

    What waits besides is owed nothing afterwards, until `lifecycle.start_waiting`.
    """
    for clock in open_response_clocks(ticket):
        question = clock.started_by
        if question is None or not question.at <= message.at < clock.started_at:
            continue
        if not any(waiting.since == clock.started_at for waiting in waiting_questions(ticket)):
            cancel(clock, ChangeContext(context.at, None, _("The question had been answered before.")))


def _ended_later(ticket: Ticket, message: Message, endings: Iterable[Ending]) -> list[Clock]:
    """The promises that this answer ends, and that ended after it was given."""
    later = Clock.objects.filter(ticket=ticket, started_at__lte=message.at, stopped_at__gt=message.at)
    later = later.filter(kind__in=[*RESPONSE_KINDS, ClockKind.UPDATE])
    closings = closings_of(ticket, origins_of(ticket)).all_over_questions()
    by_endings = Q(answered_by=None, stopped_at__in=[*closings, *(each.at for each in endings)])
    later = later.filter(by_endings | Q(answered_by__at__gt=message.at))
    clocks = list(later.select_related(*PINNED, "answered_by").order_by("pk"))
    for clock in clocks:
        clock.ticket = ticket
    return clocks


def _promise_between(clock: Clock, earlier: Message, later: Message, context: ChangeContext) -> None:
    """Begin and end the promise of the oldest question after the first answer that the second one answered."""
    ticket, question = clock.ticket, oldest_answered_by(later, clock.ticket, since=earlier.at)
    if question is None:
        return
    others = Clock.objects.filter(ticket=ticket, kind__in=RESPONSE_KINDS, answered_by=later)
    if others.filter(started_at__lte=question.at).exists():
        return
    begun, missed = _begun_between(clock, question)
    response = first_response(begun) or later
    begun.stopped_at = response.at
    begin(begun, context)
    follow(begun, missed.changes_until(response.at), context)
    answer(begun, response, context)


def _give_up_between(clock: Clock, earlier: Message, context: ChangeContext) -> None:
    """Begin the promise of the oldest question after the answer, and end it: the ticket was closed over it."""
    closed_at = given_up_at(clock)
    question = _oldest_given_up(clock.ticket, closed_at, since=earlier.at) if closed_at is not None else None
    if closed_at is None or question is None:
        return
    begun, missed = _begun_between(clock, question)
    begun.stopped_at = closed_at
    begin(begun, context)
    follow(begun, missed.changes_until(closed_at), context)
    give_up(begun, closed_without_reply(context, closed_at))


def _oldest_given_up(ticket: Ticket, closed_at: datetime, *, since: datetime) -> Message | None:
    origins = origins_of(ticket)
    closings = closings_of(ticket, origins)
    for question in unanswered_questions(ticket, origins, by=closed_at):
        if question.at > since and closed_at in closings.over(question):
            return question
    return None


def _begun_between(clock: Clock, question: Message) -> tuple[Clock, MissedPriorities]:
    """The promise of a later question under the contract of this one, not saved, and the priorities it missed."""
    ticket, kind = clock.ticket, ClockKind.NEXT_RESPONSE
    missed = missed_priorities(ticket, question.at, message=question)
    priority = missed.at_first
    target = window_for(contract=clock.contract, kind=kind, priority=priority, at=question.at)
    terms = Terms(clock.contract, target)
    begun = new_clock(ticket, terms, kind=kind, at=question.at, message=question, priority=priority)
    return begun, missed
