"""Notices within a minute that somebody can no longer open tickets, however it came about, and what was theirs.

1. One query, empty on a quiet run, finds who lost or regained their access, and who still has open tickets without it.
2. A departure is a row with a constraint: it is noticed once, and once somebody is told of customers and shifts.
3. All open tickets move, not only what is owed: nobody else would see them, and the person may never return.
4. Who regains their access is offered the tickets back, as after an absence.

Reasons: .github/decisions/absences.md.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, Exists, OuterRef, When

from customers.access import looked_after_by, who_work_here
from customers.models import Customer, Departure
from escalation.absences.moving import AbsenceReport, Away, Candidates, MovePass
from escalation.choices import NoticeKind
from escalation.lib.left_work import LeftWork, ShiftLeft
from escalation.models import DutyShift
from escalation.notifications.wording import Notice
from escalation.notifications.writing import tell
from escalation.people.next_in_line import to_duty_manager
from escalation.people.staff_snapshot import People
from tickets.models import Ticket


@dataclass
class DepartureReport:
    """Counts people: whose departure was noticed, and who is back. ``tickets`` is what became of open tickets."""

    noticed: int = 0
    back: int = 0
    tickets: AbsenceReport = field(default_factory=AbsenceReport)

    def __str__(self) -> str:
        return f"left={self.noticed} back={self.back} theirs_moved={self.tickets.moved}"


def follow_departures(*, now: datetime) -> DepartureReport:
    """Record who left or is back as of ``now`` (UTC), and move the open tickets of those who left. May run twice."""
    report = DepartureReport()
    people = people_to_look_at(now)
    if not people:
        return report
    back = [person.pk for person in people if person.works]
    report.back = Departure.objects.filter(user__in=back, ended_at=None).update(ended_at=now)
    gone = [person for person in people if not person.works]
    report.noticed = sum(_notice(person, now) for person in gone if not person.has_departed)
    if any(person.has_tickets for person in gone):
        report.tickets = MovePass(now, _tickets_of_the_departed).run()
    return report


def people_to_look_at(now: datetime) -> list[Any]:
    """Who left without being noticed, has open tickets without access, or is back. One query over the few users.

    A login that never had anything, such as one that waits for its groups, has not left.
    """
    theirs = OuterRef("pk")
    users = User.objects.annotate(
        works=Case(When(who_work_here(), then=True), default=False),
        has_departed=Exists(Departure.objects.filter(user=theirs, ended_at=None)),
        has_tickets=Exists(Ticket.objects.active().filter(owner=theirs)),
        has_customers=Exists(Customer.objects.filter(account_manager=theirs))
        | Exists(Customer.objects.filter(backup_account_manager=theirs)),
        has_shifts=Exists(DutyShift.objects.filter(user=theirs, ends_at__gt=now)),
    )
    return [user for user in users.order_by("pk") if _needs_a_look(user)]


def _needs_a_look(user: Any) -> bool:
    if user.works:
        return bool(user.has_departed)
    return user.has_tickets or (not user.has_departed and (user.has_customers or user.has_shifts))


@transaction.atomic
def _notice(person: User, now: datetime) -> bool:
    """Record the departure and tell whoever is responsible what needs somebody else. False if another run did."""
    _departure, is_new = Departure.objects.get_or_create(
        user=person, ended_at=None, defaults={"noticed_at": now}
    )
    left = left_work_of(person, now) if is_new else LeftWork()
    if left:
        notice = Notice(NoticeKind.SOMEBODY_LEFT, None, other=person, detail=left.as_text())
        for user in responsible_for(person, People.at(now)):
            tell(user, notice, at=now)
    return is_new


def left_work_of(person: User, now: datetime) -> LeftWork:
    """The customers they look after, and their shifts that are not over. Two queries."""
    customers = Customer.objects.filter(looked_after_by(frozenset([person.pk])), is_active=True)
    shifts = DutyShift.objects.filter(user=person, ends_at__gt=now).order_by("starts_at", "pk")
    return LeftWork(
        tuple(customers.order_by("name").values_list("name", flat=True)),
        tuple(
            ShiftLeft(rota, starts_at, ends_at)
            for rota, starts_at, ends_at in shifts.values_list("rota__name", "starts_at", "ends_at")
        ),
    )


def responsible_for(person: User, people: People) -> list[User]:
    """The nearest manager or their deputy, the lead of the team, the duty manager, or else every superuser."""
    user = next(filter(None, map(people.user, _responsible(person, people))), None)
    return [user] if user is not None else people.superusers


def _responsible(person: User, people: People) -> Iterator[int | None]:
    yield from map(people.staff.stand_in, people.staff.managers(person.pk))
    lead = User.objects.filter(led_teams__members__user=person).first()
    if lead is not None:
        yield people.staff.stand_in(lead.pk)
    yield to_duty_manager(people.staff, people.duty_manager).target


def _tickets_of_the_departed(now: datetime, among: Collection[int] | None) -> Candidates:
    """Open tickets of people with an open departure, P0 and the longest wait first."""
    departures = dict(Departure.objects.filter(ended_at=None).values_list("user", "pk"))
    gone = User.objects.filter(~who_work_here(), pk__in=departures)
    found = Ticket.objects.active().filter(owner__in=list(gone.values_list("pk", flat=True)))
    narrowed = found if among is None else found.filter(pk__in=among)
    ordered = narrowed.order_by("priority", "unanswered_since", "pk").values_list("pk", "owner")
    return [(ticket, Away(departure=departures[owner])) for ticket, owner in ordered]
