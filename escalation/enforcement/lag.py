"""How late promises are enforced: from the due time until the desk noticed, and the late steps after an outage.

A promise may also become overdue by a later act: a call entered afterwards, an answer revoked, another due time. Then
the lag counts from that act, because before it there was nothing to notice.

Reasons: .github/decisions/monitoring.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Case,
    Count,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    When,
    Window,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, RowNumber

from escalation.choices import ClockChange
from escalation.models import Clock, ClockEvent, Escalation

DAY = timedelta(hours=24)
# A step that fires later than this was delayed: two minutes are two sweeps.
CAUGHT_UP_AFTER = timedelta(minutes=2)
# Late steps closer together than this belong to one outage.
PAUSE = timedelta(minutes=5)
MOST_LISTED = 2_000
# Only for a lag greater than this is the ledger searched for the cause.
NOTABLE = timedelta(seconds=10)
# Ledger lines that may make a promise overdue in retrospect.
AFTERWARDS = (
    Q(change__in=(ClockChange.REVOKED, ClockChange.RETARGETED, ClockChange.MERGED, ClockChange.BEGUN_EARLIER))
    | Q(change=ClockChange.STARTED, actor__isnull=False)
    | Q(change=ClockChange.STARTED, data__customer_named=True)
)


@dataclass(frozen=True)
class Lag:
    """Percentiles by nearest rank; None if nothing happened."""

    count: int = 0
    p50: timedelta | None = None
    p99: timedelta | None = None
    worst: timedelta | None = None


def breach_lag(*, now: datetime, window: timedelta = DAY) -> Lag:
    """``detected_at - due_at`` of the breaches noticed within the window before ``now``."""
    noticed = Clock.objects.real().filter(detected_at__gt=now - window, detected_at__lte=now)
    return _percentiles(noticed.annotate(from_when=_overdue_since("pk", "detected_at")), "detected_at")


def step_lag(*, now: datetime, window: timedelta = DAY) -> Lag:
    """``fired_at - due_at`` of the steps that fired within the window before ``now``."""
    return _percentiles(_firings(now, window), "fired_at")


def _firings(now: datetime, window: timedelta) -> QuerySet[Escalation]:
    """Firings, without fire drills and without escalations by hand, which cannot be late."""
    fired = Escalation.objects.filter(fired_at__gt=now - window, fired_at__lte=now)
    real = fired.filter(step__isnull=False).exclude(
        clock__in=Clock.objects.filter(ticket__is_drill=True).values("pk")
    )
    return real.annotate(from_when=_overdue_since("clock", "fired_at"))


def _overdue_since(clock: str, happened: str) -> Case:
    """The due time, or the time of the act that made the promise overdue."""
    lines = ClockEvent.objects.filter(AFTERWARDS, clock=OuterRef(clock), recorded_at__lte=OuterRef(happened))
    latest = Subquery(lines.order_by().values("clock").annotate(at=Max("recorded_at")).values("at"))
    is_notable = Q(**{f"{happened}__gt": F("due_at") + NOTABLE})
    overdue_since = Greatest(F("due_at"), Coalesce(latest, F("due_at")))
    return Case(When(is_notable, then=overdue_since), default=F("due_at"), output_field=DateTimeField())


def _percentiles(rows: QuerySet, happened: str) -> Lag:  # type: ignore[type-arg]  # either model
    """Three percentiles, found by the database in one query."""
    late = ExpressionWrapper(F(happened) - F("from_when"), DurationField())
    ranked = rows.order_by().annotate(late=late).annotate(
        place=Window(RowNumber(), order_by=F("late").asc()), number=Window(Count("pk"))
    )  # fmt: skip
    shown = ranked.filter(Q(place=_rank(50)) | Q(place=_rank(99)) | Q(place=F("number"))).order_by("place")
    found = list(shown.values_list("late", "place", "number"))
    if not found:
        return Lag()
    by_place = {place: lag for lag, place, _number in found}
    count = found[0][-1]
    return Lag(count, by_place[-(-50 * count // 100)], by_place[-(-99 * count // 100)], by_place[count])


def _rank(percent: int) -> Combinable:
    """The place of a percentile among all rows, rounded up in whole numbers."""
    return (F("number") * percent + 99) / 100


def lateness(escalation: Escalation) -> timedelta:
    """The lag of an escalation that `catch_ups` returned."""
    return escalation.fired_at - escalation.from_when  # type: ignore[attr-defined,no-any-return]  # annotated


@dataclass(frozen=True)
class CatchUp:
    """Steps that fired late one after another, when the desk caught up after an outage."""

    escalations: Sequence[Escalation]

    @property
    def started_at(self) -> datetime:
        return min(escalation.fired_at for escalation in self.escalations)

    @property
    def ended_at(self) -> datetime:
        return max(escalation.fired_at for escalation in self.escalations)

    @property
    def worst(self) -> timedelta:
        return max(lateness(escalation) for escalation in self.escalations)


def catch_ups(*, now: datetime, window: timedelta = DAY) -> list[CatchUp]:
    """The late steps of the window, grouped by outage, the latest first; at most the latest `MOST_LISTED` steps."""
    late = _firings(now, window).filter(fired_at__gt=F("from_when") + CAUGHT_UP_AFTER)
    late = late.select_related("clock__ticket", "to_owner").order_by("-fired_at", "pk")
    return _group_by_outage(list(late[:MOST_LISTED]))


def _group_by_outage(late: Sequence[Escalation]) -> list[CatchUp]:
    groups: list[list[Escalation]] = []
    for escalation in late:
        if groups and groups[-1][-1].fired_at - escalation.fired_at <= PAUSE:
            groups[-1].append(escalation)
        else:
            groups.append([escalation])
    return [CatchUp(group) for group in groups]
