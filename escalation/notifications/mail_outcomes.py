"""What became of the mails that notifications went out by: the outbox knows, and their attempts say it too."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from escalation.choices import AttemptOutcome, Medium, NotificationState
from escalation.models import Notification, NotificationAttempt
from escalation.notifications.channels.outcomes import LONGEST
from escalation.notifications.fallback import tell_next
from tickets.choices import MailPurpose, OutboxState
from tickets.models import OutboundEmail

REFUSED = (OutboxState.FAILED, OutboxState.BOUNCED)
# A mail that was accepted comes back within these, if it does.
COMES_BACK_WITHIN = timedelta(days=2)


def follow_mail(*, now: datetime) -> int:
    """Settle the attempts whose mail was accepted, refused or came back; how many mails that were.

    Who was reached by nothing else counts as not reached, and whoever stands next is told.
    """
    found = [*_mails_with_an_answer(), *_late_bounces(now)]
    for mail in found:
        _record_outcome(mail, now)
    return len(found)


def has_unfollowed_refusals() -> bool:
    """Whether a mail was refused since `follow_mail` looked. One query by the index of mails on their way."""
    waiting = NotificationAttempt.objects.filter(outcome=AttemptOutcome.QUEUED)
    return waiting.filter(mail__state__in=REFUSED).exists()


def _mails_with_an_answer() -> list[OutboundEmail]:
    waiting = NotificationAttempt.objects.filter(outcome=AttemptOutcome.QUEUED).values("mail")
    settled = OutboundEmail.objects.filter(pk__in=waiting, state__in=(OutboxState.ACCEPTED, *REFUSED))
    return list(settled.only("state", "answer"))


def _late_bounces(now: datetime) -> list[OutboundEmail]:
    accepted = NotificationAttempt.objects.filter(mail=OuterRef("pk"), outcome=AttemptOutcome.ACCEPTED)
    came_back = OutboundEmail.objects.filter(
        purpose=MailPurpose.NOTIFICATION, state=OutboxState.BOUNCED, created_at__gte=now - COMES_BACK_WITHIN
    )
    return list(came_back.filter(Exists(accepted)).only("state", "answer"))


@transaction.atomic
def _record_outcome(mail: OutboundEmail, now: datetime) -> None:
    refused = mail.state in REFUSED
    outcome = AttemptOutcome.REFUSED if refused else AttemptOutcome.ACCEPTED
    attempts = NotificationAttempt.objects.filter(mail=mail).exclude(outcome=outcome)
    if attempts.update(outcome=outcome, answer=mail.answer[:LONGEST]) and refused:
        _fail_unreached(mail, now)


def _fail_unreached(mail: OutboundEmail, now: datetime) -> None:
    """Those that wait for another way go on by themselves."""
    other = NotificationAttempt.objects.filter(
        notification=OuterRef("pk"), outcome=AttemptOutcome.ACCEPTED
    ).exclude(medium=Medium.MAIL)
    lost = list(Notification.objects.filter(~Exists(other), mail=mail, state=NotificationState.SENT))
    Notification.objects.filter(pk__in=[row.pk for row in lost]).update(state=NotificationState.FAILED)
    tell_next(lost, at=now)
