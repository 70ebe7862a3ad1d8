"""Taking a waiting customer into one's hands: acknowledge, take the ticket over, or escalate it now.

Each takes the ticket's lock first; the promises run on, whatever is done here.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from escalation.chains.progress import ChainProgress, progress_of
from escalation.choices import AcknowledgedBy, ClockChange, ClockState, NoticeKind
from escalation.clocks.ledger import Before, ChangeContext, append_event
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

TIME_OUT = timedelta(minutes=15)  # of a promise without any step


@transaction.atomic
def acknowledge(*, ticket: Ticket, actor: User, at: datetime, by: AcknowledgedBy) -> list[Acknowledgement]:
    """Say "I have it": nobody is paged until the time-out of the last step, or the due time if that is sooner.

    Of every open promise. Saying it again of the same firing gives back what was said first. Raises DeskError.
    """
    ticket = _locked_for(ticket, actor)
    taken = _take(ticket, ChangeContext(at, actor), actor, by)
    if not taken:
        raise DeskError(_nothing_waits(ticket))
    return taken


@transaction.atomic
def take_over(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Make the ticket one's own and acknowledge it at once; who held it is told. Raises DeskError."""
    ticket = _locked_for(ticket, actor)
    before = ticket.owner
    hand_over(ticket, actor, actor=actor, at=at, rule=OwnerRule.TAKE_OVER, reason="")
    taken = _take(ticket, ChangeContext(at, actor), actor, AcknowledgedBy.TAKE_OVER)
    if before == actor and not taken:
        raise DeskError(_nothing_waits(ticket))
    if before != actor and before.is_active:
        strictest = taken[0].clock if taken else None
        tell(before, Notice(NoticeKind.TAKEN_OVER, ticket, strictest, actor), at=at)
    return ticket


@transaction.atomic
def escalate_now(*, ticket: Ticket, actor: User, at: datetime, reason: str) -> Escalation:
    """Move the ticket one level up from its holder without waiting for the chain. Raises DeskError.

    Whoever had acknowledged it does not have it any more, so the chain goes on for the new owner.
    """
    ticket = _locked_for(ticket, actor)
    if not reason.strip():
        raise DeskError(_("Give a reason: it stands in the ledger."))
    clocks = _waiting(ticket)
    if not clocks:
        raise DeskError(_nothing_waits(ticket))
    escalation = escalate_by_hand(clocks[0], People.at(at), ChangeContext(at, actor, reason.strip()))
    _let_go(clocks, at)
    return escalation


def _locked_for(ticket: Ticket, actor: User) -> Ticket:
    if not (actor.is_active and actor.is_staff and may_see(actor, ticket)):
        raise DeskError(_("This ticket is not yours to see."))
    return lock_ticket(ticket)


def _waiting(ticket: Ticket) -> list[Clock]:
    """The promises that somebody may be paged for, the strictest first."""
    return [clock for clock in open_clocks(ticket) if clock.state != ClockState.PAUSED]


def _nothing_waits(ticket: Ticket) -> str:
    if not ticket.is_active:
        return _("%(number)s is closed. Nobody is paged for it any more.") % {"number": ticket.number}
    return _("%(number)s has been answered. Nobody is paged for it any more.") % {"number": ticket.number}


def _take(ticket: Ticket, context: ChangeContext, actor: User, by: AcknowledgedBy) -> list[Acknowledgement]:
    taken, untils = [], []
    for clock in _waiting(ticket):
        firing = clock.escalations.order_by("-fired_at", "-pk").first()
        first = _said_before(clock, firing, actor, context.at)
        if first is None:
            first = _acknowledged(clock, firing, context, actor, by)
            untils.append(first.until)
        taken.append(first)
    if untils:
        record(ticket, Fact.TAKEN, at=context.at, actor=actor, until=max(untils).isoformat(), by=by.value)
    return taken


def _said_before(
    clock: Clock, firing: Escalation | None, actor: User, at: datetime
) -> Acknowledgement | None:
    """What the actor said of this firing; before anything fired it counts while it lasts."""
    said = clock.acknowledgements.filter(user=actor, escalation=firing).order_by("-at")
    first = (said if firing is not None else said.filter(until__gt=at)).first()
    if first is not None:
        first.clock = clock
    return first


def _acknowledged(
    clock: Clock, firing: Escalation | None, context: ChangeContext, actor: User, by: AcknowledgedBy
) -> Acknowledgement:
    progress = progress_of(clock)
    until = context.at + _time_out(progress)
    if context.at < clock.due_at:
        until = min(until, clock.due_at)  # the step at the due time is never held back
    clock.held_until = max(until, clock.held_until or until)
    clock.next_step_at = progress.next_action_at(after=context.at)
    clock.save(update_fields=["held_until", "next_step_at"])
    append_event(
        clock,
        ClockChange.ACKNOWLEDGED,
        context,
        before=Before.of(clock),
        until=until.isoformat(),
        by=by.value,
    )
    return Acknowledgement.objects.create(
        clock=clock, escalation=firing, user=actor, at=context.at, until=until, by=by
    )


def _time_out(progress: ChainProgress) -> timedelta:
    """Of the last step that fired, else of the first one to come."""
    step = progress.last.step if progress.last is not None else None
    if step is None and progress.steps_ahead:
        step = progress.steps_ahead[0][1]
    return timedelta(minutes=step.ack_minutes) if step is not None else TIME_OUT


def _let_go(clocks: Iterable[Clock], at: datetime) -> None:
    for clock in clocks:
        clock.held_until = None
        clock.next_step_at = progress_of(clock).next_action_at(after=at)
        clock.save(update_fields=["held_until", "next_step_at"])
