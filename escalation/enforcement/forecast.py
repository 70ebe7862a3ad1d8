"""Forecasts who would be told when: simulates a chain for a sample ticket that nobody answers."""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.models import Contract, Customer
from escalation.chains.progress import ChainProgress, DueStep
from escalation.chains.step_text import asks_of
from escalation.chains.step_times import due_time, step_time
from escalation.choices import ClockKind, ClockState, Medium, Whom
from escalation.enforcement.recipients import GROUPS, StepNotices, person_for, rota_of, route_to_owner
from escalation.models import Clock, ContactWay, Escalation, EscalationStep, Policy, PolicyVersion
from escalation.people.next_in_line import Route, RouteReason
from escalation.people.staff_snapshot import People
from escalation.policies.editing import Window
from tickets.models import Ticket
from tickets.services.first_owner import choose_first_owner

PASSED_OVER = (RouteReason.UNREACHABLE, RouteReason.HELD_BEFORE)


@dataclass(frozen=True)
class SampleTicket:
    """A ticket that arrives at ``at`` (UTC). The policy and its rota may come from an unsaved form."""

    customer: Customer | None
    priority: int
    at: datetime
    window: Window
    policy: Policy
    contract: Contract | None = None


@dataclass(frozen=True)
class ForecastRecipient:
    """A person who is notified, why, and by which of the step's channels they can be reached, if any."""

    user: User
    why: str
    is_away: bool = False
    media: tuple[Medium, ...] = ()


@dataclass(frozen=True)
class ForecastStep:
    """One step. ``hastened``: it fires early, because nobody acknowledged the step before it.

    ``missing`` are roles of the step without a person at that time; ``passed`` are the people skipped, and
    why.
    """

    at: datetime
    step: EscalationStep
    holder: User
    to: User | None
    hastened: bool
    reached: Sequence[ForecastRecipient]
    missing: Sequence[str]
    passed: Sequence[tuple[User, str]]

    @property
    def is_stranded(self) -> bool:
        return bool(self.step.reassign_to) and self.to is None

    @property
    def asks(self) -> list[str]:
        return list(asks_of(self.step))

    @property
    def groups(self) -> list[str]:
        return [str(whom.label) for whom in GROUPS if whom in self.step.tell]


@dataclass(frozen=True)
class Forecast:
    due_at: datetime
    owner: User
    rule: str
    steps: Sequence[ForecastStep]


def forecast(sample: SampleTicket, chain: Sequence[EscalationStep]) -> Forecast:
    """Simulate the chain, writing nothing. A few queries per step. Raises DeskError if nobody could own the ticket."""
    clock = _sample_clock(sample)
    first = choose_first_owner(customer=sample.customer, at=sample.at)
    clock.ticket.owner = first.user
    steps = list(_play(clock, [_with_key(step, place) for place, step in enumerate(chain, 1)]))
    ways = _contact_ways({recipient.user.pk for step in steps for recipient in step.reached})
    shown = [
        replace(step, reached=[_with_media(recipient, step.step, ways) for recipient in step.reached])
        for step in steps
    ]
    return Forecast(clock.due_at, first.user, str(first.rule.label), shown)


def _sample_clock(sample: SampleTicket) -> Clock:
    window = sample.window
    return Clock(
        ticket=Ticket(customer=sample.customer, priority=sample.priority, opened_at=sample.at),
        kind=ClockKind.FIRST_RESPONSE,
        state=ClockState.RUNNING,
        priority=sample.priority,
        started_at=sample.at,
        due_at=due_time(window.calendar, sample.at, window.minutes),
        minutes=window.minutes,
        calendar=window.calendar,
        calendar_version=window.calendar.version,
        policy_version=PolicyVersion(policy=sample.policy),
        contract=sample.contract,
    )


def _with_key(step: EscalationStep, place: int) -> EscalationStep:
    """The step with a number in place of its key, by which the progress knows what has fired."""
    numbered = copy(step)
    numbered.pk = numbered.pk or -place
    return numbered


def _play(clock: Clock, chain: Sequence[EscalationStep]) -> Iterator[ForecastStep]:
    steps = {step.pk: step for step in chain}
    once = [_without_repeat(step) for step in chain]
    fired: list[Escalation] = []
    held = {clock.ticket.owner.pk}
    while (following := ChainProgress(clock, once, fired).next_step) and len(fired) < len(chain):
        at, step = following
        foreseen = _forecast_step(clock, steps[step.pk], at, held)
        yield foreseen
        fired.append(Escalation(clock=clock, step=step, fired_at=at, to_owner=foreseen.to))
        if foreseen.to is not None:
            clock.ticket.owner = foreseen.to
            held.add(foreseen.to.pk)


def _without_repeat(step: EscalationStep) -> EscalationStep:
    """The step without repeats: the page mentions them with the step, the forecast does not simulate them."""
    once = copy(step)
    once.repeat_minutes = None
    return once


def _forecast_step(clock: Clock, step: EscalationStep, at: datetime, held: set[int]) -> ForecastStep:
    people, holder = People.at(at), clock.ticket.owner
    route = route_to_owner(clock, step, people, held) if step.reassign_to else Route(None)
    to = people.user(route.target)
    notices = StepNotices(
        clock, DueStep(step, at, mover=step if step.reassign_to else None), holder, to, people
    )
    reasons = _reasons(clock, step, holder, to, people)
    return ForecastStep(
        at=at,
        step=step,
        holder=holder,
        to=to,
        hastened=at < step_time(clock, step),
        reached=[_recipient(notice.recipient, reasons, people) for notice in notices.for_people()],
        missing=[str(Whom(value).label) for value in step.tell if _is_nobody(Whom(value), clock, step, people)],
        passed=[(user, str(stop.why.label)) for stop in route.stops if stop.why in PASSED_OVER
                if (user := people.user(stop.user)) is not None],
    )  # fmt: skip


def _recipient(user: User, reasons: dict[int, str], people: People) -> ForecastRecipient:
    why = reasons.get(user.pk, _("as nobody else is left") if user.is_superuser else "")
    return ForecastRecipient(user, why, is_away=not people.staff.is_present(user.pk))


def _reasons(
    clock: Clock, step: EscalationStep, holder: User, to: User | None, people: People
) -> dict[int, str]:
    """By person, why the step notifies them; the first reason if there are several."""
    reasons = {to.pk: _("gets the ticket")} if to is not None else {}
    for whom in map(Whom, step.tell):
        meant = person_for(whom, clock, step, holder.pk, people)
        for user in people.to_tell(meant):
            stands_in = _("stands in for %(whom)s") % {"whom": whom.label}
            reasons.setdefault(user.pk, str(whom.label) if user.pk == meant else stands_in)
    reasons.setdefault(holder.pk, str(Whom.HOLDER.label))
    if people.duty_manager is not None:
        reasons.setdefault(people.duty_manager, str(Whom.DUTY_MANAGER.label))
    return reasons


def _is_nobody(whom: Whom, clock: Clock, step: EscalationStep, people: People) -> bool:
    match whom:
        case Whom.CUSTOMER_GROUP:
            return clock.ticket.customer is None
        case Whom.ROTA_GROUP:
            return rota_of(clock, step) is None
        case _person:
            return not people.to_tell(person_for(whom, clock, step, clock.ticket.owner.pk, people))


def _contact_ways(users: set[int]) -> set[tuple[int, str]]:
    """Pairs of user and medium, without mail."""
    rows = ContactWay.objects.filter(user__in=users, is_active=True).order_by()
    return {(user, medium) for user, medium in rows.values_list("user", "medium") if user is not None}


def _with_media(
    one: ForecastRecipient, step: EscalationStep, ways: set[tuple[int, str]]
) -> ForecastRecipient:
    media = (Medium(value) for value in step.channels)
    return replace(one, media=tuple(medium for medium in media if _can_reach(one.user, medium, ways)))


def _can_reach(user: User, medium: Medium, ways: set[tuple[int, str]]) -> bool:
    return bool(user.email) if medium == Medium.MAIL else (user.pk, medium.value) in ways
