"""Finds the next person for a promise nobody kept. Pure: works on the picture of the staff."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.services.staffing import Staff


class Why(models.TextChoices):
    """Why a person was passed over or chosen."""

    MANAGER = "manager", _("manager")
    DEPUTY = "deputy", _("deputy of somebody away")
    DUTY_MANAGER = "duty_manager", _("duty manager")
    UNREACHABLE = "unreachable", _("away without a deputy")
    HELD_BEFORE = "held_before", _("held this promise before")
    NAMED = "named", _("named by the step")


CHOSEN = (Why.MANAGER, Why.DEPUTY, Why.NAMED)


@dataclass(frozen=True)
class Stop:
    """One person that was considered."""

    user: int
    why: Why


@dataclass(frozen=True)
class Route:
    """How a person was found, stop by stop. Without a target nobody is left."""

    target: int | None
    stops: tuple[Stop, ...] = field(default=())

    def as_json(self) -> list[dict[str, object]]:
        return [{"user": stop.user, "why": stop.why.value} for stop in self.stops]


def one_level_up(
    staff: Staff, *, holder: int, held: Collection[int], duty_manager: int | None, skip: int = 0
) -> Route:
    """The holder's manager, else theirs, at last the duty manager; deputies stand in for the absent and inactive.

    Managers who held the promise before are passed over, and ``skip`` levels at the beginning. The duty manager is
    not: the chain ends at a person.
    """
    stops: list[Stop] = []
    for manager in islice(staff.managers(holder), skip, None):
        stop = _considered(staff, manager, {holder, *held}, Why.MANAGER)
        stops.append(stop)
        if stop.why in CHOSEN:
            return Route(stop.user, tuple(stops))
    last = to_duty_manager(staff, duty_manager)
    return Route(last.target, (*stops, *last.stops))


def to_person(
    staff: Staff, person: int | None, *, holder: int, held: Collection[int], duty_manager: int | None
) -> Route:
    """Somebody who is named, or who stands in for them; else as one_level_up. The holder may keep it."""
    stop = _considered(staff, person, set(held) - {holder}, Why.NAMED) if person is not None else None
    if stop is not None and stop.why in CHOSEN:
        return Route(stop.user, (stop,))
    above = one_level_up(staff, holder=holder, held=held, duty_manager=duty_manager)
    return Route(above.target, (*([stop] if stop else []), *above.stops))


def to_duty_manager(staff: Staff, duty_manager: int | None) -> Route:
    """The duty manager or who stands in for them."""
    if duty_manager is None:
        return Route(None)
    person = staff.stand_in(duty_manager)
    if person is None:
        return Route(None, (Stop(duty_manager, Why.UNREACHABLE),))
    return Route(person, (Stop(person, Why.DUTY_MANAGER if person == duty_manager else Why.DEPUTY),))


def _considered(staff: Staff, wanted: int, held: Collection[int], why: Why) -> Stop:
    person = staff.stand_in(wanted)
    if person is None:
        return Stop(wanted, Why.UNREACHABLE)
    if person in held:
        return Stop(person, Why.HELD_BEFORE)
    return Stop(person, why if person == wanted else Why.DEPUTY)
