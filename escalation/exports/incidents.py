"""What else happened in a week and is counted: escalations, answers that did not stand, late downgrades."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from operator import itemgetter

from django.db.models import IntegerField, OuterRef, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from escalation.choices import ClockChange
from escalation.exports.period import Period
from escalation.exports.promises import CustomerColumns
from escalation.models import ClockEvent, Escalation

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
    customer: CustomerColumns
    person_id: int | None


def incidents_of(period: Period) -> Iterator[Incident]:
    yield from _escalations(period)
    yield from _answers_undone(period)
    yield from _late_downgrades(period)


def _escalations(period: Period) -> Iterator[Incident]:
    """Firings that moved a ticket to somebody; those that only tell are no burden."""
    fired = Escalation.objects.filter(
        fired_at__gte=period.start,
        fired_at__lt=period.end,
        to_owner__isnull=False,
        clock__ticket__is_drill=False,
    )
    rows = fired.order_by("pk").values_list("clock__priority", *_customer("clock__ticket"), "to_owner_id")
    for priority, *customer, person_id in rows.iterator(chunk_size=FETCH):
        yield Incident(IncidentKind.ESCALATION, priority, CustomerColumns._make(customer), person_id)


def _answers_undone(period: Period) -> Iterator[Incident]:
    """Read from the ledger."""
    lines = ClockEvent.objects.filter(
        change__in=[ClockChange.REVOKED, ClockChange.WAIVED],
        at__gte=period.start,
        at__lt=period.end,
        clock__ticket__is_drill=False,
    )
    fields = ("change", "actor_id", "clock__priority", *_customer("clock__ticket"), "holder_id")
    rows = lines.order_by("pk").values_list(*fields)
    for change, actor_id, priority, *customer, person_id in rows.iterator(chunk_size=FETCH):
        yield Incident(_undoing(change, actor_id), priority, CustomerColumns._make(customer), person_id)


def _undoing(change: str, actor_id: int | None) -> IncidentKind:
    if change == ClockChange.WAIVED:
        return IncidentKind.WAIVED
    return IncidentKind.VOIDED if actor_id else IncidentKind.REVOKED


def _late_downgrades(period: Period) -> Iterator[Incident]:
    """Priorities lowered in the last fifth of a promise that was open then; each change counts once.

    A line has the priority after it, the line before it the one that was lowered.
    """
    named = [ClockChange.STARTED, ClockChange.RETARGETED]
    earlier = ClockEvent.objects.filter(clock=OuterRef("clock"), pk__lt=OuterRef("pk"), change__in=named)
    was = earlier.order_by("-pk").annotate(was=Cast(KT("data__priority"), IntegerField())).values("was")
    lines = ClockEvent.objects.filter(
        change=ClockChange.RETARGETED,
        data__late=True,
        recorded_at__gte=period.start,
        recorded_at__lt=period.end,
        clock__ticket__is_drill=False,
    ).annotate(lowered=Subquery(was[:1]))
    fields = ("recorded_at", "clock__ticket_id", "actor_id", "lowered", *_customer("clock__ticket"))
    rows = lines.order_by("recorded_at", "clock__ticket_id", "pk").values_list(*fields)
    for _change, beside in groupby(rows.iterator(chunk_size=FETCH), key=itemgetter(0, 1)):
        _at, _ticket, actor_id, lowered, *customer = next(beside)
        yield Incident(IncidentKind.LATE_DOWNGRADE, lowered, CustomerColumns._make(customer), actor_id)


def _customer(ticket: str) -> tuple[str, str, str, str]:
    """The paths of a CustomerSide."""
    return (
        f"{ticket}__customer_id",
        f"{ticket}__customer__code",
        f"{ticket}__customer__name",
        f"{ticket}__customer__account_manager_id",
    )
