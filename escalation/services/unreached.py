"""When nothing of a notification reached its reader, who stands next is told; once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.contrib.auth.models import User

from escalation.choices import NoticeKind
from escalation.models import Notification
from escalation.services.notices import Notice
from escalation.services.notify import notification_row
from escalation.services.people import People


def tell_next(rows: Sequence[Notification], *, at: datetime) -> list[Notification]:
    """Write a notification to whoever stands next for each of these that nobody got. Needs their transaction.

    What nobody got of such a notification itself ends there.
    """
    lost = [row for row in rows if row.kind != NoticeKind.UNREACHED]
    if not lost:
        return []
    people = People.at(at)
    told = [
        notification_row(
            user, _notice(row, people), at=at, escalation=row.escalation, channels=row.channels
        ).made()
        for row in _complete(lost)
        for user in _next(row, people)
    ]
    return Notification.objects.bulk_create(told, batch_size=500)


def _complete(rows: Sequence[Notification]) -> Iterator[Notification]:
    found = Notification.objects.filter(pk__in=[row.pk for row in rows])
    yield from found.select_related("ticket", "clock", "escalation", "rota", "customer").order_by("pk")


def _notice(row: Notification, people: People) -> Notice:
    lost = str(row.get_kind_display())
    group = row.rota or row.customer
    detail = f"{group}: {lost}" if group is not None else lost
    other = people.users.get(row.recipient_id) or row.recipient if row.recipient_id else None
    return Notice(NoticeKind.UNREACHED, row.ticket, row.clock, other, detail)


def _next(row: Notification, people: People) -> list[User]:
    """A deputy, else a manager or who stands in for them, else the duty manager; if nobody is left, every superuser.

    For a group: who holds the ticket.
    """
    if row.recipient_id is None:
        holder = row.ticket.owner_id if row.ticket is not None else None
        return [user for user in [people.user(holder)] if user is not None] or people.superusers
    for pk in _in_turn(row.recipient_id, people):
        user = people.user(pk)
        if user is not None and user.pk != row.recipient_id:
            return [user]
    return [user for user in people.superusers if user.pk != row.recipient_id]


def _in_turn(recipient: int, people: People) -> Iterator[int | None]:
    yield people.staff.stand_in(recipient)
    for manager in people.staff.managers(recipient):
        yield people.staff.stand_in(manager)
    if people.duty_manager is not None:
        yield people.staff.stand_in(people.duty_manager)
