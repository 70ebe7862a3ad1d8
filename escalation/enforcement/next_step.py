"""What happens next to open promises that nobody answers: the next step of the chain and whom it reaches."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from escalation.chains.progress import progress_by_clock
from escalation.choices import Whom
from escalation.clocks.ledger import past_holders
from escalation.enforcement.recipients import route_of
from escalation.models import Clock, EscalationStep
from escalation.people.staff_snapshot import People


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

    The clocks need `calendar`, `policy_version__policy__duty_rota` and `ticket__customer` loaded.
    """
    waiting = [clock for clock in clocks if clock.next_step_at is not None]
    if not waiting:
        return {}
    following = {pk: progress.next_step for pk, progress in progress_by_clock(waiting).items()}
    moving = [pk for pk, found in following.items() if found is not None and found[1].reassign_to]
    held = past_holders(moving)
    people = People.at(now) if moving else None
    return {
        clock.pk: Upcoming(at, step, target(clock, step, held[clock.pk], people))
        for clock in waiting
        if (found := following[clock.pk]) is not None
        for at, step in [found]
    }


def target(clock: Clock, step: EscalationStep, held: Collection[int], people: People | None) -> User | None:
    """Who would own the ticket if the step fired now; ``held`` is everybody who ever held the promise."""
    if people is None or not step.reassign_to:
        return None
    return people.user(route_of(clock, step, people, set(held)).target)
