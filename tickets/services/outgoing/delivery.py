"""Delivers the outbox: claims a row for a while, sends it outside any transaction, records the answer.

1. `claim_next` takes the row that has waited longest and leases it; a row whose lease ran out waits again. Mail to
   customers goes before mail to colleagues, so that a flood of notifications delays no answer.
2. The mail is composed and handed to the transport, for one recipient after the other. No transaction is open
   meanwhile.
3. The server's answer for each is recorded if the lease is still ours. A reply that will never arrive is taken back.

A process that dies between the server's "250" and the record leaves a leased row, which is sent again when the lease
ends: a customer may get an answer twice, but never not at all. Both copies have the same Message-ID, by which
receivers drop the second one, and the folder transport does not write it again.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from customers.time_of_record import FUTURE
from customers.work_ids import working_on
from tickets.choices import Fact, MailPurpose, OutboxState, RecipientState
from tickets.errors import DeskError
from tickets.events import StaffResponded, publish
from tickets.mail.bounce_addresses import read_bounce_address
from tickets.mail.storable_text import storable
from tickets.models import Message, OutboundEmail
from tickets.models.outbound import WORK_LEFT, RecipientOutcome
from tickets.models.ticket import ticket_number
from tickets.nudges import nudge_delivery
from tickets.protocols.smtp import SendingResult, ServerReply, ServerUnreachable, Transport, transport
from tickets.services.locking import lock_ticket_of
from tickets.services.outgoing.compose import compose_mail
from tickets.services.outgoing.outcomes import settle
from tickets.services.timeline import record

logger = logging.getLogger(__name__)

# Longer than a task of the queue may live (Q_CLUSTER's timeout), so that nobody works on a row whose lease has ended.
LEASE = timedelta(minutes=5)
TO_CUSTOMERS = (MailPurpose.REPLY, MailPurpose.ACKNOWLEDGEMENT)
EVERY_MAIL = Q()
# Minutes to wait between tries; the last one repeats until a mail is given up.
WAITS = (1, 2, 5, 15, 30, 60)
GIVE_UP_AFTER = timedelta(hours=48)
# A run ends by itself after this long, so that its worker becomes free and a stop is quick.
MOST_PER_RUN = 500
RUN_FOR = timedelta(seconds=100)


@dataclass
class DeliveryReport:
    """What one run did. `problem` says why it stopped early."""

    accepted: int = 0
    deferred: int = 0
    failed: int = 0
    problem: str = ""

    def count(self, state: OutboxState) -> None:
        self.accepted += state == OutboxState.ACCEPTED
        self.deferred += state == OutboxState.DEFERRED
        self.failed += state == OutboxState.FAILED

    def __str__(self) -> str:
        counts = f"accepted {self.accepted}, deferred {self.deferred}, failed {self.failed}"
        return f"{counts}; {self.problem}" if self.problem else counts


def deliver_due(
    *, read_clock: Callable[[], datetime], most: int = MOST_PER_RUN, only: Q = EVERY_MAIL
) -> DeliveryReport:
    """Send the mails that are due: mail to customers first, then the oldest first.

    A server that cannot be reached ends the run; mails that were not tried keep their place.
    """
    report = DeliveryReport()
    stop_at = read_clock() + RUN_FOR
    try:
        with transport() as way:
            for _turn in range(most):
                mail = claim_next(now=read_clock(), only=only) if read_clock() < stop_at else None
                if mail is None:
                    break
                with working_on(mail.work_id):
                    _deliver(mail, way, report, read_clock=read_clock)
    except ServerUnreachable as problem:
        report.problem = str(problem)
        logger.warning("Mail cannot be sent: %s", problem)
    return report


def release_from_future(*, now: datetime) -> int:
    """Make due what was queued or leased while a clock was ahead; returns how many mails that were.

    Otherwise they would wait for as long as it was ahead. A mail that the server deferred has its time from its wait.
    """
    is_wrong = Q(state=OutboxState.QUEUED, next_try_at__gt=now + FUTURE)
    is_wrong |= Q(state=OutboxState.SENDING, next_try_at__gt=now + LEASE + FUTURE)
    return OutboundEmail.objects.filter(is_wrong).update(next_try_at=now)


@transaction.atomic
def claim_next(*, now: datetime, only: Q = EVERY_MAIL) -> OutboundEmail | None:
    """Lease the mail that has waited longest. While it is leased, `next_try_at` is the end of the lease."""
    waiting = OutboundEmail.objects.filter(only, state__in=WORK_LEFT, next_try_at__lte=now)
    due = waiting.select_for_update(skip_locked=True).order_by("next_try_at", "pk")
    mail = due.filter(purpose__in=TO_CUSTOMERS).first() or due.first()
    if mail is None:
        return None
    mail.state = OutboxState.SENDING
    mail.attempts += 1
    mail.leased_until = mail.next_try_at = now + LEASE
    mail.save(update_fields=["state", "attempts", "leased_until", "next_try_at"])
    return mail


def _deliver(
    mail: OutboundEmail, way: Transport, report: DeliveryReport, *, read_clock: Callable[[], datetime]
) -> None:
    """Send one mail to each of its recipients in turn, and record each answer before the next one gets it.

    Raises ServerUnreachable after recording it.
    """
    try:
        parcels = compose_mail(mail)
    except Exception as error:  # a lost file or a bug of ours holds up only this mail, which is tried again
        logger.exception("Mail %s cannot be composed", mail.pk)
        words = {"error": f"{type(error).__name__}: {error}"}
        reply = ServerReply(SendingResult.LATER, _("The email could not be built (%(error)s).") % words)
        waiting = [outcome.address for outcome in mail.recipient_outcomes if outcome.is_to_send]
        _record_replies(mail, dict.fromkeys(waiting, reply), report, now=read_clock())
        return
    for address, parcel in parcels.items():
        try:
            reply = way.send(parcel)
        except ServerUnreachable as problem:
            reply = ServerReply(SendingResult.LATER, str(problem))
            _record_replies(mail, {address: reply}, report, now=read_clock())
            raise
        is_last = address == list(parcels)[-1]
        _record_replies(mail, {address: reply}, report, now=read_clock(), is_last=is_last)


@transaction.atomic
def _record_replies(
    mail: OutboundEmail,
    replies: Mapping[str, ServerReply],
    report: DeliveryReport,
    *,
    now: datetime,
    is_last: bool = True,
) -> None:
    """Write what the server said if the lease is still ours; after the last reply, let go of the mail."""
    leased = OutboundEmail.objects.select_for_update().filter(pk=mail.pk, state=OutboxState.SENDING)
    row = leased.filter(leased_until=mail.leased_until).first()
    if row is None:
        return  # another worker has taken the row over
    for address, reply in replies.items():
        state, is_signed = _state_after(reply, row, now), read_bounce_address(reply.sender) is not None
        row.keep_outcome(RecipientOutcome(address, state, now, storable(reply.text), is_signed=is_signed))
    if not is_last:
        row.save(update_fields=["outcomes"])
        return
    row.state, row.leased_until, row.next_try_at = OutboxState.DEFERRED, None, _next_try(row, now)
    settle(row, at=now)
    report.count(OutboxState(row.state))
    about = ticket_number(row.ticket_id) if row.ticket_id is not None else "no ticket"
    logger.info("Outgoing mail %s (%s) about %s is %s", row.pk, row.purpose, about, row.state)


def _state_after(reply: ServerReply, mail: OutboundEmail, now: datetime) -> RecipientState:
    match reply.verdict:
        case SendingResult.ACCEPTED:
            return RecipientState.ACCEPTED
        case SendingResult.LATER if not _is_hopeless(mail, now):
            return RecipientState.DEFERRED
        case _:
            return RecipientState.FAILED


def _is_hopeless(mail: OutboundEmail, now: datetime) -> bool:
    """True after enough tries over enough time. A mail that is sent again starts over with all its tries."""
    return mail.attempts > len(WAITS) and now - mail.created_at >= GIVE_UP_AFTER


def _next_try(mail: OutboundEmail, now: datetime) -> datetime:
    return now + timedelta(minutes=WAITS[min(mail.attempts, len(WAITS)) - 1])


@transaction.atomic
def send_again(*, outbound: OutboundEmail, actor: User, at: datetime) -> None:
    """Queue a mail once more for those whom it did not reach. Raises DeskError if there are none.

    A reply that was taken back counts as an answer again, from ``at``.
    """
    mail = OutboundEmail.objects.select_for_update().get(pk=outbound.pk)
    unreached = [outcome.address for outcome in mail.recipient_outcomes if outcome.is_unreached]
    if mail.state in WORK_LEFT or not unreached:
        raise DeskError(_("This email has not failed, so there is nothing to send again."))
    if mail.message is not None and mail.message.erased_at is not None:
        raise DeskError(_("The words of this email are erased, so there is nothing to send again."))
    for address in unreached:
        mail.keep_outcome(RecipientOutcome(address))
    mail.state = OutboxState.QUEUED
    mail.attempts = 0
    mail.next_try_at = at
    mail.accepted_at = mail.leased_until = None
    mail.save(update_fields=["state", "attempts", "next_try_at", "accepted_at", "leased_until", "outcomes"])
    if mail.message is not None and mail.message.failed_at is not None:
        _restore_response(mail.message, actor=actor, at=at)
    nudge_delivery()


def _restore_response(message: Message, *, actor: User, at: datetime) -> None:
    """Count the answer that never arrived from ``at`` on. One that a lead voided is sent and still answers nothing."""
    ticket = lock_ticket_of(message)
    message.at, message.failed_at, message.failure = at, None, ""
    message.save(update_fields=["at", "failed_at", "failure"])
    if message.voided_at is not None:
        return
    ticket.updated_at, ticket.unanswered_since = at, None
    ticket.save(update_fields=["updated_at", "unanswered_since"])
    record(ticket, Fact.STAFF_RESPONDED, at=at, actor=actor, message=message.pk, kind=message.kind)
    publish(StaffResponded(ticket=ticket, at=at, actor=actor, message=message))
