"""Fires due steps of the chain on many promises at once: warns, or moves tickets one level up, and tells people.

Everything is computed first and then written in bulk, in the caller's transaction and under its ticket locks.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import DateTimeField, F
from django.utils.translation import gettext as _

from customers.names import name_of
from escalation.chains.progress import DueStep, progress_by_clock, progress_of
from escalation.chains.step_times import AT_THE_START
from escalation.choices import ClockChange, ClockState, Medium, Whom
from escalation.clocks.ledger import ChangeContext, append_all, event_row, past_holders
from escalation.clocks.lifecycle import breach_row
from escalation.clocks.updates_and_resolution import resume
from escalation.enforcement.handover import Handover, write_handover_notes
from escalation.enforcement.recipients import Audience, StepNotices, route_to_owner
from escalation.lib.update_by_key import ValueByKey
from escalation.models import Clock, ClockEvent, Escalation, EscalationStep, Notification
from escalation.notifications.writing import group_rows, notification_row, nudge_dispatch
from escalation.people.next_in_line import Route, one_level_up
from escalation.people.staff_snapshot import People
from tickets.choices import OwnerRule, Priority
from tickets.errors import DeskError
from tickets.lib.bulk_insert import NewRow, insert_all, insert_with_keys
from tickets.services.ownership import OwnerChange, hand_over_all

LOUD, QUIET = (Medium.VOICE, Medium.SMS, Medium.CHAT, Medium.MAIL), (Medium.CHAT, Medium.MAIL)
TOLD_BY_HAND = (Whom.PREVIOUS_HOLDER, Whom.ACCOUNT_MANAGER, Whom.BACKUP)


@dataclass(frozen=True)
class Firing:
    """One firing, computed but not written: its rows are written together with those of all the others."""

    clock: Clock
    escalation: Escalation
    target: User | None
    audience: Audience
    rule: OwnerRule = OwnerRule.ESCALATION
    reason: str = ""

    @property
    def moves(self) -> bool:
        return self.target is not None and self.target.pk != self.escalation.from_owner_id


def act_on_all(clocks: Sequence[Clock], people: People, *, now: datetime) -> list[Escalation]:
    """Act on open promises of different tickets: record breaches, then fire the steps that are due.

    Steps that an outage delayed past a later one are skipped, so that people are told once; breaches keep
    their true times. Needs the tickets' locks, with ``clock.ticket`` being the locked ticket.
    """
    context = ChangeContext(now, None)
    breaches = []
    for clock in clocks:
        if clock.state == ClockState.PAUSED:
            resume(clock, context)  # a pause ends by itself when it reaches the policy's cap
        if clock.state == ClockState.RUNNING and clock.due_at <= now:
            breaches.append(breach_row(clock, context))
    progress = progress_by_clock(clocks)
    due_steps = {
        pk: due for pk, clock_progress in progress.items() if (due := clock_progress.due(now)) is not None
    }
    held = past_holders([pk for pk, due in due_steps.items() if due.mover is not None])
    were_stranded = {clock.pk for clock in clocks if clock.stranded_at is not None}
    firings = []
    for clock in clocks:
        due = due_steps.get(clock.pk)
        firing = _plan_firing(clock, due, people, held[clock.pk], now) if due is not None else None
        if firing is not None:
            firings.append(firing)
        clock.next_step_at = progress[clock.pk].next_action_at(
            after=now, fired=firing.escalation if firing is not None else None
        )
    _save_clocks(clocks, were_stranded, now)
    _write_firings(firings, context, breaches)
    return [firing.escalation for firing in firings]


def _save_clocks(clocks: Sequence[Clock], were_stranded: Collection[int], now: datetime) -> None:
    """Save what many clocks have in common in one update; only the time of the next action differs per row."""
    rows = Clock.objects.order_by()
    new = {clock.pk: clock.next_step_at for clock in clocks if clock.detected_at == now}
    others = {clock.pk: clock.next_step_at for clock in clocks if clock.pk not in new}
    rows.filter(pk__in=new).update(
        state=ClockState.BREACHED,
        breached_at=F("due_at"),
        detected_at=now,
        next_step_at=ValueByKey(new, DateTimeField()),
    )
    rows.filter(pk__in=others).update(next_step_at=ValueByKey(others, DateTimeField()))
    stranded = {clock.pk for clock in clocks if clock.stranded_at is not None}
    rows.filter(pk__in=stranded.difference(were_stranded)).update(stranded_at=now)
    rows.filter(pk__in=set(were_stranded).difference(stranded)).update(stranded_at=None)


def _plan_firing(clock: Clock, due: DueStep, people: People, held: set[int], now: datetime) -> Firing | None:
    """The firing of a due step; None for a repeated try that again finds nobody, as people were told at the first."""
    route = route_to_owner(clock, due.mover, people, held) if due.mover is not None else Route(None)
    target, is_start = people.user(route.target), due.step.percent == AT_THE_START
    if target is None and clock.stranded_at is not None and due.round > 0:
        return None
    if due.mover is not None and not is_start:
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
    return Firing(
        clock,
        escalation,
        target,
        StepNotices(clock, due, clock.ticket.owner, target, people).audience(),
        rule=OwnerRule.ON_DUTY if is_start else OwnerRule.ESCALATION,
        reason=_reason(due.mover or due.step),
    )


def _reason(step: EscalationStep) -> str:
    if step.percent == AT_THE_START:
        return ""
    if step.percent is not None:
        return _("No response within %(percent)s%% of the response time.") % {"percent": step.percent}
    return _("No response: %(when)s.") % {"when": step.when}


def _write_firings(
    firings: Sequence[Firing], context: ChangeContext, breaches: Sequence[NewRow[ClockEvent]]
) -> None:
    """Write rows in the order of the history: the breach, the step, the new holder, the note, the notifications."""
    insert_with_keys([firing.escalation for firing in firings])
    append_all([*breaches, *(_step_line(firing, context) for firing in firings)])
    for rule in (OwnerRule.ON_DUTY, OwnerRule.ESCALATION):
        moving = [firing for firing in firings if firing.rule == rule and firing.moves]
        if not moving:
            continue
        moves = [
            OwnerChange(mover.clock.ticket, mover.target, mover.reason) for mover in moving if mover.target
        ]
        hand_over_all(moves, actor=context.actor, at=context.at, rule=rule)
        if rule == OwnerRule.ESCALATION:
            write_handover_notes(
                [_handover(mover, mover.target) for mover in moving if mover.target], at=context.at
            )
    rows: list[NewRow[Notification]] = []
    for firing in firings:
        audience = firing.audience
        about: dict[str, Any] = {
            "at": context.at, "escalation": firing.escalation, "channels": audience.channels
        }  # fmt: skip
        rows += [notification_row(person.recipient, person.notice, **about) for person in audience.people]
        for group in audience.groups:
            rows += group_rows(group.notice, whom=group.whom, rota=group.rota, **about)
    insert_all(rows)
    if rows:
        nudge_dispatch()


def _handover(firing: Firing, target: User) -> Handover:
    escalation = firing.escalation
    return Handover(
        firing.clock, escalation.from_owner, target, actor=escalation.by, reason=escalation.reason
    )


def _step_line(firing: Firing, context: ChangeContext) -> NewRow[ClockEvent]:
    step = firing.escalation.step
    facts: dict[str, Any] = {"escalation": firing.escalation.pk}
    if step is not None and step.percent is not None:
        facts["percent"] = step.percent
    elif step is not None:
        facts["minutes_from_due"] = step.minutes_from_due
    if firing.escalation.round:
        facts["round"] = firing.escalation.round
    return event_row(firing.clock, ClockChange.STEP, context, **facts)


def fire_opening(clock: Clock, *, at: datetime) -> Escalation | None:
    """Fire the step at the start of the chain, if there is an unfired one: for a P0 it pages the person on duty.

    Needs the ticket's lock, with ``clock.ticket`` being the locked ticket.
    """
    progress = progress_of(clock)
    step = next((step for step in progress.chain if step.percent == AT_THE_START), None)
    if step is None or any(fired.step_id == step.pk for fired in progress.fired):
        return None
    due = DueStep(step, clock.window_starts_at, mover=step if step.reassign_to else None)
    firing = _plan_firing(clock, due, People.at(at), set(), at)
    if firing is None:
        return None
    clock.next_step_at = progress.next_action_at(after=at, fired=firing.escalation)
    clock.save(update_fields=["next_step_at"])
    _write_firings([firing], ChangeContext(at, None), [])
    return firing.escalation


def escalate_by_hand(clock: Clock, people: People, context: ChangeContext) -> Escalation:
    """Move the ticket one level up from its holder, for the cause given. Needs the lock; raises DeskError."""
    held = past_holders([clock.pk])[clock.pk]
    holder = clock.ticket.owner
    route = one_level_up(people.staff, holder=holder.pk, held=held, duty_manager=people.duty_manager)
    target = people.user(route.target)
    if target is None or target == holder:
        raise DeskError(_("There is nobody above %(name)s to escalate to.") % {"name": name_of(holder)})
    escalation = Escalation(
        clock=clock,
        by=context.actor,
        reason=context.cause[:300],
        due_at=context.at,
        fired_at=context.at,
        from_owner=holder,
        to_owner=target,
        route=route.as_json(),
    )
    step = EscalationStep(tell=list(TOLD_BY_HAND), reassign_to=Whom.MANAGER)
    notices = StepNotices(clock, DueStep(step, context.at, mover=step), holder, target, people)
    notified = [
        person for person in notices.for_people() if person.recipient != context.actor
    ]  # not the person who escalated
    channels = LOUD if clock.priority <= Priority.P1 else QUIET
    firing = Firing(clock, escalation, target, Audience(notified, (), channels), reason=context.cause)
    _write_firings([firing], context, [])
    return escalation
