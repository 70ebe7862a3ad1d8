"""What happens next to open promises that nobody answers: the next step of the chain and whom it reaches."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Max

from escalation.choices import Whom
from escalation.models import Clock, ClockEvent, Escalation, EscalationStep
from escalation.services.people import People
from escalation.services.whom import one_level_up, to_duty_manager


@dataclass(frozen=True)
class Upcoming:
    """``to`` is who would own the ticket by what is known now; None for a step that only tells."""

    at: datetime
    step: EscalationStep
    to: User | None

    @property
    def told(self) -> list[str]:
        """Whom the step tells, in words."""
        return [str(Whom(value).label) for value in self.step.tell]


def upcoming(
    clocks: Sequence[Clock], *, now: datetime, people: People | None = None
) -> Mapping[int, Upcoming]:
    """By clock; clocks with nothing left are missing. Three queries, and four for people where they are needed.

    The clocks need `policy_version` and `ticket` loaded.
    """
    waiting = [clock for clock in clocks if clock.next_step_at is not None]
    if not waiting:
        return {}
    following = _following(waiting)
    reassigned = [pk for pk, step in following.items() if step.reassign_to]
    held = _held(reassigned)
    people = people or (People.at(now) if reassigned else None)
    return {
        clock.pk: Upcoming(clock.next_step_at, step, _target(clock, step, held[clock.pk], people))
        for clock in waiting
        if clock.next_step_at is not None and (step := following.get(clock.pk)) is not None
    }


def _following(clocks: Sequence[Clock]) -> Mapping[int, EscalationStep]:
    """The first step after the last one that fired, as the sweep goes on."""
    chains = _chains({clock.policy_version.policy_id for clock in clocks})
    fired = _fired(clock.pk for clock in clocks)
    following = {}
    for clock in clocks:
        chain = chains[clock.policy_version.policy_id]
        step = next((step for step in chain if step.percent > fired.get(clock.pk, 0)), None)
        if step is not None:
            following[clock.pk] = step
    return following


def _chains(policies: Collection[int]) -> Mapping[int, list[EscalationStep]]:
    chains: defaultdict[int, list[EscalationStep]] = defaultdict(list)
    for step in EscalationStep.objects.filter(policy__in=policies).order_by("percent"):
        chains[step.policy_id].append(step)
    return chains


def _fired(clocks: Iterable[int]) -> Mapping[int, int]:
    """The highest percent that fired on each clock."""
    rows = Escalation.objects.filter(clock__in=list(clocks)).order_by().values("clock")
    return dict(rows.annotate(percent=Max("step__percent")).values_list("clock", "percent"))


def _held(clocks: Collection[int]) -> Mapping[int, set[int]]:
    """Everybody who ever held each promise."""
    held: defaultdict[int, set[int]] = defaultdict(set)
    if clocks:
        rows = (
            ClockEvent.objects.filter(clock__in=clocks).order_by().values_list("clock", "holder").distinct()
        )
        for clock, holder in rows:
            held[clock].add(holder)
    return held


def _target(clock: Clock, step: EscalationStep, held: set[int], people: People | None) -> User | None:
    if people is None or not step.reassign_to:
        return None
    if step.reassign_to == Whom.DUTY_MANAGER:
        route = to_duty_manager(people.staff, people.duty_manager)
    else:
        holder = clock.ticket.owner_id
        route = one_level_up(people.staff, holder=holder, held=held, duty_manager=people.duty_manager)
    return people.users.get(route.target) if route.target is not None else None
