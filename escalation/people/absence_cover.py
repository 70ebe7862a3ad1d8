"""Finds the stand-in for a person who is away: their deputy, else a manager above them, else the duty manager."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from customers.names import name_of
from escalation.people.staff_snapshot import People


class StandingInAs(models.TextChoices):
    DEPUTY = "deputy", pgettext_lazy("stands in as", "deputy")
    MANAGER = "manager", pgettext_lazy("stands in as", "manager")
    DUTY_MANAGER = "duty_manager", pgettext_lazy("stands in as", "duty manager")


NO_DEPUTY = gettext_lazy("Set a deputy in the staff profile.")


@dataclass(frozen=True)
class StandIn:
    user: User
    role: StandingInAs


def stand_in_for(person: int, people: People) -> StandIn | None:
    """The first candidate who is present or whose deputy is; None if nobody is. The person counts as away."""
    staff = replace(people.staff, absent=people.staff.absent | {person})
    for wanted, role in _candidates(person, people):
        user = people.user(staff.stand_in(wanted))
        if user is not None:
            return StandIn(user, role)
    return None


def _candidates(person: int, people: People) -> Iterator[tuple[int, StandingInAs]]:
    yield person, StandingInAs.DEPUTY
    yield from ((manager, StandingInAs.MANAGER) for manager in people.staff.managers(person))
    if people.duty_manager is not None:
        yield people.duty_manager, StandingInAs.DUTY_MANAGER


def absence_forecast(person: User, people: People) -> str:
    """A sentence on who will get the person's tickets; ``people`` is the staff at the start of the absence."""
    stand_in = stand_in_for(person.pk, people)
    names = {"person": name_of(person), "name": name_of(stand_in.user) if stand_in is not None else ""}
    match stand_in.role if stand_in is not None else None:
        case StandingInAs.DEPUTY:
            text = _("While %(person)s is away, unanswered or overdue tickets go to %(name)s as deputy.")
            return text % names
        case StandingInAs.MANAGER:
            text = _(
                "%(person)s has no deputy available then: unanswered or overdue tickets go to "
                "%(name)s, the manager."
            )
        case StandingInAs.DUTY_MANAGER:
            text = _(
                "%(person)s has no deputy available then: unanswered or overdue tickets go to "
                "%(name)s, the duty manager."
            )
        case None:
            text = _(
                "Nobody can stand in for %(person)s then: unanswered tickets stay with their "
                "owner, and the administrators are notified."
            )
    return f"{text % names} {NO_DEPUTY}"


def has_deputy(person: User, people: People) -> bool:
    stand_in = stand_in_for(person.pk, people)
    return stand_in is not None and stand_in.role == StandingInAs.DEPUTY
