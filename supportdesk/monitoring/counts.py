"""Counts waiting and running work, for the operations page and /metrics. Values and queries only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet
from django_q.brokers import get_broker
from django_q.models import OrmQ

from escalation.choices import ClockState
from escalation.models import Clock, Notification
from supportdesk.processes.cluster.redis_broker import is_unreachable
from tickets.choices import IntakeState, OutboxState
from tickets.models import InboundEmail, OutboundEmail

DAY = timedelta(days=1)
WAITING = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.DEFERRED)
HELD = (IntakeState.STORED, IntakeState.PARKED, IntakeState.FAILED)


@dataclass(frozen=True)
class Backlog:
    """How much work is waiting, and when the oldest of it was due; None if nothing waits or the time is unknown."""

    waiting: int = 0
    since: datetime | None = None

    def age(self, now: datetime) -> timedelta:
        return max(now - self.since, timedelta()) if self.since else timedelta()


def queue_backlog(*, now: datetime) -> Backlog:
    """Tasks that no worker has taken. Redis gives only their number, and nothing while it is away."""
    if "orm" not in settings.Q_CLUSTER:
        return Backlog(0 if is_unreachable() else get_broker().queue_size())
    return _backlog(OrmQ.objects.filter(key=settings.Q_CLUSTER["name"], lock__lte=now), "lock")


def promise_backlog(*, now: datetime) -> Backlog:
    """Promises on which something is due that the sweep has not done, fire drills included."""
    return _backlog(Clock.objects.step_due(now), "next_step_at")


def outbox_backlog(*, now: datetime) -> Backlog:
    return _backlog(OutboundEmail.objects.filter(state__in=WAITING, next_try_at__lte=now), "next_try_at")


def notification_backlog(*, now: datetime) -> Backlog:
    return _backlog(Notification.objects.to_send(now), "next_try_at")


def intake_backlog() -> Backlog:
    return _backlog(InboundEmail.objects.filter(state=IntakeState.STORED), "stored_at")


def _backlog(rows: QuerySet, due: str) -> Backlog:  # type: ignore[type-arg]  # any model
    row = rows.order_by().aggregate(number=Count("pk"), since=Min(due))
    return Backlog(row["number"], row["since"])


def outbox_states(*, now: datetime) -> Mapping[str, int]:
    """Outgoing mail by state: what still waits, and the mail of the last day. Every state has a count."""
    rows = OutboundEmail.objects.filter(Q(state__in=WAITING) | Q(created_at__gt=now - DAY))
    return {**dict.fromkeys(OutboxState.values, 0), **_by_state(rows)}


def intake_states() -> Mapping[str, int]:
    """Incoming mail that has not become a ticket, by state."""
    return {**dict.fromkeys(map(str, HELD), 0), **_by_state(InboundEmail.objects.filter(state__in=HELD))}


def _by_state(rows: QuerySet) -> Mapping[str, int]:  # type: ignore[type-arg]  # any model
    return dict(rows.order_by().values_list("state").annotate(number=Count("pk")))


@dataclass(frozen=True)
class OpenPromises:
    """Open promises of one kind and priority; ``breached`` of them are not answered yet."""

    kind: str
    priority: int
    running: int
    breached: int


def open_promises() -> list[OpenPromises]:
    """Count through the partial index of open clocks, leaving out fire drills."""
    counts = Clock.objects.real().open().order_by("kind", "priority").values("kind", "priority")
    counted = counts.annotate(
        running=Count("pk", filter=~Q(state=ClockState.BREACHED)),
        breached=Count("pk", filter=Q(state=ClockState.BREACHED)),
    )
    return [OpenPromises(**row) for row in counted]
