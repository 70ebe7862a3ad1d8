"""Lets a resolution run again, because what had ended its ticket does not count.

Needs the lock of the ticket and the transaction of the change that causes it.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger import Before, ChangeContext, append_event
from escalation.clocks.lifecycle import PINNED, finish, next_step_time, open_clocks
from escalation.clocks.missed_priorities import MissedChange, missed_priorities
from escalation.clocks.running_again import run_again
from escalation.clocks.updates_and_resolution import follow_one, pause, resume
from escalation.models import Clock
from tickets.choices import Fact, Status
from tickets.models import Ticket


def resolve_again(
    ticket: Ticket, context: ChangeContext, *, ended_at: datetime | None, until: datetime | None = None
) -> None:
    """Let the resolution run on that ended with its ticket at ``ended_at`` (UTC), as if nothing had ended it then.

    It follows the pauses and priorities since, and ends with the ticket at ``until`` if somebody else ended that.
    """
    resolutions = Clock.objects.filter(ticket=ticket, kind=ClockKind.RESOLUTION, stopped_at=ended_at)
    ended = resolutions.exclude(state=ClockState.CANCELLED).select_related(*PINNED)
    for clock in ended.order_by("started_at"):
        clock.ticket = ticket
        _go_on(clock, context, until=until)


def _go_on(clock: Clock, context: ChangeContext, *, until: datetime | None) -> None:
    before, ended_at = Before.of(clock), clock.stopped_at
    clock.state = ClockState.RUNNING if clock.state == ClockState.MET else clock.state
    clock.stopped_at = None
    clock.next_step_at = next_step_time(clock)
    append_event(clock, ClockChange.REVOKED, context, before=before)
    if ended_at is not None:
        for at, change in sorted(_missed(clock, ended_at, until), key=lambda missed: missed[0]):
            _follow(clock, change, replace(context, since=at))
    if until is not None:
        resume(clock, replace(context, since=until))
        finish(clock, context, at=until)
    else:
        for other in open_clocks(clock.ticket, kinds=[ClockKind.RESOLUTION]):
            resume(other, context)
        run_again(clock, context)


Missed = tuple[datetime, MissedChange | str]  # a change of the priority, or the status from then on


def _missed(clock: Clock, since: datetime, until: datetime | None) -> Iterator[Missed]:
    missed = missed_priorities(clock.ticket, since, message=clock.started_by, until=until)
    yield from ((change.at, change) for change in missed.changes)
    statuses = clock.ticket.timeline.filter(fact=Fact.STATUS, at__gt=since).order_by("pk")
    for at, data in statuses.values_list("at", "data"):
        if until is None or at < until:
            yield at, data["after"]


def _follow(clock: Clock, change: MissedChange | str, context: ChangeContext) -> None:
    if isinstance(change, MissedChange):
        follow_one(clock, change.context(context), priority=change.after)
    elif change == Status.WAITING:
        pause(clock, context)
    else:
        resume(clock, context)
