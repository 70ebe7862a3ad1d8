"""The mails that carry notifications: sends urgent ones by themselves, follows what became of all, acts on refusals."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from customers.lock_waits import is_row_locked, waiting_briefly
from escalation.choices import AttemptOutcome, Medium, NotificationState
from escalation.models import Notification, NotificationAttempt
from escalation.notifications.channels.outcomes import LONGEST
from escalation.notifications.fallback import tell_next
from tickets.choices import MailPurpose, OutboxState
from tickets.models import OutboundEmail
from tickets.models.outbound import WORK_LEFT
from tickets.services.outgoing.delivery import DeliveryReport, deliver_due

logger = logging.getLogger(__name__)
REFUSED = (OutboxState.FAILED, OutboxState.BOUNCED)
# A mail that was accepted may still bounce within this time.
COMES_BACK_WITHIN = timedelta(days=2)


def follow_mail(*, now: datetime) -> int:
    """Record the outcome of every mail that has since been accepted, refused or bounced; return how many.

    If nothing else reached the reader, they count as unreached and the next person is told.
    """
    mails = [*_mails_with_an_answer(), *_late_bounces(now)]
    for mail in mails:
        _record_outcome(mail, now)
    return len(mails)


def follow_refused_pages(*, now: datetime) -> None:
    """Like `follow_mail`, but only for refused mails of urgent notifications, and none keeps the caller waiting.

    One query if there are none. Several processes may do this at once: the first to record a refusal acts on it.
    """
    for mail in _refused_pages(now):
        try:
            with waiting_briefly():
                _record_outcome(mail, now)
        except Exception as error:
            if isinstance(error, (InterfaceError, OperationalError)) and not is_row_locked(error):
                raise
            logger.exception("The refused mail %s cannot be followed now", mail.pk)


def has_unfollowed_refusals() -> bool:
    """True if a mail was refused since `follow_mail` last ran. One query."""
    waiting = NotificationAttempt.objects.filter(outcome=AttemptOutcome.QUEUED)
    return waiting.filter(mail__state__in=REFUSED).exists()


def deliver_urgent(*, read_clock: Callable[[], datetime]) -> DeliveryReport:
    """Send the due mails that carry urgent notifications, if there are any, whatever else waits in the outbox."""
    queued = NotificationAttempt.objects.filter(outcome=AttemptOutcome.QUEUED, notification__is_urgent=True)
    due = queued.filter(mail__state__in=WORK_LEFT, mail__next_try_at__lte=read_clock())
    mails = list(due.values_list("mail", flat=True))
    return deliver_due(read_clock=read_clock, only=Q(pk__in=mails)) if mails else DeliveryReport()


def _mails_with_an_answer() -> list[OutboundEmail]:
    queued = NotificationAttempt.objects.filter(outcome=AttemptOutcome.QUEUED).values("mail")
    answered = OutboundEmail.objects.filter(pk__in=queued, state__in=(OutboxState.ACCEPTED, *REFUSED))
    return list(answered.only("state", "answer"))


def _refused_pages(now: datetime) -> QuerySet[OutboundEmail]:
    """Not those of notifications that are still being sent: the sender takes their mails for unanswered."""
    attempts = NotificationAttempt.objects.filter(mail=OuterRef("pk")).exclude(outcome=AttemptOutcome.REFUSED)
    pages = attempts.filter(notification__is_urgent=True)
    being_sent = attempts.filter(notification__state=NotificationState.PENDING)
    refused = OutboundEmail.objects.filter(
        purpose=MailPurpose.NOTIFICATION, state__in=REFUSED, created_at__gte=now - COMES_BACK_WITHIN
    )
    return refused.filter(Exists(pages), ~Exists(being_sent)).only("state", "answer")


def _late_bounces(now: datetime) -> list[OutboundEmail]:
    accepted = NotificationAttempt.objects.filter(mail=OuterRef("pk"), outcome=AttemptOutcome.ACCEPTED)
    bounced = OutboundEmail.objects.filter(
        purpose=MailPurpose.NOTIFICATION, state=OutboxState.BOUNCED, created_at__gte=now - COMES_BACK_WITHIN
    )
    return list(bounced.filter(Exists(accepted)).only("state", "answer"))


@transaction.atomic
def _record_outcome(mail: OutboundEmail, now: datetime) -> None:
    is_refused = mail.state in REFUSED
    outcome = AttemptOutcome.REFUSED if is_refused else AttemptOutcome.ACCEPTED
    attempts = NotificationAttempt.objects.filter(mail=mail).exclude(outcome=outcome)
    if attempts.update(outcome=outcome, answer=mail.answer[:LONGEST]) and is_refused:
        _fail_unreached(mail, now)


def _fail_unreached(mail: OutboundEmail, now: datetime) -> None:
    """Fail the notifications that nothing else delivered. Those with another way to try stay pending."""
    other = NotificationAttempt.objects.filter(
        notification=OuterRef("pk"), outcome=AttemptOutcome.ACCEPTED
    ).exclude(medium=Medium.MAIL)
    lost = list(Notification.objects.filter(~Exists(other), mail=mail, state=NotificationState.SENT))
    Notification.objects.filter(pk__in=[row.pk for row in lost]).update(state=NotificationState.FAILED)
    tell_next(lost, at=now)
