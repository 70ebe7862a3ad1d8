"""Fires one step of the chain on one promise: warn, or move the ticket one level up and tell everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from escalation.choices import ClockChange, ClockState, NoticeKind, Whom
from escalation.models import Clock, Escalation, EscalationStep
from escalation.services.chain import steps_of
from escalation.services.clocks import breach, last_percent_fired, next_moment, steps_after
from escalation.services.duty import on_duty
from escalation.services.handover import write_handover
from escalation.services.incident import resume
from escalation.services.ledger import Act, Before, append
from escalation.services.moments import step_time
from escalation.services.notices import Notice
from escalation.services.notify import tell
from escalation.services.people import People
from escalation.services.whom import Route, one_level_up, to_duty_manager
from tickets.choices import OwnerRule
from tickets.services.ownership import hand_over


def act_on(clock: Clock, people: People, *, now: datetime) -> Escalation | None:
    """Do what is due on an open clock: record the breach, then fire the latest step whose time has come.

    Steps that an outage let pass are skipped, so that people are told once; the breach keeps its true time. Needs
    the ticket's lock, with ``clock.ticket`` being the locked ticket.
    """
    act = Act(now, None)
    resume(clock, act)  # a pause ends by itself when the policy's cap is reached
    if clock.state == ClockState.RUNNING and clock.due_at <= now:
        breach(clock, act)
    ahead = steps_after(steps_of(clock.policy_version.policy), last_percent_fired(clock))
    step = _latest_due(clock, ahead, now)
    escalation = _fire(clock, step, people, act) if step is not None else None
    clock.next_step_at = next_moment(clock, steps_after(ahead, step.percent) if step is not None else ahead)
    clock.save(update_fields=["next_step_at"])
    return escalation


def _latest_due(clock: Clock, ahead: Sequence[EscalationStep], now: datetime) -> EscalationStep | None:
    return next((step for step in reversed(ahead) if step_time(clock, step.percent) <= now), None)


def _fire(clock: Clock, step: EscalationStep, people: People, act: Act) -> Escalation:
    holder = clock.ticket.owner
    route = _route(clock, step, people) if step.reassign_to else Route(None)
    target = people.users.get(route.target) if route.target else None
    escalation = Escalation.objects.create(
        clock=clock,
        step=step,
        due_at=step_time(clock, step.percent),
        fired_at=act.at,
        from_owner=holder,
        to_owner=target,
        route=route.as_json(),
    )
    append(clock, ClockChange.STEP, act, before=Before.of(clock), percent=step.percent)
    if target is not None:
        _move(clock, escalation, target, act)
    for told in _Telling(clock, step, holder, target, people, act.at).told():
        tell(told.recipient, told.notice, at=act.at, escalation=escalation)
    return escalation


def _route(clock: Clock, step: EscalationStep, people: People) -> Route:
    if step.reassign_to == Whom.DUTY_MANAGER:
        return to_duty_manager(people.staff, people.duty_manager)
    held = set(clock.events.values_list("holder", flat=True))
    return one_level_up(
        people.staff, holder=clock.ticket.owner_id, held=held, duty_manager=people.duty_manager
    )


def _move(clock: Clock, escalation: Escalation, target: User, act: Act) -> None:
    if target == clock.ticket.owner:
        return
    reason = _("No answer within %(percent)s %% of the promised time.") % {"percent": escalation.step.percent}
    hand_over(clock.ticket, target, actor=None, at=act.at, rule=OwnerRule.ESCALATION, reason=reason)
    write_handover(clock, escalation, at=act.at)


@dataclass(frozen=True)
class Told:
    recipient: User
    notice: Notice


@dataclass(frozen=True)
class _Telling:
    """Whom one firing tells what; nobody is told twice, and whoever is away has their deputy told as well."""

    clock: Clock
    step: EscalationStep
    holder: User
    target: User | None
    people: People
    at: datetime

    def told(self) -> Iterator[Told]:
        seen: set[int] = set()
        for recipient, kind in self._wanted():
            if recipient.pk not in seen:
                seen.add(recipient.pk)
                yield Told(recipient, self._notice(kind))

    def _wanted(self) -> Iterator[tuple[User, NoticeKind]]:
        if self.step.reassign_to and self.target is None:
            yield from ((user, NoticeKind.NOBODY_LEFT) for user in self.people.superusers)
        if self.target is not None:
            yield self.target, NoticeKind.ESCALATED_TO_YOU
        for whom in map(Whom, self.step.tell):
            kind = self._kind(whom)
            yield from ((user, kind) for user in self.people.to_tell(self._person(whom)))

    def _kind(self, whom: Whom) -> NoticeKind:
        if self.target is None:
            return NoticeKind.REMINDER
        return NoticeKind.ESCALATED_FROM_YOU if whom == Whom.PREVIOUS_HOLDER else NoticeKind.ESCALATED

    def _notice(self, kind: NoticeKind) -> Notice:
        other = self.holder if kind in (NoticeKind.ESCALATED_TO_YOU, NoticeKind.NOBODY_LEFT) else self.target
        return Notice(kind, self.clock.ticket, self.clock, other)

    def _person(self, whom: Whom) -> int | None:
        customer = self.clock.ticket.customer
        match whom:
            case Whom.HOLDER | Whom.PREVIOUS_HOLDER:
                return self.holder.pk
            case Whom.ACCOUNT_MANAGER:
                return customer.account_manager_id if customer else None
            case Whom.BACKUP:
                return customer.backup_account_manager_id if customer else None
            case Whom.MANAGER:
                return next(self.people.staff.managers(self.holder.pk), None)
            case Whom.DUTY_MANAGER:
                return self.people.duty_manager
            case Whom.DUTY_PERSON:
                on_now = on_duty(rota=self.clock.policy_version.policy.duty_rota, at=self.at)
                return on_now.pk if on_now is not None else None
