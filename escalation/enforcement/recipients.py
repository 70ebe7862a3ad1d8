"""Whom one firing of a step tells what: nobody twice, and whoever is away has their deputy told as well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from django.contrib.auth.models import User

from customers.models import Customer
from escalation.chains.lookup import AT_THE_START
from escalation.chains.progress import Due
from escalation.choices import NoticeKind, Whom
from escalation.models import Clock, DutyRota, EscalationStep
from escalation.notifications.wording import Notice
from escalation.people.staff_snapshot import People


@dataclass(frozen=True)
class Told:
    recipient: User
    notice: Notice


@dataclass(frozen=True)
class ToldGroup:
    """A group chat instead of a person."""

    whom: Whom
    rota: DutyRota | None
    notice: Notice


GROUPS = (Whom.ROTA_GROUP, Whom.CUSTOMER_GROUP)


@dataclass(frozen=True)
class Telling:
    """``holder`` had the ticket before the step, ``target`` gets it, if anybody does."""

    clock: Clock
    due: Due
    holder: User
    target: User | None
    people: People

    def told(self) -> Iterator[Told]:
        seen: set[int] = set()
        for recipient, kind in self._wanted():
            if recipient.pk not in seen:
                seen.add(recipient.pk)
                yield Told(recipient, self._notice(kind))

    def groups(self) -> Iterator[ToldGroup]:
        """The groups that the step tells; a repeat is for whoever has it."""
        if self.due.round:
            return
        chats = dict.fromkeys(
            (whom, rota_of(self.clock, step) if whom == Whom.ROTA_GROUP else None)
            for whom, step in self._named()
            if whom in GROUPS
        )
        for whom, rota in chats:
            kind = NoticeKind.PAGED if self.due.step.percent == AT_THE_START else self._kind(whom)
            yield ToldGroup(whom, rota, self._notice(kind))

    def _wanted(self) -> Iterator[tuple[User, NoticeKind]]:
        if self.due.step.percent == AT_THE_START:
            yield from ((user, NoticeKind.PAGED) for user in self._paged())
            return
        if self.due.mover is not None and self.target is None:
            yield from ((user, NoticeKind.NOBODY_LEFT) for user in self.people.superusers)
        if self.target is not None:
            yield self.target, NoticeKind.ESCALATED_TO_YOU
        if self.due.round and self.target is not None:
            return  # a repeat is for whoever has it; the others know
        for whom, step in self._named():
            kind = self._kind(whom)
            person = person_for(whom, self.clock, step, self.holder.pk, self.people)
            yield from ((user, kind) for user in self.people.to_tell(person))

    def _paged(self) -> Iterator[User]:
        """Who has it now and whom the step names; with nobody to give it to the duty manager as well."""
        named = [self.target.pk if self.target is not None else self.holder.pk]
        people = (
            person_for(whom, self.clock, step, self.holder.pk, self.people) for whom, step in self._named()
        )
        named += filter(None, people)
        if self.target is None and self.people.duty_manager is not None:
            named.append(self.people.duty_manager)
        for person in named:
            yield from self.people.to_tell(person)

    def _named(self) -> Iterator[tuple[Whom, EscalationStep]]:
        """Those whom the step tells, and before them those of the step that moves the ticket: each by its own words."""
        for step in self.due.steps:
            yield from ((Whom(value), step) for value in step.tell)

    def _kind(self, whom: Whom) -> NoticeKind:
        if self.target is None:
            return NoticeKind.REMINDER if self.due.mover is None else NoticeKind.NOBODY_LEFT
        return NoticeKind.ESCALATED_FROM_YOU if whom == Whom.PREVIOUS_HOLDER else NoticeKind.ESCALATED

    def _notice(self, kind: NoticeKind) -> Notice:
        holder_is_meant = kind in (NoticeKind.ESCALATED_TO_YOU, NoticeKind.NOBODY_LEFT)
        other = self.holder if holder_is_meant else self.target
        if kind == NoticeKind.PAGED:
            other = self.target or self.holder
        return Notice(kind, self.clock.ticket, self.clock, other)


def person_for(whom: Whom, clock: Clock, step: EscalationStep, holder: int, people: People) -> int | None:
    """The person that a word of a step means at the moment of ``people``, whether or not they are there."""
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
    """The rota that a step means: its own, else that of the clock's policy."""
    return step.rota or clock.policy_version.policy.duty_rota
