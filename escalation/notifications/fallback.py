"""If a notification did not reach its reader in any way, tells the next in line, and so on; nobody is told twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Q

from customers.work_ids import working_on
from escalation.choices import NoticeKind
from escalation.models import Notification
from escalation.notifications.wording import Notice
from escalation.notifications.writing import notification_row
from escalation.people.staff_snapshot import People

# Ticket, escalation, and the person who could not be reached in the first place.
Case = tuple[int | None, int | None, int | None]


def tell_next(rows: Sequence[Notification], *, at: datetime) -> list[Notification]:
    """For each notification that reached nobody, write one to the next in line. Needs the caller's transaction.

    If that one reaches nobody either, the person after them is next, and finally every superuser. It ends,
    because nobody is told of the same case twice.
    """
    if not rows:
        return []
    people, told_before = People.at(at), _told_before(rows)
    related = ("ticket", "clock", "escalation", "rota", "customer", "recipient", "other")
    unreached = Notification.objects.filter(pk__in=[row.pk for row in rows]).select_related(*related)
    notifications = []
    for row in unreached.order_by("pk"):
        with working_on(row.work_id):
            notifications += [
                notification_row(
                    user, _notice(row, people), at=at, escalation=row.escalation, channels=row.channels
                ).made()
                for user in _next_people(row, people, told_before[_case(row)])
            ]
    return Notification.objects.bulk_create(notifications, batch_size=500)


def _case(row: Notification) -> Case:
    return row.ticket_id, row.escalation_id, row.other_id


def _told_before(rows: Sequence[Notification]) -> Mapping[Case, set[int]]:
    """The people already told of each case. One query, or none for new cases."""
    people_told: defaultdict[Case, set[int]] = defaultdict(set)
    tickets = {row.ticket_id for row in rows if row.kind == NoticeKind.UNREACHED}
    if tickets:
        before = Notification.objects.filter(kind=NoticeKind.UNREACHED, recipient__isnull=False)
        about = Q(ticket__in=tickets - {None}) | (Q(ticket=None) if None in tickets else Q())
        for row in before.filter(about).only("ticket_id", "escalation_id", "other_id", "recipient_id"):
            people_told[_case(row)].add(row.recipient_id or 0)
    return people_told


def _notice(row: Notification, people: People) -> Notice:
    if row.kind == NoticeKind.UNREACHED:
        return Notice(NoticeKind.UNREACHED, row.ticket, row.clock, row.other, row.detail)
    group = row.rota or row.customer
    detail = (
        f"{group}\n{row.kind}" if group is not None else row.kind
    )  # read by wording, in the reader's language
    other = people.users.get(row.recipient_id) or row.recipient if row.recipient_id else None
    return Notice(NoticeKind.UNREACHED, row.ticket, row.clock, other, detail)


def _next_people(row: Notification, people: People, told_before: AbstractSet[int]) -> list[User]:
    """A deputy, else a manager or their stand-in, else the duty manager; if nobody is left, every superuser.

    For a group it is the ticket's holder. People who were told of this case before are skipped.
    """
    if row.recipient_id is None:
        holder = people.user(row.ticket.owner_id if row.ticket is not None else None)
        return [holder] if holder is not None else people.superusers
    is_fallback = row.kind == NoticeKind.UNREACHED
    unreached = row.other_id if is_fallback and row.other_id else row.recipient_id
    passed_over = {*(told_before if is_fallback else ()), unreached, row.recipient_id}
    in_line = (people.user(pk) for pk in _line_of_succession(unreached, people) if pk not in passed_over)
    first = next((user for user in in_line if user is not None), None)
    if first is not None:
        return [first]
    return [user for user in people.superusers if user.pk not in passed_over]


def _line_of_succession(unreached: int, people: People) -> Iterator[int | None]:
    yield people.staff.stand_in(unreached)
    for manager in people.staff.managers(unreached):
        yield people.staff.stand_in(manager)
    if people.duty_manager is not None:
        yield people.staff.stand_in(people.duty_manager)
