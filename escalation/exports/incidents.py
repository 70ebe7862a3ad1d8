"""What else happened in a week and is counted: escalations, answers that did not stand, late downgrades."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from django.db.models import F, Q

from escalation.calendars import CalendarBook
from escalation.choices import ClockChange
from escalation.exports.period import Period
from escalation.exports.promises import CustomerSide
from escalation.models import ClockEvent, Escalation
from escalation.worktime import working_between
from tickets.choices import Fact
from tickets.models import TimelineEntry

FETCH = 2000


class IncidentKind(Enum):
    """Waived: a lead excused a promise. Voided: a lead took an answer back. Revoked: it did not arrive."""

    WAIVED = "waived"
    VOIDED = "voided"
    REVOKED = "revoked"
    ESCALATION = "escalation"
    LATE_DOWNGRADE = "late downgrade"


@dataclass(frozen=True)
class Incident:
    """`person_id` is the holder, the receiver of an escalation, or who lowered the priority."""

    kind: IncidentKind
    priority: int
    customer: CustomerSide
    person_id: int | None


def incidents_of(period: Period, *, book: CalendarBook) -> Iterator[Incident]:
    yield from _escalations(period)
    yield from _answers_undone(period)
    yield from _late_downgrades(period, book)


def _escalations(period: Period) -> Iterator[Incident]:
    """Firings that moved a ticket to somebody; those that only tell are no burden."""
    fired = Escalation.objects.filter(
        fired_at__gte=period.start, fired_at__lt=period.end, to_owner__isnull=False
    )
    rows = fired.order_by("pk").values_list("clock__priority", *_customer("clock__ticket"), "to_owner_id")
    for priority, *customer, person_id in rows.iterator(chunk_size=FETCH):
        yield Incident(IncidentKind.ESCALATION, priority, CustomerSide._make(customer), person_id)


def _answers_undone(period: Period) -> Iterator[Incident]:
    """Read from the ledger."""
    lines = ClockEvent.objects.filter(
        change__in=[ClockChange.REVOKED, ClockChange.WAIVED],
        at__gte=period.start,
        at__lt=period.end,
    )
    fields = ("change", "actor_id", "clock__priority", *_customer("clock__ticket"), "holder_id")
    rows = lines.order_by("pk").values_list(*fields)
    for change, actor_id, priority, *customer, person_id in rows.iterator(chunk_size=FETCH):
        yield Incident(_undoing(change, actor_id), priority, CustomerSide._make(customer), person_id)


def _undoing(change: str, actor_id: int | None) -> IncidentKind:
    if change == ClockChange.WAIVED:
        return IncidentKind.WAIVED
    return IncidentKind.VOIDED if actor_id else IncidentKind.REVOKED


def _late_downgrades(period: Period, book: CalendarBook) -> Iterator[Incident]:
    """Priorities lowered in the last fifth of a promise that was open then; each change counts once."""
    for _pk, rows in groupby(_changes_under_a_promise(period), key=attrgetter("entry_id")):
        late = next((change for change in rows if change.is_late_downgrade(book)), None)
        if late:
            priority, customer = late.data["before"], CustomerSide._make(late[-4:])
            yield Incident(IncidentKind.LATE_DOWNGRADE, priority, customer, late.actor_id)


class PriorityChange(NamedTuple):
    """A change of priority beside one promise that was open at that moment."""

    entry_id: int
    at: datetime
    data: dict[str, int]
    actor_id: int | None
    started_at: datetime
    due_at: datetime
    raised_at: datetime | None
    calendar_id: int
    calendar_version: int
    customer_id: int | None
    customer_code: str | None
    customer: str | None
    account_manager_id: int | None

    def is_late_downgrade(self, book: CalendarBook) -> bool:
        """In the last fifth of the window, which begins anew when a priority is raised; greater means lower."""
        if self.data["after"] <= self.data["before"]:
            return False
        hours, start = book[self.calendar_id, self.calendar_version], self.started_at
        if self.raised_at is not None and self.raised_at < self.at:
            start = self.raised_at
        return working_between(hours, self.at, self.due_at) * 5 <= working_between(hours, start, self.due_at)


def _changes_under_a_promise(period: Period) -> Iterator[PriorityChange]:
    changes = TimelineEntry.objects.filter(
        Q(ticket__clocks__stopped_at=None) | Q(ticket__clocks__stopped_at__gt=F("at")),
        fact=Fact.PRIORITY,
        at__gte=period.start,
        at__lt=period.end,
        ticket__clocks__started_at__lte=F("at"),
        ticket__clocks__due_at__gt=F("at"),
    )
    terms = ("started_at", "due_at", "raised_at", "calendar_id", "calendar_version")
    clock = (f"ticket__clocks__{field}" for field in terms)
    fields = ("pk", "at", "data", "actor_id", *clock, *_customer("ticket"))
    rows = changes.order_by("pk").values_list(*fields)
    return map(PriorityChange._make, rows.iterator(chunk_size=FETCH))


def _customer(ticket: str) -> tuple[str, str, str, str]:
    """The paths of a CustomerSide."""
    return (
        f"{ticket}__customer_id",
        f"{ticket}__customer__code",
        f"{ticket}__customer__name",
        f"{ticket}__customer__account_manager_id",
    )
