"""When a promise falls due: its window, and the steps of its chain as times in that window."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Expression, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from escalation.models import Calendar, Clock, EscalationStep, PolicyTarget
from escalation.working_time.due_time import add_working, working_between
from escalation.working_time.lookup import hours_of, hours_of_version

AT_THE_START = 0  # percentage of the step that fires when the ticket is opened
AT_DUE = 100


class StepTime(NamedTuple):
    """The time of a step as defined in the window: a percentage, or minutes from the due time."""

    percent: int | None = None
    minutes_from_due: int | None = None


def due_time(calendar: Calendar, start: datetime, minutes: int) -> datetime:
    """The end of a window of this many working minutes that starts at ``start`` (UTC)."""
    return add_working(hours_of(calendar), start, timedelta(minutes=minutes))


def due_under(clock: Clock, target: PolicyTarget) -> datetime:
    """The clock's due time under another window, counted from the same start and with the same pauses."""
    due = due_time(target.calendar, clock.started_at, target.minutes)
    return add_working(hours_of(target.calendar), due, timedelta(seconds=clock.paused_seconds))


def step_times(clock: Clock, steps: Sequence[EscalationStep | StepTime]) -> list[datetime]:
    """When each of the steps fires. A step at 100 percent fires exactly at the due time, whatever moved it.

    Minutes from the due time are working time too; those before it reach back to the start of the window at most.
    """
    hours, start = hours_of_version(clock.calendar, clock.calendar_version), clock.window_starts_at
    window = timedelta(minutes=clock.minutes)
    paused = timedelta(seconds=clock.paused_seconds - clock.paused_before_raise)
    times = []
    for step in steps:
        minutes = timedelta(minutes=step.minutes_from_due or 0)
        if step.percent == AT_DUE:
            times.append(clock.due_at)
        elif step.percent is not None:
            times.append(add_working(hours, start, window * step.percent // 100 + paused))
        elif minutes < timedelta(0):
            times.append(add_working(hours, start, max(window + minutes, timedelta(0)) + paused))
        else:
            times.append(add_working(hours, clock.due_at, minutes))
    return times


def step_time(clock: Clock, step: EscalationStep) -> datetime:
    """When one step fires; see `step_times`."""
    return step_times(clock, [step])[0]


def first_step_time(clock: Clock, target: PolicyTarget) -> datetime:
    """When a new clock's first step falls due. Needs no query if the window has `first_step_columns`.

    Without them it is the start of the clock, so that the next sweep computes it.
    """
    if not hasattr(target, "first_percent"):
        return clock.started_at
    steps = []
    if target.first_percent is not None:
        steps.append(StepTime(percent=target.first_percent))
    if (minutes := getattr(target, "first_minutes", None)) is not None:
        steps.append(StepTime(minutes_from_due=minutes))
    return min([clock.due_at, *step_times(clock, steps)])


def first_step_columns(contract: int | None) -> dict[str, Expression]:
    """Annotations for windows: in each one's chain, the first percentage and the first minutes from due.

    If a chain has steps of both kinds, or overrides only one kind, the result may be early but never late.
    """
    steps = EscalationStep.objects.current().filter(
        highest_priority__lte=OuterRef("priority"), lowest_priority__gte=OuterRef("priority")
    )
    chains = [steps.filter(policy=OuterRef("version__policy")), steps.filter(policy__is_default=True)]
    if contract is not None:
        chains.insert(0, steps.filter(contract=contract))
    return {
        "first_percent": Coalesce(
            *(_lowest("percent", chain.filter(percent__gt=AT_THE_START)) for chain in chains)
        ),
        "first_minutes": Coalesce(*(_lowest("minutes_from_due", chain) for chain in chains)),
    }


def _lowest(field: str, steps: QuerySet[EscalationStep]) -> Subquery:
    ordered = steps.filter(**{f"{field}__isnull": False}).order_by(F(field).asc())
    return Subquery(ordered.values(field)[:1])


def is_last_fifth(clock: Clock, at: datetime) -> bool:
    """True if at most a fifth of the window is left at ``at`` (UTC). A paused clock keeps what it had left."""
    left = working_between(
        hours_of_version(clock.calendar, clock.calendar_version), clock.paused_at or at, clock.due_at
    )
    return left * 5 <= timedelta(minutes=clock.minutes)
