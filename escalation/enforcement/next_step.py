"""The next step of open promises, if nobody answers, and the people it reaches."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from escalation.chains.progress import progress_by_clock
from escalation.choices import Whom
from escalation.clocks.ledger import past_holders
from escalation.enforcement.recipients import route_to_owner
from escalation.models import Clock, EscalationStep
from escalation.people.staff_snapshot import People

ReadPeople = Callable[[], People]


@dataclass(frozen=True)
class NextStep:
    """``to`` would own the ticket, as far as is known now; None if the step only notifies."""

    at: datetime
    step: EscalationStep
    to: User | None

    @property
    def told(self) -> list[str]:
        """The labels of the roles that the step notifies."""
        return [str(Whom(value).label) for value in self.step.tell]


def next_steps(
    clocks: Sequence[Clock], *, now: datetime, read_people: ReadPeople | None = None
) -> Mapping[int, NextStep]:
    """The next step of each clock, by key; clocks without one are left out.

    Three queries, five more if a step moves a ticket, or one with `read_people`. The clocks need `calendar`,
    `policy_version__policy__duty_rota` and `ticket__customer` loaded.
    """
    waiting = [clock for clock in clocks if clock.next_step_at is not None]
    if not waiting:
        return {}
    following = {pk: progress.next_step for pk, progress in progress_by_clock(waiting).items()}
    moving = [pk for pk, due_step in following.items() if due_step is not None and due_step[1].reassign_to]
    held = past_holders(moving)
    people = (read_people() if read_people is not None else People.at(now)) if moving else None
    return {
        clock.pk: NextStep(at, step, next_owner(clock, step, held[clock.pk], people))
        for clock in waiting
        if (due_step := following[clock.pk]) is not None
        for at, step in [due_step]
    }


def next_owner(
    clock: Clock, step: EscalationStep, held: Collection[int], people: People | None
) -> User | None:
    """The user who would own the ticket if the step fired now; ``held`` is everybody who ever held the promise."""
    if people is None or not step.reassign_to:
        return None
    return people.user(route_to_owner(clock, step, people, set(held)).target)
