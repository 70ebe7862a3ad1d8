"""What staff can do while a customer waits: acknowledge, take the ticket over, or escalate it now.

Each function locks the ticket first. None of them stops a promise.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from escalation.chains.progress import ChainProgress, progress_of
from escalation.choices import AcknowledgedBy, ClockChange, ClockState, NoticeKind
from escalation.clocks.ledger import ChangeContext, append_event
from escalation.clocks.lifecycle import open_clocks
from escalation.enforcement.firing import escalate_by_hand
from escalation.models import Acknowledgement, Clock, Escalation
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from escalation.people.staff_snapshot import People
from tickets.access import may_see
from tickets.choices import Fact, OwnerRule
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.locking import lock_ticket
from tickets.services.ownership import hand_over
from tickets.services.timeline import record

TIME_OUT = timedelta(minutes=15)  # for a promise whose chain has no step


@transaction.atomic
def acknowledge(*, ticket: Ticket, actor: User, at: datetime, by: AcknowledgedBy) -> list[Acknowledgement]:
    """Acknowledge every open promise: nobody is paged until the last step's time-out or the due time.

    Acknowledging the same firing again returns the first acknowledgement. Raises DeskError.
    """
    ticket = _lock_for(ticket, actor)
    acknowledgements = _acknowledge_all(ticket, ChangeContext(at, actor), actor, by)
    if not acknowledgements:
        raise DeskError(_why_nothing_waits(ticket))
    return acknowledgements


@transaction.atomic
def take_over(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Make the actor the owner and acknowledge at once; the former owner is told. Raises DeskError."""
    ticket = _lock_for(ticket, actor)
    before = ticket.owner
    hand_over(ticket, actor, actor=actor, at=at, rule=OwnerRule.TAKE_OVER, reason="")
    acknowledgements = _acknowledge_all(ticket, ChangeContext(at, actor), actor, AcknowledgedBy.TAKE_OVER)
    if before == actor and not acknowledgements:
        raise DeskError(_why_nothing_waits(ticket))
    if before != actor and before.is_active:
        strictest = acknowledgements[0].clock if acknowledgements else None
        tell(before, Notice(NoticeKind.TAKEN_OVER, ticket, strictest, actor), at=at)
    return ticket


@transaction.atomic
def escalate_now(*, ticket: Ticket, actor: User, at: datetime, reason: str) -> Escalation:
    """Move the ticket one level up from its holder without waiting for the chain. Raises DeskError.

    Earlier acknowledgements no longer count, so that the chain goes on for the new owner.
    """
    ticket = _lock_for(ticket, actor)
    if not reason.strip():
        raise DeskError(_("Give a reason: it is recorded in the ledger."))
    clocks = _pageable_clocks(ticket)
    if not clocks:
        raise DeskError(_why_nothing_waits(ticket))
    escalation = escalate_by_hand(clocks[0], People.at(at), ChangeContext(at, actor, reason.strip()))
    _release(clocks, at)
    return escalation


def _lock_for(ticket: Ticket, actor: User) -> Ticket:
    if not (actor.is_active and actor.is_staff and may_see(actor, ticket)):
        raise DeskError(_("You don't have access to this ticket."))
    return lock_ticket(ticket)


def _pageable_clocks(ticket: Ticket) -> list[Clock]:
    """The open promises that are not paused, the strictest first."""
    return [clock for clock in open_clocks(ticket) if clock.state != ClockState.PAUSED]


def _why_nothing_waits(ticket: Ticket) -> str:
    if not ticket.is_active:
        return _("%(number)s is closed. No more paging for it.") % {"number": ticket.number}
    return _("%(number)s has been answered. No more paging for it.") % {"number": ticket.number}


def _acknowledge_all(
    ticket: Ticket, context: ChangeContext, actor: User, by: AcknowledgedBy
) -> list[Acknowledgement]:
    acknowledgements, untils = [], []
    for clock in _pageable_clocks(ticket):
        firing = clock.escalations.order_by("-fired_at", "-pk").first()
        acknowledgement = _earlier_acknowledgement(clock, firing, actor, context.at)
        if acknowledgement is None:
            acknowledgement = _record_acknowledgement(clock, firing, context, actor, by)
            untils.append(acknowledgement.until)
        acknowledgements.append(acknowledgement)
    if untils:
        record(ticket, Fact.TAKEN, at=context.at, actor=actor, until=max(untils).isoformat(), by=by.value)
    return acknowledgements


def _earlier_acknowledgement(
    clock: Clock, firing: Escalation | None, actor: User, at: datetime
) -> Acknowledgement | None:
    """The actor's acknowledgement of this firing. One given before any firing counts until it times out."""
    acknowledgements = clock.acknowledgements.filter(user=actor, escalation=firing).order_by("-at")
    first = (acknowledgements if firing is not None else acknowledgements.filter(until__gt=at)).first()
    if first is not None:
        first.clock = clock
    return first


def _record_acknowledgement(
    clock: Clock, firing: Escalation | None, context: ChangeContext, actor: User, by: AcknowledgedBy
) -> Acknowledgement:
    progress = progress_of(clock)
    until = context.at + _time_out(progress)
    if context.at < clock.due_at:
        until = min(until, clock.due_at)  # an acknowledgement never delays the step at the due time
    clock.held_until = max(until, clock.held_until or until)
    clock.next_step_at = progress.next_action_at(after=context.at)
    clock.save(update_fields=["held_until", "next_step_at"])
    append_event(clock, ClockChange.ACKNOWLEDGED, context, until=until.isoformat(), by=by.value)
    return Acknowledgement.objects.create(
        clock=clock, escalation=firing, user=actor, at=context.at, until=until, by=by
    )


def _time_out(progress: ChainProgress) -> timedelta:
    """The acknowledgement time-out of the last step that fired, else of the next one."""
    step = progress.last.step if progress.last is not None else None
    if step is None and progress.steps_ahead:
        step = progress.steps_ahead[0][1]
    return timedelta(minutes=step.ack_minutes) if step is not None else TIME_OUT


def _release(clocks: Iterable[Clock], at: datetime) -> None:
    for clock in clocks:
        clock.held_until = None
        clock.next_step_at = progress_of(clock).next_action_at(after=at)
        clock.save(update_fields=["held_until", "next_step_at"])
