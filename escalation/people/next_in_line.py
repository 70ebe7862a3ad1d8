"""Finds the next person to give an unanswered ticket to. Pure: works on a snapshot of the staff."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.services.deputies import Staff


class RouteReason(models.TextChoices):
    """Why a person was skipped or chosen."""

    MANAGER = "manager", _("manager")
    DEPUTY = "deputy", _("deputy of someone away")
    DUTY_MANAGER = "duty_manager", _("duty manager")
    UNREACHABLE = "unreachable", _("away without a deputy")
    HELD_BEFORE = "held_before", _("already owned this SLA")
    NAMED = "named", _("set by the step")


CHOSEN = (RouteReason.MANAGER, RouteReason.DEPUTY, RouteReason.NAMED)


@dataclass(frozen=True)
class RouteStop:
    """One person who was considered."""

    user: int
    why: RouteReason


@dataclass(frozen=True)
class Route:
    """The people considered, in order, and the one chosen; no target if nobody is left."""

    target: int | None
    stops: tuple[RouteStop, ...] = field(default=())

    def as_json(self) -> list[dict[str, object]]:
        return [{"user": stop.user, "why": stop.why.value} for stop in self.stops]


def one_level_up(
    staff: Staff, *, holder: int, held: Collection[int], duty_manager: int | None, skip: int = 0
) -> Route:
    """The holder's manager, else the manager's manager and so on, finally the duty manager.

    Deputies stand in for people who are absent or have left. Managers who held the promise before are skipped, and so
    are the first ``skip`` levels. The duty manager is never skipped, so that the chain ends at a person.
    """
    stops: list[RouteStop] = []
    for manager in islice(staff.managers(holder), skip, None):
        stop = _consider(staff, manager, {holder, *held}, RouteReason.MANAGER)
        stops.append(stop)
        if stop.why in CHOSEN:
            return Route(stop.user, tuple(stops))
    last = to_duty_manager(staff, duty_manager)
    return Route(last.target, (*stops, *last.stops))


def to_person(
    staff: Staff, person: int | None, *, holder: int, held: Collection[int], duty_manager: int | None
) -> Route:
    """The named person or their deputy, else as in `one_level_up`. The holder may keep the ticket."""
    stop = _consider(staff, person, set(held) - {holder}, RouteReason.NAMED) if person is not None else None
    if stop is not None and stop.why in CHOSEN:
        return Route(stop.user, (stop,))
    above = one_level_up(staff, holder=holder, held=held, duty_manager=duty_manager)
    return Route(above.target, (*([stop] if stop else []), *above.stops))


def to_duty_manager(staff: Staff, duty_manager: int | None) -> Route:
    """The duty manager or their deputy."""
    if duty_manager is None:
        return Route(None)
    person = staff.stand_in(duty_manager)
    if person is None:
        return Route(None, (RouteStop(duty_manager, RouteReason.UNREACHABLE),))
    return Route(
        person,
        (RouteStop(person, RouteReason.DUTY_MANAGER if person == duty_manager else RouteReason.DEPUTY),),
    )


def _consider(staff: Staff, wanted: int, held: Collection[int], why: RouteReason) -> RouteStop:
    person = staff.stand_in(wanted)
    if person is None:
        return RouteStop(wanted, RouteReason.UNREACHABLE)
    if person in held:
        return RouteStop(person, RouteReason.HELD_BEFORE)
    return RouteStop(person, why if person == wanted else RouteReason.DEPUTY)
