"""Lets a promise run again whose answer did not count, from its original start.

Every function needs the lock of the ticket and the transaction of the change that causes it.
"""

from dataclasses import replace
from datetime import datetime

from django.db.models import Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import (
    ANSWER,
    answer,
    cancel,
    end_unsettled,
    follow,
    give_up,
    next_step_time,
    open_clocks,
    record_breach,
)
from escalation.clocks.missed_priorities import missed_priorities
from escalation.models import Clock, ClockEvent
from tickets.models import Message, Ticket
from tickets.models.message import MessageQuerySet
from tickets.services.closings import closings_of
from tickets.services.origins import origins_of


def revoke(
    clock: Clock, context: ChangeContext, *, message: Message, ended_at: datetime | None = None
) -> None:
    """Revoke the answer ``message``: the clock runs again from its original start, and may be breached by now.

    If another answer did arrive, it takes its place. Otherwise the promises started since are cancelled, as they
    would not have begun without this answer. A recorded breach stays, with the time of its detection. ``ended_at``
    (UTC) is when the ticket was ended all the same: the clock ran until that moment.
    """
    before, answered_at = Before.of(clock), clock.stopped_at
    has_passed = clock.state in (ClockState.MET, ClockState.CANCELLED)
    clock.state = ClockState.RUNNING if has_passed else clock.state
    clock.stopped_at = clock.answered_by = None
    clock.next_step_at = next_step_time(clock)
    append_event(clock, ClockChange.REVOKED, context, before=before, message=message)
    response = first_response(clock)
    if response is not None and ended_at is not None and ended_at < response.at:
        response = None
    until = response.at if response is not None else ended_at
    if answered_at is not None and (until is None or until > answered_at):
        missed = missed_priorities(clock.ticket, answered_at, message=clock.started_by, until=until)
        follow(clock, missed.changes, context)
    if response is not None:
        answer(clock, response, context)
    elif ended_at is not None and clock.kind in RESPONSE_KINDS:
        give_up(clock, closed_without_reply(context, ended_at))
    elif ended_at is not None:
        cancel(clock, ChangeContext(context.at, None, _("The incident is over."), since=ended_at))
    else:
        run_again(clock, context)


def closed_without_reply(context: ChangeContext, at: datetime) -> ChangeContext:
    return ChangeContext(context.at, None, _("The ticket was closed without a reply."), since=at)


def given_up_at(clock: Clock) -> datetime | None:
    """When the ticket was first ended over the question of this promise of an answer (UTC), if it was."""
    question = clock.started_by
    if question is None:
        return None
    closings = closings_of(clock.ticket, origins_of(clock.ticket)).over(question)
    return next((at for at in closings if clock.started_at < at), None)


def first_response(clock: Clock, *, until: datetime | None = None) -> Message | None:
    """The first answer to what the clock began with that still counts; ``until`` (UTC) is when it was written down.

    It was not given in another ticket before both were merged. What answers a question was written down by somebody who
    could read that; what follows an answer as an update may have been written down before it.
    """
    cause, responses = clock.started_by, clock.ticket.messages.responses().filter(at__gte=clock.started_at)
    if clock.kind == ClockKind.UPDATE and cause is not None:
        known = responses.filter(Q(at__gt=cause.at) | Q(created_at__gt=cause.created_at))
    else:
        known = responses.written_since(Subquery(_beginning(clock)) if cause is None else cause.created_at)
    known = known.exclude(pk=clock.started_by_id or 0).order_by("at", "pk")
    if until is not None:
        known = known.filter(created_at__lte=until)
    return first_together(clock.ticket, known, cause)


def _beginning(clock: Clock) -> QuerySet[ClockEvent, datetime]:
    lines = ClockEvent.objects.filter(clock=clock.pk, change=ClockChange.STARTED).order_by()
    return lines.values_list("recorded_at", flat=True)[:1]


def first_together(ticket: Ticket, answers: MessageQuerySet, cause: Message | None) -> Message | None:
    """The first of these answers that was given in the ticket in which the cause was by then."""
    first = answers.first()
    origins = origins_of(ticket) if first is not None else None
    if origins is None or cause is None:
        return first
    return next((answer for answer in answers if origins.are_together(answer, cause)), None)


def run_again(clock: Clock, context: ChangeContext) -> None:
    """Reopen the clock, and keep only one of those that are open: at most one answer and one update may be.

    That is the promise of the oldest question. If a merge had found both open, it would have kept the stricter one.
    """
    superseded = ChangeContext(context.at, context.actor, _("An earlier question is unanswered again."))
    kinds = RESPONSE_KINDS if clock.kind in RESPONSE_KINDS else [ClockKind(clock.kind)]
    for other in open_clocks(clock.ticket, kinds=kinds):
        merged_at = merge_of(clock, other)
        if merged_at is not None and other.due_at <= clock.due_at:
            cancel(clock, replace(superseded, since=merged_at))
            return
        if merged_at is None and other.started_at < clock.started_at:
            end_unsettled(clock, superseded)  # it was met until now, so nothing fell due
            return
        cancel(other, superseded)
    clock.save(update_fields=ANSWER)
    if clock.state == ClockState.RUNNING and clock.due_at <= context.at:
        record_breach(clock, context)


def merge_of(one: Clock, other: Clock) -> datetime | None:
    """When a merge (UTC) brought two clocks of a ticket together; None if they began on the same one."""
    changes = (ClockChange.STARTED, ClockChange.MERGED)
    lines = ClockEvent.objects.filter(clock__in=[one.pk, other.pk], change__in=changes).order_by("pk")
    places: dict[int, int] = {}
    for clock, change, at, data in lines.values_list("clock", "change", "at", "data"):
        places[clock] = data["target"] if change == ClockChange.MERGED else data.get("ticket", 0)
        if len(places) == 2 and len(set(places.values())) == 1:
            return at if change == ClockChange.MERGED else None
    return None
