"""What happens next to open promises that nobody answers: the next step of the chain and whom it reaches."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db.models import Max, Q

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


def upcoming(clocks: Sequence[Clock], *, now: datetime) -> Mapping[int, Upcoming]:
    """By clock; clocks with nothing left are missing. Three queries, and five more where people are needed.

    The clocks need `policy_version` and `ticket` loaded.
    """
    waiting = [clock for clock in clocks if clock.next_step_at is not None]
    if not waiting:
        return {}
    chains = chains_of({clock.policy_version.policy_id for clock in waiting})
    fired = _fired(clock.pk for clock in waiting)
    steps = {
        clock.pk: step
        for clock in waiting
        if (step := following_step(chains[clock.policy_version.policy_id], fired.get(clock.pk, 0)))
    }
    reassigned = [pk for pk, step in steps.items() if step.reassign_to]
    held = _held(reassigned)
    people = People.at(now) if reassigned else None
    return {
        clock.pk: Upcoming(
            clock.next_step_at, steps[clock.pk], target(clock, steps[clock.pk], held[clock.pk], people)
        )
        for clock in waiting
        if clock.pk in steps and clock.next_step_at is not None
    }


def following_step(chain: Iterable[EscalationStep], fired: int) -> EscalationStep | None:
    """The first step of an ordered chain after the highest percent that fired, as the sweep goes on."""
    return next((step for step in chain if step.percent > fired), None)


def target(clock: Clock, step: EscalationStep, held: Collection[int], people: People | None) -> User | None:
    """Who would own the ticket if the step fired now; ``held`` is everybody who ever held the promise."""
    if people is None or not step.reassign_to:
        return None
    if step.reassign_to == Whom.DUTY_MANAGER:
        route = to_duty_manager(people.staff, people.duty_manager)
    else:
        holder = clock.ticket.owner_id
        route = one_level_up(people.staff, holder=holder, held=held, duty_manager=people.duty_manager)
    return people.users.get(route.target) if route.target is not None else None


def chains_of(policies: Collection[int]) -> Mapping[int, list[EscalationStep]]:
    """The steps of many policies in one query, in order; as services.chain.steps_of says, one without a chain of
    its own follows the default one."""
    chains: defaultdict[int, list[EscalationStep]] = defaultdict(list)
    default: list[EscalationStep] = []
    steps = EscalationStep.objects.filter(Q(policy__in=policies) | Q(policy__is_default=True))
    for step in steps.select_related("policy").order_by("percent"):
        chains[step.policy_id].append(step)
        if step.policy.is_default:
            default.append(step)
    return {policy: chains.get(policy, default) for policy in policies}


def _fired(clocks: Iterable[int]) -> Mapping[int, int]:
    """The highest percent that fired on each clock."""
    rows = Escalation.objects.filter(clock__in=list(clocks)).order_by().values("clock")
    return dict(rows.annotate(percent=Max("step__percent")).values_list("clock", "percent"))


def _held(clocks: Collection[int]) -> Mapping[int, set[int]]:
    held: defaultdict[int, set[int]] = defaultdict(set)
    if clocks:
        rows = (
            ClockEvent.objects.filter(clock__in=clocks).order_by().values_list("clock", "holder").distinct()
        )
        for clock, holder in rows:
            held[clock].add(holder)
    return held
