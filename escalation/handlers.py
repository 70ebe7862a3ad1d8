"""Every subscription of the escalation app to events of the tickets app, in one place.

Handlers run inside the publisher's transaction and under its ticket lock.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from escalation.choices import RESPONSE_KINDS, ClockChange, ClockKind, NoticeKind
from escalation.clocks import lifecycle, updates_and_resolution
from escalation.clocks.customer_terms import follow_customer, follow_customer_again
from escalation.clocks.earlier_answers import forget_what_reopening_asked, put_first
from escalation.clocks.forgotten_pauses import forget_pauses
from escalation.clocks.ledger import ChangeContext, append_all, event_row
from escalation.clocks.merging import merge_clocks
from escalation.clocks.older_questions import begin_with
from escalation.clocks.rejected_proposals import correct, is_correction
from escalation.clocks.resolution_again import resolve_again
from escalation.clocks.revocation import take_back
from escalation.drills.drills import end_the_answered, end_the_closed
from escalation.enforcement.colleague_mail import follow_colleague
from escalation.enforcement.erased_words import cut_erased_words
from escalation.enforcement.paging import page_duty, rota_of, tell_of_customer
from escalation.enforcement.proposal_notices import join_digest, tell_the_owner
from escalation.enforcement.receipt_mail import acknowledge_receipt, tell_new_time
from escalation.enforcement.waivers import waive_or_propose
from escalation.models import Clock
from escalation.notifications.operators import tell_operators
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from escalation.policies.terms import remember_terms
from tickets.choices import Priority, ProposalReach, Status
from tickets.errors import DeskError
from tickets.events import (
    ColleagueWrote,
    CustomerNamed,
    CustomersRecognised,
    CustomerWrote,
    MailboxRecovered,
    MailboxStopped,
    MarkedAsAutomatic,
    MarkedAsPerson,
    PriorityChanged,
    PriorityProposed,
    ProposalConfirmed,
    ProposalRejected,
    ResponseFailed,
    ResponseVoided,
    SenderAccepted,
    StaffResponded,
    StatusChanged,
    TicketAssigned,
    TicketEvent,
    TicketsMerged,
    WordsErased,
    subscribe,
    subscribe_all,
)
from tickets.models import Message, Proposal, Ticket
from tickets.services.unanswered import oldest_unanswered_question, still_waiting_question

OVER = (Status.RESOLVED, Status.CLOSED)


def connect() -> None:
    """Called once from AppConfig.ready()."""
    subscribe(CustomersRecognised, read_their_terms)
    subscribe(CustomerWrote, start_the_promise)
    subscribe(MarkedAsPerson, start_the_late_promise)
    subscribe(SenderAccepted, start_the_late_promise)
    subscribe(MarkedAsAutomatic, cancel_the_automatic_promise)
    subscribe(StaffResponded, keep_the_promise)
    subscribe(ColleagueWrote, follow_colleague)
    subscribe(ResponseFailed, take_back_the_answer)
    subscribe(ResponseVoided, take_back_the_voided_answer)
    subscribe(PriorityChanged, follow_the_priority)
    subscribe(PriorityProposed, announce_the_shown)
    subscribe(ProposalConfirmed, page_the_confirmed)
    subscribe(ProposalRejected, follow_the_rejection)
    subscribe(StatusChanged, follow_the_status)
    subscribe(CustomerNamed, follow_the_customer)
    subscribe_all(TicketAssigned, note_the_new_holders)
    subscribe(TicketsMerged, join_the_promises)
    subscribe(WordsErased, cut_erased_words)
    subscribe(MailboxStopped, tell_of_the_stopped_mailbox)
    subscribe(MailboxRecovered, tell_of_the_recovered_mailbox)


def tell_of_the_stopped_mailbox(event: MailboxStopped) -> None:
    detail = f"{event.mailbox.address}\n{event.problem}"
    tell_operators(NoticeKind.MAILBOX_STOPPED, detail, at=event.at)


def tell_of_the_recovered_mailbox(event: MailboxRecovered) -> None:
    tell_operators(NoticeKind.MAILBOX_RECOVERED, event.mailbox.address, at=event.at)


def read_their_terms(event: CustomersRecognised) -> None:
    remember_terms(event.customers)


def start_the_promise(event: CustomerWrote) -> None:
    """Start what the message is promised; acknowledge and announce a new ticket."""
    proposal = event.proposal if event.proposal is not None and event.proposal.runs else None
    more: dict[str, Any] = {} if proposal is None else {"proposal": proposal.pk}
    context = ChangeContext(event.at, event.actor)
    begun = lifecycle.start_promises(event.ticket, event.message, context, is_new=event.is_first, **more)
    if _may_be_older(event, begun):
        begin_with(event.ticket, event.message, context)
    if begun is not None and begun.clock.kind == ClockKind.FIRST_RESPONSE:
        _announce(begun.clock, event)


def _may_be_older(event: CustomerWrote, begun: lifecycle.Begun | None) -> bool:
    """True if a promise may run that began later than the message was received."""
    is_late = event.message.at < event.at
    if begun is not None:
        return is_late and begun.resolution_runs
    return is_late or event.message.at == event.ticket.unanswered_since


def start_the_late_promise(event: MarkedAsPerson | SenderAccepted) -> None:
    """Promise an answer from the receipt of the message, if it is the oldest unanswered one."""
    ticket, message = event.ticket, event.message
    if ticket.unanswered_since != message.at:
        return
    context = ChangeContext(event.at, event.actor)
    begun = lifecycle.start_promises(ticket, message, context)
    if begun is None or begun.resolution_runs:
        begin_with(ticket, message, context)


def cancel_the_automatic_promise(event: MarkedAsAutomatic) -> None:
    """Cancel the promises that the message began, and promise an answer to the next unanswered question."""
    cause = ChangeContext(event.at, event.actor, _("This was automatic."))
    for clock in lifecycle.open_clocks(event.ticket):
        if clock.started_by_id == event.message.pk:
            lifecycle.cancel(clock, cause)
    question = still_waiting_question(event.ticket)
    if question is not None:
        lifecycle.start_promises(event.ticket, question, ChangeContext(event.at, event.actor))


def _announce(clock: Clock, event: CustomerWrote) -> None:
    """Page the person on duty for a P0 or tell the owner of a P1, then acknowledge the receipt to the customer."""
    match clock.priority:
        case Priority.P0:
            _page(clock, event.proposal, at=event.at)
        case Priority.P1:
            notice = Notice(NoticeKind.NEW_TICKET, event.ticket, clock)
            tell(event.ticket.owner, notice, at=event.at)
    acknowledge_receipt(ticket=event.ticket, message=event.message, clock=clock, at=event.at)


def _page(clock: Clock, proposal: Proposal | None, *, at: datetime) -> None:
    """Page the person on duty, unless a proposed P0 comes from an alarm or shortly after one that paged."""
    match proposal.reach if proposal is not None else ProposalReach.PAGES:
        case ProposalReach.JOINS if proposal is not None:
            join_digest(clock, proposal, at=at)
        case ProposalReach.RUNS:
            tell(clock.ticket.owner, Notice(NoticeKind.NEW_TICKET, clock.ticket, clock), at=at)
        case _pages:
            page_duty(clock, at=at)


def announce_the_shown(event: PriorityProposed) -> None:
    """Tell the owner that an unknown writer's mail speaks of an outage."""
    tell_the_owner(event.proposal, at=event.at)


def page_the_confirmed(event: ProposalConfirmed) -> None:
    """A P0 that an alarm proposed pages once a person has confirmed it."""
    if event.proposal.priority != Priority.P0 or event.proposal.reach != ProposalReach.RUNS:
        return
    newest = lifecycle.newest_clock(event.ticket)
    if newest is not None:
        page_duty(newest, at=event.at)


def follow_the_rejection(event: ProposalRejected) -> None:
    """Correct the promises while half of the proposed window is left, and tell the customer the new time.

    Later it is a lowering like any other: the stricter due time stays. So is what a person lowers beyond the priority
    that the ticket would have had.
    """
    context = ChangeContext(event.at, event.actor, event.reason)
    if not is_correction(event.ticket, event.proposal, at=event.at):
        updates_and_resolution.follow_priority(event.ticket, context, priority=event.after)
        return
    usual = event.proposal.usual
    correct(event.ticket, event.proposal, context, priority=min(event.after, usual))
    if event.after > usual:
        updates_and_resolution.follow_priority(event.ticket, context, priority=event.after)
    tell_new_time(ticket=event.ticket, proposal=event.proposal, at=event.at)


def keep_the_promise(event: StaffResponded) -> None:
    """Stop the clocks that the answer answers. One that is logged late comes before those that were given later."""
    context = ChangeContext(event.at, event.actor)
    owed = lifecycle.open_clocks(event.ticket)
    waiting = [clock for clock in owed if clock.kind in RESPONSE_KINDS]
    for clock in waiting:
        lifecycle.answer(clock, event.message, context)
    if event.message.at < event.at:
        forget_what_reopening_asked(event.ticket, event.message, context)
    is_backdated = event.message.at < event.at and event.ticket.is_active
    asked_since = oldest_unanswered_question(event.ticket) if is_backdated else None
    if asked_since is not None:
        lifecycle.start_waiting(event.ticket, asked_since, context)
    like = waiting[-1] if waiting else lifecycle.newest_clock(event.ticket)
    ends = event.then in OVER and event.ticket.is_active
    was_followed = event.message.at < event.at and put_first(
        event.ticket, event.message, context, like=None if ends else like
    )
    goes_on = event.then not in OVER and event.ticket.is_active and not was_followed
    updates_and_resolution.renew_update(
        event.ticket, event.message, context, owed=owed, like=like if goes_on else None
    )
    if event.ticket.is_drill:
        end_the_answered(event)


def take_back_the_answer(event: ResponseFailed) -> None:
    """Revoke an answer that did not arrive, and tell its author and the holder why."""
    runs_again = _revoke(event, event.answer)
    _tell_author_and_holder(
        event,
        event.message,
        Notice(NoticeKind.RESPONSE_FAILED, event.ticket, runs_again, detail=event.answer),
    )


def take_back_the_voided_answer(event: ResponseVoided) -> None:
    """Revoke an answer that a lead voided, and tell its author and the holder why."""
    runs_again = _revoke(event, event.reason)
    notice = Notice(NoticeKind.RESPONSE_VOIDED, event.ticket, runs_again, event.actor, event.reason)
    _tell_author_and_holder(event, event.message, notice)


def _revoke(event: ResponseFailed | ResponseVoided, cause: str) -> Clock | None:
    """Let every promise that the answer stopped run again, and return the one that is open now, if any."""
    ticket, message, context = event.ticket, event.message, ChangeContext(event.at, event.actor, cause)
    revoked = take_back(ticket, message, context, reopens=event.reopens)
    follow_customer_again(revoked, context)
    if event.reopens:
        forget_pauses(ticket, message, context)
        if ticket.status in OVER:
            resolve_again(ticket, context, ended_at=ticket.resolved_at)
    return next((clock for clock in revoked if clock.is_open), None)


def _tell_author_and_holder(event: TicketEvent, message: Message, notice: Notice) -> None:
    for user in dict.fromkeys((event.ticket.owner, message.author)):
        if user is not None and user.is_active:
            tell(user, notice, at=event.at)


def follow_the_priority(event: PriorityChanged) -> None:
    """Let open promises follow the new priority; a ticket that becomes a P0 always pages the person on duty."""
    proposal = event.proposal
    context = ChangeContext(
        event.at, event.actor, event.reason, since=proposal.since if proposal is not None else None
    )
    more: dict[str, Any] = {} if proposal is None else {"proposal": proposal.pk}
    updates_and_resolution.follow_priority(event.ticket, context, priority=event.after, **more)
    newest = lifecycle.newest_clock(event.ticket) if event.after == Priority.P0 else None
    if newest is not None:
        _page(newest, proposal, at=event.at)


def follow_the_status(event: StatusChanged) -> None:
    """Pause the resolution while we wait for the customer, then resume it; end all promises with the ticket."""
    context = ChangeContext(event.at, event.actor, event.reason)
    if event.after in OVER:
        _end_unanswered(event, context)
        updates_and_resolution.end_update_and_resolution(event.ticket, context)
    else:
        _go_on(event, context)
    if event.ticket.is_drill:
        end_the_closed(event)


def _go_on(event: StatusChanged, context: ChangeContext) -> None:
    if event.asks_again:
        _promise_waiting(event.ticket, context)
    if event.before in OVER and event.actor is not None:
        _promise_resolution_anew(event, context)
    updates_and_resolution.pause_or_resume_resolution(event.ticket, context)


def _promise_waiting(ticket: Ticket, context: ChangeContext) -> None:
    """Promise the answer that nobody gave before the ticket was ended, from when it is opened: that time is judged."""
    question = oldest_unanswered_question(ticket)
    if question is not None:
        lifecycle.start_waiting(ticket, question, context)


def _promise_resolution_anew(event: StatusChanged, context: ChangeContext) -> None:
    """If a person reopens a ticket, its resolution starts now; a customer's message starts it from its receipt."""
    like = lifecycle.newest_clock(event.ticket)
    if like is not None:
        updates_and_resolution.start_if_promised(
            ClockKind.RESOLUTION, event.ticket, context, like=like, at=event.at, message=None
        )


def follow_the_customer(event: CustomerNamed) -> None:
    """Put the open promises under the contract of the customer, counted from their start, and tell who has it now."""
    rota_before = rota_of(event.ticket)
    follow_customer(event.ticket, ChangeContext(event.at, event.actor, _("The customer was named.")))
    tell_of_customer(event, rota_before=rota_before)


def _end_unanswered(event: StatusChanged, context: ChangeContext) -> None:
    """Refuse to close while the customer waits, unless a reason is given; then it is a breach, and a lead's waiver."""
    clocks = lifecycle.open_response_clocks(event.ticket)
    if not clocks:
        return
    waives = event.actor is not None and event.actor.has_perm("escalation.waive_clock")
    if not event.reason.strip() or not (waives or event.after == Status.CLOSED):
        raise DeskError(_still_waits(event.after))
    for clock in clocks:
        if waives and clock.waived_at is None and not clock.has_proposed_waiver:
            waive_or_propose(clock, context)
        lifecycle.give_up(clock, context)


def _still_waits(status: str) -> str:
    if status == Status.CLOSED:
        return _(
            "The customer is still waiting. Reply or log a call or chat first; to close "
            "without a response, give a reason: it counts as a breach until it is waived."
        )
    return _(
        "The customer is still waiting. Reply or log a call or chat first; a lead may end "
        "the SLA with a reason."
    )


def note_the_new_holders(events: Sequence[TicketAssigned]) -> None:
    """Write each new holder into the ledger of every open promise: a breach belongs to whoever held the ticket."""
    by_ticket = {event.ticket.pk: event for event in events}
    lines = []
    clocks = Clock.objects.open().filter(ticket__in=by_ticket).order_by("due_at", "pk")
    for clock in clocks.only("ticket", "state", "due_at"):
        event = by_ticket[clock.ticket_id]
        clock.ticket = event.ticket
        context = ChangeContext(event.at, event.actor, event.reason)
        lines.append(event_row(clock, ClockChange.HANDED_OVER, context, rule=event.rule))
    append_all(lines)


def join_the_promises(event: TicketsMerged) -> None:
    """Keep the stricter promises, and move all of them to the ticket that stays."""
    context = ChangeContext(event.at, event.actor, event.reason)
    merge_clocks(event.merged, event.ticket, context)
    if event.ticket.is_active:
        updates_and_resolution.pause_or_resume_resolution(event.ticket, context)
        if event.ticket.unanswered_since is not None:
            _promise_waiting(event.ticket, context)
