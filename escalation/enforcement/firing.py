"""Fires steps of the chain on promises, many at once: warns, or moves tickets one level up and tells everybody.

Everything is worked out first and written in bulk, in the transaction and under the ticket locks of the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import DateTimeField, F
from django.utils.translation import gettext as _

from escalation.chains.lookup import AT_THE_START
from escalation.chains.progress import Course, Due, courses_of
from escalation.choices import ClockChange, ClockState, Medium, Whom
from escalation.clocks.ledger import Before, ChangeContext, event_row, past_holders
from escalation.clocks.lifecycle import breach_row
from escalation.clocks.updates_and_resolution import resume
from escalation.enforcement.handover import write_handovers
from escalation.enforcement.recipients import Telling, Told, ToldGroup, person_for
from escalation.lib.update_by_key import ByKey
from escalation.models import Clock, ClockEvent, Escalation, EscalationStep, Notification
from escalation.notifications.wording import person_name
from escalation.notifications.writing import group_rows, notification_row, nudge_dispatch
from escalation.people.next_in_line import Route, one_level_up, to_duty_manager, to_person
from escalation.people.staff_snapshot import People
from tickets.choices import OwnerRule, Priority
from tickets.errors import DeskError
from tickets.lib.bulk_insert import NewRow, insert_all, insert_with_keys
from tickets.services.ownership import OwnerChange, hand_over_all

LOUD, QUIET = (Medium.VOICE, Medium.SMS, Medium.CHAT, Medium.MAIL), (Medium.CHAT, Medium.MAIL)
TOLD_BY_HAND = (Whom.PREVIOUS_HOLDER, Whom.ACCOUNT_MANAGER, Whom.BACKUP)


@dataclass(frozen=True)
class Firing:
    """One firing, worked out: its rows are written with those of all the others."""

    clock: Clock
    escalation: Escalation
    target: User | None
    told: Sequence[Told]
    groups: Sequence[ToldGroup]
    channels: Sequence[str]
    rule: OwnerRule = OwnerRule.ESCALATION
    reason: str = ""

    @property
    def moves(self) -> bool:
        return self.target is not None and self.target.pk != self.escalation.from_owner_id


def act_on_all(clocks: Sequence[Clock], people: People, *, now: datetime) -> list[Escalation]:
    """Do what is due on open promises of different tickets: record breaches, then fire what each chain says.

    Steps that an outage let pass are skipped, so that people are told once; breaches keep their true times. Needs
    the tickets' locks, with ``clock.ticket`` being the locked ticket.
    """
    act = ChangeContext(now, None)
    lines = [said for clock in clocks for said in _recorded(clock, act)]
    courses = courses_of(clocks)
    dues = {pk: due for pk, course in courses.items() if (due := course.due(now)) is not None}
    held = past_holders([pk for pk, due in dues.items() if due.mover is not None])
    were_stranded = {clock.pk for clock in clocks if clock.stranded_at is not None}
    firings = []
    for clock in clocks:
        due = dues.get(clock.pk)
        firing = _worked_out(clock, due, people, held[clock.pk], now) if due is not None else None
        if firing is not None:
            firings.append(firing)
        clock.next_step_at = _next(courses[clock.pk], firing, now)
    _save(clocks, were_stranded, act.at)
    _write(firings, act, lines)
    return [firing.escalation for firing in firings]


def _save(clocks: Sequence[Clock], were_stranded: Collection[int], at: datetime) -> None:
    """What many have in common by one update each: row by row only the next moment, which differs."""
    rows = Clock.objects.order_by()
    new = {clock.pk: clock.next_step_at for clock in clocks if clock.detected_at == at}
    following = {clock.pk: clock.next_step_at for clock in clocks if clock.pk not in new}
    rows.filter(pk__in=new).update(
        state=ClockState.BREACHED,
        breached_at=F("due_at"),
        detected_at=at,
        next_step_at=ByKey(new, DateTimeField()),
    )
    rows.filter(pk__in=following).update(next_step_at=ByKey(following, DateTimeField()))
    stranded = {clock.pk for clock in clocks if clock.stranded_at is not None}
    rows.filter(pk__in=stranded.difference(were_stranded)).update(stranded_at=at)
    rows.filter(pk__in=set(were_stranded).difference(stranded)).update(stranded_at=None)


def _recorded(clock: Clock, act: ChangeContext) -> list[NewRow[ClockEvent]]:
    """The line of a breach that is noticed now."""
    resume(clock, act)  # a pause ends by itself when the policy's cap is reached
    if clock.state == ClockState.RUNNING and clock.due_at <= act.at:
        return [breach_row(clock, act)]
    return []


def _next(course: Course, firing: Firing | None, now: datetime) -> datetime | None:
    if firing is None:
        return course.next_moment(after=now)
    return course.after(firing.escalation).next_moment(after=now)


def _worked_out(clock: Clock, due: Due, people: People, held: set[int], now: datetime) -> Firing | None:
    """None where nobody is left still: everybody has been told, and it is tried again."""
    route = route_of(clock, due.mover, people, held) if due.mover is not None else Route(None)
    target = people.user(route.target)
    is_another_try = clock.stranded_at is not None and due.round > 0
    if is_another_try and target is None:
        return None
    if due.mover is not None and due.step.percent != AT_THE_START:
        clock.stranded_at = None if target is not None else clock.stranded_at or now
    escalation = Escalation(
        clock=clock,
        step=due.step,
        round=due.round,
        due_at=due.at,
        fired_at=now,
        from_owner=clock.ticket.owner,
        to_owner=target,
        route=route.as_json(),
    )
    telling = Telling(clock, due, clock.ticket.owner, target, people)
    told, groups = list(telling.told()), list(telling.groups())
    rule = OwnerRule.ON_DUTY if due.step.percent == AT_THE_START else OwnerRule.ESCALATION
    return Firing(clock, escalation, target, told, groups, due.channels, rule, _reason(due.mover or due.step))


def _reason(step: EscalationStep) -> str:
    if step.percent == AT_THE_START:
        return ""
    if step.percent is not None:
        return _("No answer within %(percent)s %% of the promised time.") % {"percent": step.percent}
    return _("No answer: %(when)s.") % {"when": step.when}


def route_of(clock: Clock, mover: EscalationStep, people: People, held: set[int]) -> Route:
    """Who would get the ticket if this step fired at the moment of ``people``; ``held`` the promise before."""
    staff, holder, last = people.staff, clock.ticket.owner_id, people.duty_manager
    match Whom(mover.reassign_to):
        case Whom.DUTY_MANAGER:
            return to_duty_manager(staff, last)
        case Whom.MANAGER:
            return one_level_up(staff, holder=holder, held=held, duty_manager=last)
        case Whom.MANAGERS_MANAGER:
            return one_level_up(staff, holder=holder, held=held, duty_manager=last, skip=1)
        case whom:
            person = person_for(whom, clock, mover, holder, people)
            if mover.percent == AT_THE_START:
                return Route(staff.stand_in(person) if person is not None else None)
            return to_person(staff, person, holder=holder, held=held, duty_manager=last)


def _write(firings: Sequence[Firing], act: ChangeContext, lines: Sequence[NewRow[ClockEvent]]) -> None:
    """In the order in which it reads: the breach, the step, the new holder, the summary, who was told."""
    insert_with_keys([firing.escalation for firing in firings])
    insert_all([*lines, *(_step_line(firing, act) for firing in firings)])
    for rule in (OwnerRule.ON_DUTY, OwnerRule.ESCALATION):
        moving = [firing for firing in firings if firing.moves and firing.rule == rule]
        moves = [OwnerChange(one.clock.ticket, one.target, one.reason) for one in moving if one.target]
        hand_over_all(moves, actor=act.actor, at=act.at, rule=rule)
        if rule == OwnerRule.ESCALATION:
            write_handovers([(one.clock, one.escalation) for one in moving], at=act.at)
    rows = [row for firing in firings for row in _notifications(firing, act.at)]
    insert_all(rows)
    if rows:
        nudge_dispatch()


def _step_line(firing: Firing, act: ChangeContext) -> NewRow[ClockEvent]:
    step = firing.escalation.step
    facts: dict[str, Any] = {"escalation": firing.escalation.pk}
    if step is not None and step.percent is not None:
        facts["percent"] = step.percent
    elif step is not None:
        facts["minutes_from_due"] = step.minutes_from_due
    if firing.escalation.round:
        facts["round"] = firing.escalation.round
    return event_row(firing.clock, ClockChange.STEP, act, before=Before.of(firing.clock), **facts)


def _notifications(firing: Firing, at: datetime) -> Iterable[NewRow[Notification]]:
    for told in firing.told:
        yield notification_row(
            told.recipient, told.notice, at=at, escalation=firing.escalation, channels=firing.channels
        )
    for group in firing.groups:
        yield from group_rows(
            group.notice,
            whom=group.whom,
            rota=group.rota,
            at=at,
            escalation=firing.escalation,
            channels=firing.channels,
        )


def fire_opening(clock: Clock, *, at: datetime) -> Escalation | None:
    """Fire the step at the start of the chain, if it has one that did not fire yet: a P0 pages the person on duty.

    Needs the ticket's lock, with ``clock.ticket`` being the locked ticket.
    """
    course = courses_of([clock])[clock.pk]
    step = next((step for step in course.chain if step.percent == AT_THE_START), None)
    if step is None or any(fired.step_id == step.pk for fired in course.fired):
        return None
    due = Due(step, clock.window_starts_at, mover=step if step.reassign_to else None)
    firing = _worked_out(clock, due, People.at(at), set(), at)
    if firing is None:
        return None
    clock.next_step_at = _next(course, firing, at)
    clock.save(update_fields=["next_step_at"])
    _write([firing], ChangeContext(at, None), [])
    return firing.escalation


def escalate_by_hand(clock: Clock, people: People, act: ChangeContext) -> Escalation:
    """Move the ticket one level up from its holder, for the cause given. Needs the lock; raises DeskError."""
    held = past_holders([clock.pk])[clock.pk]
    holder = clock.ticket.owner
    route = one_level_up(people.staff, holder=holder.pk, held=held, duty_manager=people.duty_manager)
    target = people.user(route.target)
    if target is None or target == holder:
        raise DeskError(_("Nobody is above %(name)s to escalate to.") % {"name": person_name(holder)})
    escalation = Escalation(
        clock=clock,
        by=act.actor,
        reason=act.cause[:300],
        due_at=act.at,
        fired_at=act.at,
        from_owner=holder,
        to_owner=target,
        route=route.as_json(),
    )
    step = EscalationStep(tell=list(TOLD_BY_HAND), reassign_to=Whom.MANAGER)
    telling = Telling(clock, Due(step, act.at, mover=step), holder, target, people)
    told = [one for one in telling.told() if one.recipient != act.actor]  # who did it knows
    channels = LOUD if clock.priority <= Priority.P1 else QUIET
    _write([Firing(clock, escalation, target, told, (), channels, reason=act.cause)], act, [])
    return escalation
