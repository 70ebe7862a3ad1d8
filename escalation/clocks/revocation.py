"""Takes an answer back that did not count: everything owed runs on as if it had never been given.

Needs the lock of the ticket, like all that changes clocks.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from escalation.choices import RESPONSE_KINDS, ClockKind
from escalation.clocks.endings import Ending, endings_since, first_that_stands
from escalation.clocks.ledger import ChangeContext
from escalation.clocks.lifecycle import PINNED, newest_clock, open_response_clocks, start_waiting
from escalation.clocks.resolution_again import resolve_again
from escalation.clocks.running_again import first_response, given_up_at, revoke
from escalation.clocks.updates_and_resolution import start_in_retrospect, withdraw_update
from escalation.models import Clock
from tickets.models import Message, Ticket
from tickets.services.origins import Origins, origins_of
from tickets.services.unanswered import oldest_unanswered_question


def take_back(ticket: Ticket, message: Message, context: ChangeContext, *, reopens: bool) -> list[Clock]:
    """Let every promise run again that the answer ended, or that nobody made because of it; returns those.

    ``reopens`` is as in ResponseFailed. A ticket that the answer did not end, and that stays ended, owes nothing again.
    """
    withdraw_update(ticket, message, context)
    answered = Clock.objects.filter(answered_by=message).select_related(*PINNED, "started_by")
    clocks = list(answered.order_by("started_at"))
    responses = [clock for clock in clocks if clock.kind in RESPONSE_KINDS]
    for clock in responses:
        clock.ticket = ticket
        revoke(clock, context, message=message, ended_at=given_up_at(clock))
    waits = any(clock.answered_by_id is None and given_up_at(clock) is None for clock in responses)
    if (ticket.is_active or reopens) and not open_response_clocks(ticket):
        waits |= _promise_what_is_left(ticket, context) is not None
    updates = [clock for clock in clocks if clock.kind == ClockKind.UPDATE]
    return [*responses, *_owe_updates_again(ticket, message, context, updates, waits=waits)]


def _promise_what_is_left(ticket: Ticket, context: ChangeContext) -> Clock | None:
    """Another answer took the place of the one taken back, but a younger question has none."""
    asked = oldest_unanswered_question(ticket)
    return start_waiting(ticket, asked, context) if asked is not None else None


def _owe_updates_again(
    ticket: Ticket, message: Message, context: ChangeContext, updates: list[Clock], *, waits: bool
) -> list[Clock]:
    """Those that the answer ended, by itself or with the ticket, and those after what was said while it was ended.

    They run until the ticket was ended by somebody else. If the customer ``waits``, nobody could have ended it.
    """
    origins = origins_of(ticket)
    endings = list(endings_since(ticket, message, origins))
    own = next((ending for ending in endings if ending.at == message.created_at), None)
    ended_at = None if waits else first_that_stands(ticket, endings)
    if own is not None:
        ended = Clock.objects.filter(
            ticket=ticket, kind=ClockKind.UPDATE, answered_by=None, stopped_at=own.at
        )
        updates = [*updates, *ended.select_related(*PINNED, "started_by")]
        resolve_again(ticket, context, ended_at=own.at, until=ended_at)
    for clock in sorted(updates, key=lambda clock: clock.started_at):
        clock.ticket = ticket
        revoke(clock, context, message=message, ended_at=ended_at)
    for answer in _answers_during(ticket, own, message, origins) if own is not None else ():
        if not any(_was_owed(clock, answer) for clock in updates):
            started = _start_after(ticket, answer, context, ended_at)
            updates = updates if started is None else [*updates, started]
    return updates


def _answers_during(
    ticket: Ticket, ending: Ending, message: Message, origins: Origins | None
) -> Iterable[Message]:
    """What was said while this message had ended the ticket, or written down then, and promised no update yet."""
    during, written = Q(at__gt=ending.at), Q(created_at__gt=ending.at)
    if ending.until is not None:
        during, written = during & Q(at__lte=ending.until), written & Q(created_at__lte=ending.until)
    answers = ticket.messages.responses().filter(during | written)
    answers = answers.exclude(started_clocks__kind=ClockKind.UPDATE).order_by("at", "pk")
    return [answer for answer in answers if origins is None or origins.are_together(answer, message)]


def _was_owed(clock: Clock, answer: Message) -> bool:
    """True if this update was still owed after the answer, which then promised no other one."""
    return clock.started_at <= answer.at and first_response(clock, until=answer.created_at) is None


def _start_after(
    ticket: Ticket, answer: Message, context: ChangeContext, ended_at: datetime | None
) -> Clock | None:
    like = newest_clock(ticket)
    return start_in_retrospect(ticket, answer, context, like=like, ended_at=ended_at) if like else None
