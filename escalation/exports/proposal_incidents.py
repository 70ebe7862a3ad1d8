"""What a week's scorecard says about proposed priorities: how many were wrong, and which rejections were."""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import DateTimeField, Min, OuterRef, Q, QuerySet, Subquery

from escalation.choices import ClockState
from escalation.exports.scorecard import Incident, IncidentKind, ScoredCustomer
from escalation.lib.weeks import CoveredTime
from escalation.models import Clock, ClockEvent
from tickets.choices import Fact, Priority
from tickets.models import Proposal, TimelineEntry

CUSTOMER = (
    "ticket__customer_id", "ticket__customer__code", "ticket__customer__name",
    "ticket__customer__account_manager_id",
)  # fmt: skip


def proposal_incidents(period: CoveredTime) -> Iterator[Incident]:
    """Proposals decided in the week, and rejections that turned out wrong in it, by whoever decided."""
    real = Proposal.objects.filter(ticket__is_drill=False, decided_at__isnull=False)
    decided = real.filter(decided_at__gte=period.start, decided_at__lt=period.end)
    fields = ("pk", "is_confirmed", "decided_at", "ticket_id", "priority", *CUSTOMER, "decided_by_id")
    rows = decided.order_by("pk").values_list(*fields)
    for pk, is_confirmed, at, ticket_id, priority, *customer, person in rows:
        kind = IncidentKind.PROPOSAL_CONFIRMED if is_confirmed else IncidentKind.PROPOSAL_REJECTED
        scored = ScoredCustomer._make(customer)
        yield Incident(kind, priority, scored, person, at, ticket_id, None, pk)
    yield from _wrong_rejections(real.filter(is_confirmed=False, decided_at__lt=period.end), period)


def _wrong_rejections(rejected: QuerySet[Proposal], period: CoveredTime) -> Iterator[Incident]:
    """Rejections whose ticket became a P0 or broke a promise later; each counts once, when that first happened."""
    raises = TimelineEntry.objects.filter(
        ticket=OuterRef("ticket"),
        fact=Fact.PRIORITY,
        at__gt=OuterRef("decided_at"),
        at__lt=period.as_of,
        data__after=Priority.P0.value,
    )
    rows = rejected.annotate(
        broken_at=_first(_broken_clocks(period), "broken_at"), raised_at=_first(raises, "at")
    ).values_list("pk", "broken_at", "raised_at", "ticket_id", "priority", *CUSTOMER, "decided_by_id")
    for pk, broken_at, raised_at, ticket_id, priority, *customer, person in rows.order_by("pk"):
        ended: datetime | None = min(filter(None, (broken_at, raised_at)), default=None)
        if ended is not None and period.start <= ended < period.end:
            scored = ScoredCustomer._make(customer)
            yield Incident(
                IncidentKind.WRONGLY_REJECTED, priority, scored, person, ended, ticket_id, None, pk
            )


def _broken_clocks(period: CoveredTime) -> QuerySet[Clock]:
    """A proposal's clocks that broke after its decision, by their last line before `as_of` or by their due time."""
    lines = ClockEvent.objects.filter(clock=OuterRef("pk"), recorded_at__lt=period.as_of).order_by("-pk")
    clocks = Clock.objects.filter(ticket=OuterRef("ticket")).annotate(
        state_then=Subquery(lines.values("state_after")[:1]),
        broken_at=Subquery(lines.values("due_after")[:1]),
    )
    is_overdue = Q(state_then=ClockState.RUNNING, broken_at__lt=period.end)
    return clocks.filter(Q(state_then=ClockState.BREACHED) | is_overdue, broken_at__gt=OuterRef("decided_at"))


def _first(rows: QuerySet[Clock] | QuerySet[TimelineEntry], field: str) -> Subquery:
    by_ticket = rows.order_by().values("ticket").annotate(first=Min(field)).values("first")
    return Subquery(by_ticket, output_field=DateTimeField())
