"""When nothing of a notification reached its reader, who stands next is told, and so on; each once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q

from escalation.choices import NoticeKind
from escalation.models import Notification
from escalation.notifications.wording import Notice
from escalation.notifications.writing import notification_row
from escalation.people.staff_snapshot import People

# Ticket, firing, and the person whom it was about at first.
Case = tuple[int | None, int | None, int | None]


def tell_next(rows: Sequence[Notification], *, at: datetime) -> list[Notification]:
    """Write a notification to whoever stands next for each of these that nobody got. Needs their transaction.

    What such a notification does not reach goes on to the one after them, and at last to every superuser. Nobody is
    told of the same twice, so it ends.
    """
    if not rows:
        return []
    people, heard = People.at(at), _told_before(rows)
    told = [
        notification_row(
            user, _notice(row, people), at=at, escalation=row.escalation, channels=row.channels
        ).made()
        for row in _load(rows)
        for user in _next_people(
            row, people, heard[_case(row)] if row.kind == NoticeKind.UNREACHED else set()
        )
    ]
    return Notification.objects.bulk_create(told, batch_size=500)


def _case(row: Notification) -> Case:
    return row.ticket_id, row.escalation_id, row.other_id


def _told_before(rows: Sequence[Notification]) -> Mapping[Case, set[int]]:
    """Who was told already that somebody could not be reached. One query, none while it was tried with nobody."""
    heard: defaultdict[Case, set[int]] = defaultdict(set)
    tickets = {row.ticket_id for row in rows if row.kind == NoticeKind.UNREACHED}
    if tickets:
        told = Notification.objects.filter(kind=NoticeKind.UNREACHED, recipient__isnull=False)
        about = Q(ticket__in=tickets - {None}) | (Q(ticket=None) if None in tickets else Q())
        for row in told.filter(about).only("ticket_id", "escalation_id", "other_id", "recipient_id"):
            heard[_case(row)].add(row.recipient_id or 0)
    return heard


def _load(rows: Sequence[Notification]) -> Iterator[Notification]:
    found = Notification.objects.filter(pk__in=[row.pk for row in rows])
    told = ("ticket", "clock", "escalation", "rota", "customer", "recipient", "other")
    yield from found.select_related(*told).order_by("pk")


def _notice(row: Notification, people: People) -> Notice:
    if row.kind == NoticeKind.UNREACHED:
        return Notice(NoticeKind.UNREACHED, row.ticket, row.clock, row.other, row.detail)
    lost = str(row.get_kind_display())
    group = row.rota or row.customer
    detail = f"{group}: {lost}" if group is not None else lost
    other = people.users.get(row.recipient_id) or row.recipient if row.recipient_id else None
    return Notice(NoticeKind.UNREACHED, row.ticket, row.clock, other, detail)


def _next_people(row: Notification, people: People, heard: AbstractSet[int]) -> list[User]:
    """A deputy, else a manager or who stands in for them, else the duty manager; if nobody is left, every superuser.

    For a group: who holds the ticket. ``heard`` are passed over.
    """
    if row.recipient_id is None:
        holder = row.ticket.owner_id if row.ticket is not None else None
        return [user for user in [people.user(holder)] if user is not None] or people.superusers
    lost = row.other_id if row.kind == NoticeKind.UNREACHED and row.other_id else row.recipient_id
    passed = {*heard, lost, row.recipient_id}
    found = (people.user(pk) for pk in _line_of_deputies_and_managers(lost, people) if pk not in passed)
    first = next((user for user in found if user is not None), None)
    return [first] if first is not None else [user for user in people.superusers if user.pk not in passed]


def _line_of_deputies_and_managers(recipient: int, people: People) -> Iterator[int | None]:
    yield people.staff.stand_in(recipient)
    for manager in people.staff.managers(recipient):
        yield people.staff.stand_in(manager)
    if people.duty_manager is not None:
        yield people.staff.stand_in(people.duty_manager)
