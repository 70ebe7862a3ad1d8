"""The clocks of a week as rows of plain values: what a pack reads of each.

A pack made at any time reads a clock as the ledger had it at `as_of`; past_rows does that for the few clocks
that have changed since.
"""

from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from escalation.choices import ClockChange, ClockState
from escalation.lib.weeks import CoveredTime
from escalation.models import Clock
from escalation.models.clock import ClockQuerySet

# Ledger lines that name the ticket's holder from then on. Other lines may be backdated to an answer.
HOLDER_CHANGES = [
    ClockChange.STARTED,
    ClockChange.HANDED_OVER,
    ClockChange.REVOKED,
    ClockChange.RESUMED,
    ClockChange.MERGED,
]


class Holding(NamedTuple):
    """From `at` on, this person held the ticket."""

    at: datetime
    holder_id: int


class ClockRow(NamedTuple):
    """The database's values for one clock, in the order of PATHS and TIMES."""

    pk: int
    ticket_id: int
    kind: str
    state: str
    priority: int
    minutes: int
    calendar_id: int
    calendar_version: int
    policy: str
    policy_version: int
    contract: str | None
    customer_id: int | None
    customer_code: str | None
    customer: str | None
    account_manager_id: int | None
    owner_id: int
    answered_by_id: int | None
    author_id: int | None
    waived_by_id: int | None
    waive_reason: str
    starter_id: int | None  # the colleague who entered the message that started it; None for a mail
    channels: dict[str, list[str]]  # the policy version's promised ways, by priority
    answer_channel: str | None
    backup_manager_id: int | None
    own_scenario: str
    customer_scenario: str | None
    paused_seconds: int
    pause_cap_minutes: int
    plan_id: int | None  # of the contract
    started_at: datetime
    due_at: datetime
    stopped_at: datetime | None
    detected_at: datetime | None
    raised_at: datetime | None
    waived_at: datetime | None
    recorded_at: datetime | None  # when the answer was recorded
    start_recorded_at: datetime | None  # when the message that started it was recorded
    paused_at: datetime | None


PATHS = (
    "pk",
    "ticket_id",
    "kind",
    "state",
    "priority",
    "minutes",
    "calendar_id",
    "calendar_version",
    "policy_version__policy__name",
    "policy_version__number",
    "contract__reference",
    "ticket__customer_id",
    "ticket__customer__code",
    "ticket__customer__name",
    "ticket__customer__account_manager_id",
    "ticket__owner_id",
    "answered_by_id",
    "answered_by__author_id",
    "waived_by_id",
    "waive_reason",
    "started_by__author_id",
    "policy_version__channels",
    "answered_by__channel",
    "ticket__customer__backup_account_manager_id",
    "ticket__scenario",
    "ticket__customer__scenario",
    "paused_seconds",
    "policy_version__pause_cap_minutes",
    "contract__plan_id",
)
TIMES = (
    "started_at",
    "due_at",
    "stopped_at",
    "detected_at",
    "raised_at",
    "waived_at",
    "answered_by__created_at",
    "started_by__created_at",
    "paused_at",
)


def clocks_of(period: CoveredTime) -> ClockQuerySet:
    """The clocks that started, fell due unkept, were answered or ended in the week, by their rows of today.

    A pause that reached its cap before the end of the week is over, even if no sweep has ended it yet.
    """
    start, end = period.start, period.end
    return (
        Clock.objects.real()
        .filter(
            Q(started_at__gte=start, started_at__lt=end)
            | Q(due_at__gte=start, due_at__lt=end, state__in=[ClockState.RUNNING, ClockState.BREACHED])
            | Q(stopped_at__gte=start, stopped_at__lt=end)
            | Q(state=ClockState.PAUSED, stopped_at=None, next_step_at__lt=end)
        )
        .order_by("pk")
    )


def is_listed(clock: ClockRow, period: CoveredTime) -> bool:
    """What `clocks_of` asks of a row of today, asked of a row as it was."""
    is_unkept = clock.state in (ClockState.RUNNING, ClockState.BREACHED)
    return (
        period.contains(clock.started_at)
        or (is_unkept and period.contains(clock.due_at))
        or period.contains(clock.stopped_at)
    )
