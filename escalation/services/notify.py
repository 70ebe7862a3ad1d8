"""Tells people: a notification row and its mail in the outbox, in the transaction of what is told."""

from collections.abc import Sequence
from datetime import datetime

from django.contrib.auth.models import User

from escalation.choices import Medium, NotificationState
from escalation.models import Escalation, Notification
from escalation.services.notices import Notice, as_read_by, reader_of, subject_of, text_of
from tickets.choices import MailPurpose, Priority
from tickets.errors import DeskError
from tickets.models import OutboundEmail
from tickets.services.outbox import queue_mail


def tell(
    recipient: User,
    notice: Notice,
    *,
    at: datetime,
    escalation: Escalation | None = None,
    channels: Sequence[str] = (Medium.MAIL,),
) -> Notification:
    """Queue one notice to one person; somebody without a usable mail address finds it in the desk only."""
    return Notification.objects.create(
        recipient=recipient,
        kind=notice.kind,
        ticket=notice.ticket,
        clock=notice.clock,
        escalation=escalation,
        mail=_mail(recipient, notice, at) if recipient.email else None,
        other=notice.other,
        detail=notice.detail,
        is_urgent=notice.ticket.priority <= Priority.P1,
        state=NotificationState.SENT,
        created_at=at,
    )


def notification_row(
    recipient: User,
    notice: Notice,
    *,
    at: datetime,
    escalation: Escalation | None = None,
    channels: Sequence[str] = (Medium.MAIL,),
) -> Notification:
    """One notification, not saved yet, to be sent after the commit."""
    return Notification(
        recipient=recipient,
        kind=notice.kind,
        ticket=notice.ticket,
        clock=notice.clock,
        escalation=escalation,
        other=notice.other,
        detail=notice.detail,
        channels=list(channels),
        is_urgent=notice.ticket.priority <= Priority.P1,
        next_try_at=at,
        created_at=at,
    )


def nudge_dispatch() -> None:
    """Have what was written sent after the commit."""


def _mail(recipient: User, notice: Notice, at: datetime) -> OutboundEmail | None:
    with as_read_by(*reader_of(recipient)):
        try:
            return queue_mail(
                purpose=MailPurpose.NOTIFICATION,
                recipients=[recipient.email],
                subject=subject_of(notice),
                text=text_of(notice),
                at=at,
                ticket=notice.ticket,
            )
        except DeskError:
            return None  # mistyped, or the desk's own address: an escalation must not fail on it
