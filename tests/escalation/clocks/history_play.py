"""Plays histories on the desk, through its services, and says what became of the promises."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

from customers.models import Contact
from escalation.absences.moving import move_from_absent
from escalation.choices import ClockKind
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.enforcement.waivers import confirm_waiver, waive_promise
from escalation.models import Calendar, Clock
from escalation.working_time.definitions import OwnDay
from tests.escalation.clocks.histories import (
    CLOSED_DAY,
    LONGEST_PAUSE,
    RESOLVED_WITHIN,
    UPDATE_EVERY,
    WINDOWS,
    WORKED,
    WORKED_DAY,
    Act,
    History,
    Hours,
    Judgement,
    Outcome,
    Step,
    in_order,
)
from tests.escalation.clocks.history_model import judged
from tests.factories import (
    NOW,
    AbsenceFactory,
    AdminFactory,
    CalendarFactory,
    ContactFactory,
    ContractFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
    ServicePlanFactory,
    office_calendar,
    set_desk,
    staff,
)
from tests.talk import answered, asked, bounced, called, minute, opened
from tickets.choices import Priority, Status
from tickets.errors import DeskError
from tickets.models import Message, Ticket
from tickets.services.failed_responses import void_response
from tickets.services.merging import merge
from tickets.services.ownership import assign
from tickets.services.status_and_priority import change_priority, set_status


@dataclass
class Conversation:
    """All tickets of one customer on the desk."""

    contact: Contact
    lead: User
    director: User
    tickets: list[int] = field(default_factory=list)
    answers: dict[int, Message] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    def open(self, priority: int, received: int, at: int) -> None:
        ticket = opened(received, noticed=at, priority=priority, contact=self.contact)
        self.tickets.append(ticket.pk)

    def ticket(self, number: int) -> Ticket:
        """The ticket as the database has it, or the one it was merged into."""
        ticket = Ticket.objects.get(pk=self.tickets[min(number, len(self.tickets) - 1)])
        while ticket.merged_into is not None:
            ticket = ticket.merged_into
        return ticket

    def take(self, step: Step) -> None:
        try:
            with transaction.atomic():
                self._take(step, self.ticket(step.ticket))
        except DeskError:
            self.refused.append(step.at)

    def _take(self, step: Step, ticket: Ticket) -> None:
        then = Status(step.then) if step.then else None
        match step.act:
            case Act.OPENED:
                self.open(step.priority, step.happened, step.at)
            case Act.ASKED:
                asked(ticket, step.happened, noticed=step.at)
            case Act.REPLIED:
                self.answers[step.at] = answered(ticket, step.at, then=then)
            case Act.CALLED:
                self.answers[step.at] = called(ticket, step.at, happened=step.happened, then=then)
            case Act.BOUNCED | Act.VOIDED if step.answer in self.answers:
                self._take_back(step)
            case Act.PRIORITY | Act.STATUS | Act.CLOSED | Act.MERGED:
                self._decide(step, ticket)
            case Act.EXCUSED | Act.CONFIRMED:
                self._excuse(step, ticket)
            case Act.ASSIGNED:
                assign(ticket=ticket, to=self.lead, actor=self.director, at=minute(step.at))
            case Act.ABSENT:
                self._leave(ticket, step.at)

    def _take_back(self, step: Step) -> None:
        message = Message.objects.get(pk=self.answers[step.answer].pk)
        if step.act is Act.BOUNCED:
            bounced(message, step.at)
        else:
            void_response(message=message, actor=self.lead, at=minute(step.at), reason="It answered nothing.")

    def _decide(self, step: Step, ticket: Ticket) -> None:
        actor, at, into = self.lead, minute(step.at), self.ticket(step.into)
        match step.act:
            case Act.STATUS:
                set_status(ticket=ticket, status=Status(step.then), actor=actor, at=at)
            case Act.CLOSED:
                set_status(ticket=ticket, status=Status.CLOSED, actor=actor, at=at, reason="They are gone.")
            case Act.PRIORITY:
                priority = Priority(step.priority)
                change_priority(
                    ticket=ticket, priority=priority, actor=actor, at=at, reason="They told us more."
                )
            case Act.MERGED if ticket != into:
                merge(ticket=ticket, into=into, actor=actor, at=at, reason="The same matter.")

    def _leave(self, ticket: Ticket, at: int) -> None:
        """Whoever has the ticket is absent, and their tickets go to somebody else."""
        AbsenceFactory(user=ticket.owner, starts_at=minute(at), ends_at=minute(at + 60))
        move_from_absent(now=minute(at))

    def _excuse(self, step: Step, ticket: Ticket) -> None:
        clocks = list(Clock.objects.filter(ticket=ticket).order_by("kind", "started_at", "due_at"))
        clock, at = clocks[step.promise % len(clocks)], minute(step.at)
        if step.act is Act.EXCUSED:
            waive_promise(clock=clock, actor=self.lead, at=at, reason="Their network was down.")
        else:
            confirm_waiver(clock=clock, actor=self.director, at=at)


@dataclass
class People:
    contacts: dict[tuple[Hours, bool], Contact]
    lead: User
    director: User

    def play(self, history: History, sweeps: Iterable[int]) -> Judgement:
        """What the desk makes of a history if sweeps run at these minutes and at its end. No row stays."""
        with transaction.atomic():
            conversation = Conversation(
                self.contacts[history.hours, history.resolves], self.lead, self.director
            )
            conversation.open(history.priority, 0, history.noticed)
            left = sorted(sweeps)
            for step in history.steps:
                while left and left[0] < step.at:
                    sweep(now=minute(left.pop(0)))
                conversation.take(step)
            for at in [*left, history.end]:
                sweep(now=minute(at))
            for ticket in conversation.tickets:
                assert verify(ticket=ticket).mismatches == ()
            outcomes = in_order(outcomes_of(conversation.tickets))
            transaction.set_rollback(True)
        return Judgement(outcomes, conversation.refused)

    def shortest_fault(self, history: History, sweeps: Iterable[int]) -> History:
        """A history of which the desk makes something else, with only the steps that it takes for that."""
        for number in range(len(history.steps)):
            less = replace(history, steps=history.steps[:number] + history.steps[number + 1 :])
            if self.play(less, sweeps) != judged(less):
                return self.shortest_fault(less, sweeps)
        return history


def outcomes_of(tickets: Iterable[int]) -> Iterator[Outcome]:
    for clock in Clock.objects.filter(ticket__in=tickets):
        started, due = minutes_to(clock.started_at), minutes_to(clock.due_at)
        stopped = clock.stopped_at and minutes_to(clock.stopped_at)
        breached = clock.breached_at and minutes_to(clock.breached_at)
        is_waived = clock.waived_at is not None
        yield Outcome(clock.kind, started, due, stopped, clock.state, breached, is_waived)


def minutes_to(time: datetime) -> int:
    return int((time - NOW).total_seconds() // 60)


def contact_under(hours: Hours, *, resolves: bool) -> Contact:
    """A contact of a customer whose windows are counted in these hours, under a policy of its own if need be."""
    contact: Contact = ContactFactory()
    if hours is Hours.PLAIN and not resolves:
        return contact
    plan, around_the_clock, office = ServicePlanFactory(), CalendarFactory(), _office()
    version = PolicyVersionFactory(policy__plan=plan, pause_cap_minutes=LONGEST_PAUSE)
    kinds = (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE)
    windows = [(kind, *window) for kind in kinds for window in WINDOWS.items()]
    for kind, priority, minutes in [
        *windows,
        *((ClockKind.UPDATE, *window) for window in UPDATE_EVERY.items()),
        *((ClockKind.RESOLUTION, *window) for window in RESOLVED_WITHIN.items() if resolves),
    ]:
        is_plain = hours is Hours.PLAIN or (hours is Hours.OFFICE and priority == 0)
        calendar = around_the_clock if is_plain else office
        PolicyTargetFactory(version=version, kind=kind, priority=priority, minutes=minutes, calendar=calendar)
    ContractFactory(customer=contact.customer, plan=plan)
    return contact


def _office() -> Calendar:
    own_days = (OwnDay(CLOSED_DAY), OwnDay(WORKED_DAY, WORKED))
    return office_calendar(weekly=(WORKED,) * 5 + ((), ()), own_days=own_days)


def people_of_a_desk() -> People:
    """Customers under each kind of hours, and two who may decide; their rows are stored."""
    set_desk(duty_manager=staff("boss"), intake_owner=staff("intake"))
    contacts = {
        (hours, resolves): contact_under(hours, resolves=resolves)
        for hours in Hours
        for resolves in (False, True)
    }
    return People(contacts, AdminFactory(), AdminFactory())
