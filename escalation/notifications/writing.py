"""Tells people and groups: a notification row in the transaction of what is told. services.dispatch sends it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from django_q.tasks import async_task

from escalation.choices import Medium, Whom
from escalation.models import DutyRota, Escalation, Notification
from escalation.notifications.wording import Notice
from tickets.choices import Priority
from tickets.lib.bulk_insert import NewRow
from tickets.nudges import after_commit

MAIL_ONLY = (Medium.MAIL,)
GROUP_CHAT = (Medium.CHAT,)


def tell(
    recipient: User,
    notice: Notice,
    *,
    at: datetime,
    escalation: Escalation | None = None,
    channels: Iterable[str] = MAIL_ONLY,
) -> Notification:
    """Write one notice to one person and have it sent after the commit."""
    row = notification_row(recipient, notice, at=at, escalation=escalation, channels=channels).made()
    row.save(force_insert=True)
    nudge_dispatch()
    return row


def notification_row(
    recipient: User,
    notice: Notice,
    *,
    at: datetime,
    escalation: Escalation | None = None,
    channels: Iterable[str] = MAIL_ONLY,
) -> NewRow[Notification]:
    """The row that `tell` saves, without a query. Whoever writes many calls `nudge_dispatch` once."""
    told = _values(notice, at, escalation, channels)
    return NewRow(Notification, {**told, "recipient_id": recipient.pk})


def nudge_dispatch() -> None:
    """Have the notifications sent after the commit; once per transaction, however many it wrote.

    A nudge that is lost costs a minute, never a notification.
    """
    after_commit(_queue_dispatch)


def _queue_dispatch() -> None:
    async_task("escalation.tasks.dispatch_notifications")


def group_rows(
    notice: Notice,
    *,
    whom: Whom,
    rota: DutyRota | None,
    at: datetime,
    escalation: Escalation | None = None,
    channels: Iterable[str] = GROUP_CHAT,
) -> list[NewRow[Notification]]:
    """The row for the group of ``rota``, or for the tech group of the ticket's customer; none where there is none.

    Without a query, if the ticket's customer is not asked for. Mail reaches no group, so of the channels
    the others count; with none of them it is the chat. No customer hears of a drill.
    """
    media = [medium for medium in channels if medium != Medium.MAIL] or list(GROUP_CHAT)
    told = _values(notice, at, escalation, media)
    real = notice.ticket if notice.ticket is not None and not notice.ticket.is_drill else None
    customer = real.customer_id if real is not None else None
    match whom:
        case Whom.ROTA_GROUP if rota is not None:
            return [NewRow(Notification, {**told, "rota_id": rota.pk})]
        case Whom.CUSTOMER_GROUP if customer is not None:
            return [NewRow(Notification, {**told, "customer_id": customer})]
        case _person_or_nobody:
            return []


def _values(
    notice: Notice, at: datetime, escalation: Escalation | None, channels: Iterable[str]
) -> dict[str, Any]:
    return {
        "kind": notice.kind,
        "ticket_id": _key(notice.ticket),
        "clock_id": _key(notice.clock),
        "escalation_id": _key(escalation),
        "other_id": _key(notice.other),
        "detail": notice.detail,
        "channels": [str(medium) for medium in channels],
        "is_urgent": notice.ticket is not None and notice.ticket.priority <= Priority.P1,
        "next_try_at": at,
        "created_at": at,
    }


def _key(row: Model | None) -> Any:
    """Rows that are written by the thousand name others by key, which costs a fraction of naming the object."""
    return row.pk if row is not None else None
