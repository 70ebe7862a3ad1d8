"""Every subscription of the escalation app to facts of the tickets app, in one place.

Handlers run inside the publisher's transaction and under its ticket lock.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, NoticeKind
from escalation.clocks import lifecycle, updates_and_resolution
from escalation.clocks.ledger import Before, ChangeContext, event_row
from escalation.clocks.merging import merge_clocks
from escalation.drills.drills import end_the_answered, end_the_closed
from escalation.enforcement.paging import page_duty
from escalation.enforcement.receipt_mail import acknowledge_receipt
from escalation.models import Clock
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from escalation.policies.starting_terms import starting_terms_of
from tickets.choices import Priority, Status
from tickets.errors import DeskError
from tickets.events import (
    CustomerWrote,
    PriorityChanged,
    ResponseFailed,
    ResponseVoided,
    StaffResponded,
    StatusChanged,
    TicketAssigned,
    TicketEvent,
    TicketsMerged,
    subscribe,
    subscribe_all,
)
from tickets.lib.bulk_insert import insert_all
from tickets.models import Message
from tickets.services.waiting import oldest_unanswered

OVER = (Status.RESOLVED, Status.CLOSED)


def connect() -> None:
    """Called once from AppConfig.ready()."""
    subscribe(CustomerWrote, start_the_promise)
    subscribe(StaffResponded, keep_the_promise)
    subscribe(ResponseFailed, take_back_the_answer)
    subscribe(ResponseVoided, take_back_the_voided_answer)
    subscribe(PriorityChanged, follow_the_priority)
    subscribe(StatusChanged, follow_the_status)
    subscribe_all(TicketAssigned, note_the_new_holders)
    subscribe(TicketsMerged, join_the_promises)
    subscribe(StaffResponded, end_the_answered)
    subscribe(StatusChanged, end_the_closed)


def start_the_promise(event: CustomerWrote) -> None:
    """The first message is acknowledged, and a new P0 pages the person on duty, a P1 its owner."""
    context, message = ChangeContext(event.at, event.actor), event.message
    found = starting_terms_of(event.ticket, at=message.at)
    if found is None:
        return
    clock = lifecycle.start_response_under(event.ticket, found, message, context)
    if found.resolution is not None:
        lifecycle.start_clock(
            event.ticket, found.resolution, context, kind=ClockKind.RESOLUTION, at=message.at, message=message
        )
    if clock.kind == ClockKind.FIRST_RESPONSE:
        _announce(clock, event)


def _announce(clock: Clock, event: CustomerWrote) -> None:
    acknowledge_receipt(ticket=event.ticket, message=event.message, clock=clock, at=event.at)
    match clock.priority:
        case Priority.P0:
            page_duty(clock, at=event.at)
        case Priority.P1:
            notice = Notice(NoticeKind.NEW_TICKET, event.ticket, clock)
            tell(event.ticket.owner, notice, at=event.at)


def keep_the_promise(event: StaffResponded) -> None:
    """A contact that is logged afterwards leaves open what the customer asked since: the promise of that starts."""
    context = ChangeContext(event.at, event.actor)
    owed = lifecycle.open_clocks(event.ticket)
    waiting = [clock for clock in owed if clock.kind in RESPONSE_KINDS]
    for clock in waiting:
        lifecycle.answer(clock, event.message, context)
    asked_since = oldest_unanswered(event.ticket) if event.message.at < event.at else None
    if asked_since is not None:
        lifecycle.start_response(event.ticket, asked_since, context)
    goes_on = event.then not in OVER and event.ticket.is_active
    like = waiting[-1] if waiting else lifecycle.newest_clock(event.ticket)
    updates_and_resolution.renew_update(
        event.ticket, event.message, context, owed=owed, like=like if goes_on else None
    )


def take_back_the_answer(event: ResponseFailed) -> None:
    """What did not arrive answered nothing: its author and the holder are told why."""
    runs_again = _revoke(event, event.message, event.answer)
    _tell_author_and_holder(
        event,
        event.message,
        Notice(NoticeKind.RESPONSE_FAILED, event.ticket, runs_again, detail=event.answer),
    )


def take_back_the_voided_answer(event: ResponseVoided) -> None:
    """What a lead voided answered nothing either."""
    runs_again = _revoke(event, event.message, event.reason)
    notice = Notice(NoticeKind.RESPONSE_VOIDED, event.ticket, runs_again, event.actor, event.reason)
    _tell_author_and_holder(event, event.message, notice)


def _revoke(event: TicketEvent, message: Message, cause: str) -> Clock | None:
    """Every promise that the answer stopped runs again; the one of them that is open now."""
    updates_and_resolution.withdraw_update(event.ticket, message, ChangeContext(event.at, event.actor, cause))
    answered = Clock.objects.filter(answered_by=message)
    revoked = list(answered.select_related("calendar", "policy_version__policy").order_by("started_at"))
    for clock in revoked:
        clock.ticket = event.ticket
        lifecycle.revoke(clock, ChangeContext(event.at, event.actor, cause), message=message)
    if event.ticket.unanswered_since is not None and event.ticket.status in OVER:
        updates_and_resolution.reopen_resolution(event.ticket, ChangeContext(event.at, event.actor, cause))
    return next((clock for clock in revoked if clock.is_open), None)


def _tell_author_and_holder(event: TicketEvent, message: Message, notice: Notice) -> None:
    for user in dict.fromkeys((event.ticket.owner, message.author)):
        if user is not None and user.is_active:
            tell(user, notice, at=event.at)


def follow_the_priority(event: PriorityChanged) -> None:
    """What becomes a P0 pages the person on duty, whether or not the customer waits at the moment."""
    updates_and_resolution.follow_priority(
        event.ticket, ChangeContext(event.at, event.actor, event.reason), priority=event.after
    )
    newest = lifecycle.newest_clock(event.ticket) if event.after == Priority.P0 else None
    if newest is not None:
        page_duty(newest, at=event.at)


def follow_the_status(event: StatusChanged) -> None:
    """Waiting pauses the resolution, going on resumes it, and the end of the matter ends what is still promised."""
    context = ChangeContext(event.at, event.actor, event.reason)
    if event.after in OVER:
        _end_unanswered(event, context)
        updates_and_resolution.end_update_and_resolution(event.ticket, context)
    elif event.after == Status.WAITING:
        updates_and_resolution.pause_resolution(event.ticket, context)
    else:
        updates_and_resolution.resume_resolution(event.ticket, context)
        _reopen(event, context)


def _end_unanswered(event: StatusChanged, context: ChangeContext) -> None:
    """A status answers nobody: closing while the customer waits needs a reason and is a breach, unless waived."""
    waiting = lifecycle.open_response_clocks(event.ticket)
    if not waiting:
        return
    waives = event.actor is not None and event.actor.has_perm("escalation.waive_clock")
    if not event.reason.strip() or not (waives or event.after == Status.CLOSED):
        raise DeskError(_still_waits(event.after))
    for clock in waiting:
        if waives and clock.waived_at is None:
            lifecycle.waive(clock, context)
        lifecycle.give_up(clock, context)


def _still_waits(status: str) -> str:
    if status == Status.CLOSED:
        return _(
            "The customer still waits. Answer or log a contact first; to close without an answer, give a reason: "
            "it counts as a breach unless a lead does it."
        )
    return _(
        "The customer still waits. Answer or log a contact first; a lead may end the promise with a reason."
    )


def _reopen(event: StatusChanged, context: ChangeContext) -> None:
    """Reopened by hand the promise of resolution starts now; a customer's message starts it by its receipt."""
    like = lifecycle.newest_clock(event.ticket) if event.before in OVER and event.actor is not None else None
    if like is not None:
        updates_and_resolution.start_if_promised(
            ClockKind.RESOLUTION, event.ticket, context, like=like, at=event.at, message=None
        )


def note_the_new_holders(events: Sequence[TicketAssigned]) -> None:
    """A breach belongs to whoever held the ticket: every open promise says from when on who did."""
    by_ticket = {event.ticket.pk: event for event in events}
    lines = []
    open_ones = Clock.objects.open().filter(ticket__in=by_ticket).order_by("due_at", "pk")
    for clock in open_ones.only("ticket", "state", "due_at"):
        event = by_ticket[clock.ticket_id]
        clock.ticket = event.ticket
        context = ChangeContext(event.at, event.actor, event.reason)
        lines.append(
            event_row(clock, ClockChange.HANDED_OVER, context, before=Before.of(clock), rule=event.rule)
        )
    insert_all(lines)


def join_the_promises(event: TicketsMerged) -> None:
    """The stricter promise stands, and all of them are found on the ticket that goes on."""
    merge_clocks(event.merged, event.ticket, ChangeContext(event.at, event.actor, event.reason))
