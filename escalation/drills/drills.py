"""Fire drills: a marked P0 that runs the real chain to real people, and that no figure counts.

A drill is opened like any ticket, so its clock, paging and chain are real. Nothing reaches a customer, because the
outbox refuses it. It ends when a person answers it or ends it, at the end of its chain, or when its time is up.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from customers.models import Customer, Desk
from customers.times import as_read_by
from escalation.choices import DrillEnding
from escalation.clocks.ledger import ChangeContext
from escalation.clocks.lifecycle import cancel, open_clocks
from escalation.lib.drill_marks import MARK, with_drill_mark
from escalation.models import Acknowledgement, Clock, Drill, Escalation
from tickets.choices import Channel, Priority, Status
from tickets.errors import DeskError
from tickets.events import StaffResponded, StatusChanged
from tickets.message_content import MessageContent
from tickets.models import Ticket
from tickets.services.locking import lock_ticket, lock_ticket_unless_busy
from tickets.services.opening import open_ticket
from tickets.services.status_and_priority import move_to

STARTS_DRILLS = "escalation.start_drill"
# People have this long after the chain's last step to acknowledge it.
AFTER_THE_CHAIN = timedelta(minutes=15)
OVER = (Status.RESOLVED, Status.CLOSED)


@transaction.atomic
def start_drill(
    *,
    actor: User,
    at: datetime,
    reason: str,
    customer: Customer | None = None,
    until_acknowledged: bool = False,
) -> Ticket:
    """Open the drill's ticket. A customer only supplies contract, account manager and rota, and is not told of it.

    With ``until_acknowledged`` it ends at the first acknowledgement; otherwise the chain runs on past the due time
    unless somebody answers. Raises DeskError without the permission or a reason, and while another drill is running.
    """
    if not actor.has_perm(STARTS_DRILLS):
        raise DeskError(_("You may not start a fire drill. Ask a duty manager."))
    if not reason.strip():
        raise DeskError(_("Give a reason: it is shown in the report."))
    _refuse_second_drill()
    ticket = _open(actor, at, reason.strip(), customer)
    Drill.objects.create(
        ticket=ticket,
        reason=reason.strip()[:300],
        started_by=actor,
        started_at=at,
        ends_at=at + timedelta(minutes=settings.DRILL_MINUTES),
        until_acknowledged=until_acknowledged,
    )
    return ticket


def _refuse_second_drill() -> None:
    """Lock the desk's row, so that if two drills are started at the same time the second is refused."""
    Desk.objects.select_for_update().first()
    running = Drill.objects.filter(ended_at=None).select_related("ticket").first()
    if running is not None:
        raise DeskError(
            _("A fire drill is already running: %(number)s. End it first.")
            % {"number": running.ticket.number}
        )


def _open(actor: User, at: datetime, reason: str, customer: Customer | None) -> Ticket:
    with as_read_by(settings.LANGUAGE_CODE, settings.DESK_TIME_ZONE):
        subject = with_drill_mark(_("Nobody can join a room"))
        body = _(
            "This is a fire drill of the support desk. It runs through the real chain to "
            "real people. Please act as if a customer's system had failed: acknowledge it, "
            "then respond by logging a call or chat."
        )
        why = _("Reason of the drill: %(reason)s") % {"reason": reason}
    return open_ticket(
        subject=subject,
        content=MessageContent(body=f"{MARK} {body}\n\n{why}"),
        received_at=at,
        at=at,
        priority=Priority.P0,
        actor=actor,
        customer=customer,
        channel=Channel.PHONE,
        language=settings.LANGUAGE_CODE,
        is_drill=True,
    )


@transaction.atomic
def end_drill(*, drill: Drill, actor: User, at: datetime) -> Drill:
    """End a drill by hand, as its starter or as a user who may start drills. Locks the ticket. Raises DeskError."""
    if actor.pk != drill.started_by_id and not actor.has_perm(STARTS_DRILLS):
        raise DeskError(_("Only the person who started the drill or a duty manager can end it."))
    ticket = lock_ticket(drill.ticket)
    fresh = _running_drill(ticket)
    if fresh is None:
        raise DeskError(_("This drill is already over."))
    _finish(fresh, DrillEnding.BY_HAND, ChangeContext(at, actor))
    return fresh


def end_finished_drills(*, now: datetime) -> int:
    """End every drill that is over as of ``now`` (UTC); returns how many. Any number of runs may overlap."""
    running = Drill.objects.filter(ended_at=None).values_list("ticket", flat=True)
    return sum(_end_if_over(ticket, now) for ticket in list(running))


@transaction.atomic
def _end_if_over(pk: int, now: datetime) -> bool:
    ticket = lock_ticket_unless_busy(pk)
    drill = _running_drill(ticket) if ticket is not None else None
    ending = _ending_of(drill, now) if drill is not None else None
    if drill is None or ending is None:
        return False
    _finish(drill, ending, ChangeContext(now, None))
    return True


def _ending_of(drill: Drill, now: datetime) -> DrillEnding | None:
    taken = Acknowledgement.objects.filter(clock__ticket=drill.ticket_id)
    if drill.until_acknowledged and taken.exists():
        return DrillEnding.ACKNOWLEDGED
    if drill.ends_at <= now:
        return DrillEnding.TIME
    return DrillEnding.CHAIN_OVER if _chain_is_over(drill, now) else None


def _chain_is_over(drill: Drill, now: datetime) -> bool:
    ahead = Clock.objects.open().filter(ticket=drill.ticket_id, next_step_at__isnull=False)
    fired = Escalation.objects.filter(clock__ticket=drill.ticket_id).aggregate(last=Max("fired_at"))["last"]
    return fired is not None and fired + AFTER_THE_CHAIN <= now and not ahead.exists()


def end_the_answered(event: StaffResponded) -> None:
    """End the drill when somebody answers, which in a drill is a logged contact."""
    drill = _running_drill(event.ticket)
    if drill is not None:
        _finish(drill, DrillEnding.ANSWERED, ChangeContext(event.at, event.actor))


def end_the_closed(event: StatusChanged) -> None:
    drill = _running_drill(event.ticket) if event.after in OVER else None
    if drill is not None:
        _record_ending(drill, DrillEnding.BY_HAND, ChangeContext(event.at, event.actor))


def _running_drill(ticket: Ticket) -> Drill | None:
    """The ticket's running drill. One query for drills, none for other tickets."""
    drill = Drill.objects.filter(ticket=ticket, ended_at=None).first() if ticket.is_drill else None
    if drill is not None:
        drill.ticket = ticket
    return drill


def _finish(drill: Drill, ending: DrillEnding, context: ChangeContext) -> None:
    """Cancel the open promises and close the ticket, whose lock the caller holds."""
    _record_ending(drill, ending, context)
    over = ChangeContext(
        context.at, context.actor, _("The fire drill is over: %(ending)s.") % {"ending": ending.label}
    )
    for clock in open_clocks(drill.ticket):
        cancel(clock, over)
    move_to(drill.ticket, Status.CLOSED, actor=context.actor, at=context.at, reason=over.cause)


def _record_ending(drill: Drill, ending: DrillEnding, context: ChangeContext) -> None:
    drill.ended_at, drill.ended_by, drill.ending = context.at, context.actor, ending
    drill.save(update_fields=["ended_at", "ended_by", "ending"])
