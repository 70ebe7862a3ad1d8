"""Writes notifications to people and groups, in the transaction of the fact they report. `dispatch` sends them."""

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
    """Write one notice to one person; it is sent after the commit."""
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
    """The row that `tell` saves, built without a query. Callers who write many call `nudge_dispatch` once."""
    values = _values(notice, at, escalation, channels)
    return NewRow(Notification, {**values, "recipient_id": recipient.pk})


def nudge_dispatch() -> None:
    """Have the notifications sent after the commit, once per transaction however many it wrote.

    A lost nudge costs a minute, never a notification.
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
    """The row for the group of ``rota`` or the tech group of the ticket's customer, if there is such a group.

    Mail reaches no group, so only the other channels count, or chat if there are none. No customer is told of a
    drill. Needs no query.
    """
    media = [medium for medium in channels if medium != Medium.MAIL] or list(GROUP_CHAT)
    values = _values(notice, at, escalation, media)
    is_real = notice.ticket is not None and not notice.ticket.is_drill
    customer = notice.ticket.customer_id if notice.ticket is not None and is_real else None
    match whom:
        case Whom.ROTA_GROUP if rota is not None:
            return [NewRow(Notification, {**values, "rota_id": rota.pk})]
        case Whom.CUSTOMER_GROUP if customer is not None:
            return [NewRow(Notification, {**values, "customer_id": customer})]
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
    """The key, as thousands of rows are written and keys cost a fraction of passing objects."""
    return row.pk if row is not None else None
