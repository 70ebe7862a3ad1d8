"""Promises whose priority was lowered keep the stricter due time, also under newer terms, until a lead relaxes it."""

from collections.abc import Collection
from datetime import datetime

from escalation.chains.step_times import due_under
from escalation.choices import ClockChange
from escalation.models import Clock, ClockEvent, PolicyTarget


def lowered_clocks(clocks: Collection[int]) -> frozenset[int]:
    """Promises whose due time still comes from a higher priority, according to the ledger. One query."""
    stands: dict[int, int] = {}
    priorities: dict[int, int] = {}
    lines = ClockEvent.objects.filter(
        clock__in=clocks, change__in=(ClockChange.STARTED, ClockChange.RETARGETED)
    )
    for clock, data in lines.order_by("pk").values_list("clock", "data"):
        priority = priorities[clock] = data["priority"]
        if data.get("relaxed") or priority < stands.get(clock, priority + 1):
            stands[clock] = priority
    return frozenset(clock for clock, priority in priorities.items() if priority > stands[clock])


def due_if_retargeted(clock: Clock, target: PolicyTarget, *, is_lowered: bool) -> datetime:
    """The due time under a window of a newer version; for a lowered promise, no later than its present one."""
    due = due_under(clock, target)
    return min(due, clock.due_at) if is_lowered else due
