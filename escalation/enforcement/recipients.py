"""Decides who gets the ticket when a step fires, and who is notified: nobody twice, and deputies of absent people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from django.contrib.auth.models import User

from customers.models import Customer
from escalation.chains.progress import DueStep
from escalation.chains.step_times import AT_THE_START
from escalation.choices import NoticeKind, Whom
from escalation.models import Clock, DutyRota, EscalationStep
from escalation.notifications.wording import Notice
from escalation.people.next_in_line import Route, one_level_up, to_duty_manager, to_person
from escalation.people.staff_snapshot import People

GROUPS = (Whom.ROTA_GROUP, Whom.CUSTOMER_GROUP)


def route_to_owner(clock: Clock, mover: EscalationStep, people: People, held: set[int]) -> Route:
    """The route to the person who would get the ticket if this step fired now; ``held`` are its former holders."""
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


@dataclass(frozen=True)
class PersonNotice:
    recipient: User
    notice: Notice


@dataclass(frozen=True)
class GroupNotice:
    """A notice to a group chat instead of a person."""

    whom: Whom
    rota: DutyRota | None
    notice: Notice


@dataclass(frozen=True)
class Audience:
    """Everybody whom a firing notifies, and through which media."""

    people: Sequence[PersonNotice]
    groups: Sequence[GroupNotice]
    channels: Sequence[str]


@dataclass(frozen=True)
class StepNotices:
    """The notices of one firing. ``holder`` had the ticket before the step; ``target``, if any, gets it."""

    clock: Clock
    due: DueStep
    holder: User
    target: User | None
    people: People

    def audience(self) -> Audience:
        channels = dict.fromkeys(channel for step in self.due.steps for channel in step.channels)
        return Audience(self.for_people(), self._for_groups(), list(channels))

    def for_people(self) -> list[PersonNotice]:
        return [PersonNotice(user, self._notice(kind)) for user, kind in self._kinds().items()]

    def _for_groups(self) -> list[GroupNotice]:
        """One notice per group that the step names; none for a repeat, which is only for the ticket's holder."""
        if self.due.round:
            return []
        chats = dict.fromkeys(
            (whom, rota_of(self.clock, step) if whom == Whom.ROTA_GROUP else None)
            for whom, step in self._named
            if whom in GROUPS
        )
        is_start = self.due.step.percent == AT_THE_START
        return [
            GroupNotice(whom, rota, self._notice(NoticeKind.PAGED if is_start else self._kind(whom)))
            for whom, rota in chats
        ]

    @cached_property
    def _named(self) -> list[tuple[Whom, EscalationStep]]:
        """The people and groups named by the steps; those of the step that moves the ticket come first."""
        return [(Whom(value), step) for step in self.due.steps for value in step.tell]

    def _kinds(self) -> dict[User, NoticeKind]:
        """Everybody to notify, with the kind of notice; if a person has two kinds, the first counts."""
        if self.due.step.percent == AT_THE_START:
            return dict.fromkeys(self._paged(), NoticeKind.PAGED)
        kinds: dict[User, NoticeKind] = {}
        if self.target is not None:
            kinds[self.target] = NoticeKind.ESCALATED_TO_YOU
            if self.due.round:
                return kinds  # a repeat is for the holder; the others already know
        elif self.due.mover is not None:
            kinds = dict.fromkeys(self.people.superusers, NoticeKind.NOBODY_LEFT)
        named = [
            (person_for(whom, self.clock, step, self.holder.pk, self.people), self._kind(whom))
            for whom, step in self._named
        ]
        for person, kind in named:
            for user in self.people.to_tell(person):
                kinds.setdefault(user, kind)
        return kinds

    def _paged(self) -> list[User]:
        """The holder and the people named by the step; also the duty manager if nobody could get the ticket."""
        paged = [self.target.pk if self.target is not None else self.holder.pk]
        paged += [
            person
            for whom, step in self._named
            if (person := person_for(whom, self.clock, step, self.holder.pk, self.people))
        ]
        if self.target is None and self.people.duty_manager is not None:
            paged.append(self.people.duty_manager)
        return [user for person in paged for user in self.people.to_tell(person)]

    def _kind(self, whom: Whom) -> NoticeKind:
        if self.target is None:
            return NoticeKind.REMINDER if self.due.mover is None else NoticeKind.NOBODY_LEFT
        return NoticeKind.ESCALATED_FROM_YOU if whom == Whom.PREVIOUS_HOLDER else NoticeKind.ESCALATED

    def _notice(self, kind: NoticeKind) -> Notice:
        """The notice. It names the new holder; the new holder's own notice names the old one."""
        other = self.target
        if kind in (NoticeKind.ESCALATED_TO_YOU, NoticeKind.NOBODY_LEFT):
            other = self.holder
        elif kind == NoticeKind.PAGED:
            other = self.target or self.holder
        return Notice(kind, self.clock.ticket, self.clock, other)


def person_for(whom: Whom, clock: Clock, step: EscalationStep, holder: int, people: People) -> int | None:
    """The person in a role that a step names, even if they are away."""
    customer: Customer | None = clock.ticket.customer
    match whom:
        case Whom.HOLDER | Whom.PREVIOUS_HOLDER:
            return holder
        case Whom.ACCOUNT_MANAGER:
            return customer.account_manager_id if customer else None
        case Whom.BACKUP:
            return customer.backup_account_manager_id if customer else None
        case Whom.MANAGER:
            return next(people.staff.managers(holder), None)
        case Whom.MANAGERS_MANAGER:
            return next(islice(people.staff.managers(holder), 1, None), None)
        case Whom.DUTY_MANAGER:
            return people.duty_manager
        case Whom.DUTY_PERSON:
            return people.on_duty(rota_of(clock, step))
        case Whom.PERSON:
            return step.person_id
        case _group:
            return None


def rota_of(clock: Clock, step: EscalationStep) -> DutyRota | None:
    """The step's own rota, else that of the clock's policy."""
    return step.rota or clock.policy_version.policy.duty_rota
