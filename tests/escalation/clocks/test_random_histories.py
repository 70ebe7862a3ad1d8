"""Random histories of one ticket: the desk keeps its promises as a model written from the design does.

The suite runs a few. `HISTORIES=10000,2000` runs two thousand, from seed 10000 on:

    HISTORIES=10000,2000 .venv/bin/python -m pytest tests/escalation/clocks/test_random_histories.py
    HISTORIES=20000,2000 .ci/postgres .venv/bin/python -m pytest tests/escalation/clocks/test_random_histories.py
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count, islice
from random import Random

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from customers.models import Contact
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.models import Clock
from tests.escalation.clocks.history_model import (
    WINDOWS,
    Act,
    History,
    Judgement,
    Outcome,
    Step,
    in_order,
    judged,
)
from tests.factories import NOW, AdminFactory, ContactFactory, set_desk, staff
from tests.talk import answered, asked, bounced, called, minute, opened
from tickets.choices import Priority, Status
from tickets.errors import DeskError
from tickets.models import Message, Ticket
from tickets.services.failed_responses import void_response
from tickets.services.status_and_priority import change_priority, set_status

FIRST_SEED, HOW_MANY = map(int, os.environ.get("HISTORIES", "0,18").split(","))
# Both sides of the ends of windows come up often.
GAPS = [1, 2, 5, 7, 10, 29, 30, 31, 45, 59, 60, 61, 119, 200, 240, 241, 479, 480, 700, 1441]
WEIGHTS = {
    Act.ASKED: 6, Act.REPLIED: 5, Act.CALLED: 3, Act.BOUNCED: 4, Act.VOIDED: 2, Act.PRIORITY: 3, Act.STATUS: 2
}  # fmt: skip


def drawn(seed: int) -> History:
    random = Random(seed)
    at = noticed = random.choice([0, 0, 1, 5, 31, 61])
    answers: list[int] = []
    steps = []
    for _number in range(random.randint(2, 9)):
        at += random.choice(GAPS)
        steps.append(_drawn_step(random, at, answers))
        if steps[-1].act in (Act.REPLIED, Act.CALLED):
            answers.append(at)
    return History(random.choice([0, 0, 0, 1, 2, 3]), noticed, tuple(steps), at + random.choice(GAPS))


def _drawn_step(random: Random, at: int, answers: list[int]) -> Step:
    act = random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    happened = max(0, at - random.choice([0, 0, *GAPS]))
    then = random.choice(["", "", "", "waiting", "resolved", "closed"])
    match act:
        case Act.ASKED:
            return Step(at, act, happened=happened)
        case Act.REPLIED:
            return Step(at, act, then=then)
        case Act.CALLED:
            return Step(at, act, happened=happened, then=then)
        case Act.BOUNCED | Act.VOIDED if answers:
            return Step(at, act, answer=random.choice(answers))
        case Act.STATUS:
            return Step(at, act, then=then or "open")
    return Step(at, Act.PRIORITY, priority=random.choice(list(WINDOWS)))


def drawn_sweeps(seed: int, history: History) -> list[int]:
    """At some minutes, or right after each step."""
    random = Random(f"sweeps {seed}")
    some = [random.randint(0, history.end) for _number in range(random.randint(1, 6))]
    return sorted(random.choice([some, [step.at for step in history.steps]]))


def undisputed(first_seed: int) -> Iterator[int]:
    return (seed for seed in count(first_seed) if not judged(drawn(seed)).is_disputed)


@dataclass
class Conversation:
    """One ticket on the desk."""

    ticket: Ticket
    lead: User
    answers: dict[int, Message] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    def take(self, step: Step) -> None:
        self.ticket = Ticket.objects.get(pk=self.ticket.pk)
        try:
            with transaction.atomic():
                self._take(step)
        except DeskError:
            self.refused.append(step.at)

    def _take(self, step: Step) -> None:
        then = Status(step.then) if step.then else None
        match step.act:
            case Act.ASKED:
                asked(self.ticket, step.happened, noticed=step.at)
            case Act.REPLIED:
                self.answers[step.at] = answered(self.ticket, step.at, then=then)
            case Act.CALLED:
                self.answers[step.at] = called(self.ticket, step.at, happened=step.happened, then=then)
            case Act.BOUNCED | Act.VOIDED if step.answer in self.answers:
                self._take_back(step)
            case Act.PRIORITY | Act.STATUS:
                self._decide(step)

    def _take_back(self, step: Step) -> None:
        message = Message.objects.get(pk=self.answers[step.answer].pk)
        if step.act is Act.BOUNCED:
            bounced(message, step.at)
        else:
            void_response(message=message, actor=self.lead, at=minute(step.at), reason="It answered nothing.")

    def _decide(self, step: Step) -> None:
        ticket, actor, at = self.ticket, self.lead, minute(step.at)
        if step.act is Act.STATUS:
            set_status(ticket=ticket, status=Status(step.then), actor=actor, at=at)
        else:
            priority = Priority(step.priority)
            change_priority(ticket=ticket, priority=priority, actor=actor, at=at, reason="They told us more.")


@dataclass
class People:
    contact: Contact
    lead: User

    def play(self, history: History, sweeps: Iterable[int]) -> Judgement:
        """What the desk makes of a history if sweeps run at these minutes and at its end. No row stays."""
        with transaction.atomic():
            first = opened(0, noticed=history.noticed, priority=history.priority, contact=self.contact)
            conversation = Conversation(first, self.lead)
            left = sorted(sweeps)
            for step in history.steps:
                while left and left[0] < step.at:
                    sweep(now=minute(left.pop(0)))
                conversation.take(step)
            for at in [*left, history.end]:
                sweep(now=minute(at))
            assert verify(ticket=first.pk).mismatches == ()
            outcomes = in_order(outcomes_of(first))
            transaction.set_rollback(True)
        return Judgement(outcomes, conversation.refused, is_disputed=False)

    def shortest_fault(self, history: History, sweeps: Iterable[int]) -> History:
        """A history of which the desk makes something else, with only the steps that it takes for that."""
        for number in range(len(history.steps)):
            less = replace(history, steps=history.steps[:number] + history.steps[number + 1 :])
            if not judged(less).is_disputed and self.play(less, sweeps) != judged(less):
                return self.shortest_fault(less, sweeps)
        return history


def outcomes_of(ticket: Ticket) -> Iterator[Outcome]:
    for clock in Clock.objects.filter(ticket=ticket):
        started, due = minutes_to(clock.started_at), minutes_to(clock.due_at)
        stopped = clock.stopped_at and minutes_to(clock.stopped_at)
        breached = clock.breached_at and minutes_to(clock.breached_at)
        yield Outcome(clock.kind, started, due, stopped, clock.state, breached)


def minutes_to(time: datetime) -> int:
    return int((time - NOW).total_seconds() // 60)


@pytest.fixture
def people(db: None) -> People:
    set_desk(duty_manager=staff("boss"), intake_owner=staff("intake"))
    return People(ContactFactory(), AdminFactory())


@pytest.mark.parametrize("seed", list(islice(undisputed(FIRST_SEED), HOW_MANY)))
def test_a_history_ends_as_the_model_says_whenever_sweeps_ran(people, seed):
    history = drawn(seed)
    for sweeps in ([], drawn_sweeps(seed, history)):
        if people.play(history, sweeps) != judged(history):
            history = people.shortest_fault(history, sweeps)
        assert people.play(history, sweeps) == judged(history), history


def of_priority(priority: int, *steps: Step) -> History:
    return History(priority, 0, steps, 400)


LEARNED_LATE = {
    "read after a raise": of_priority(
        3, Step(10, Act.REPLIED), Step(100, Act.PRIORITY, priority=1), Step(110, Act.ASKED, happened=20)
    ),
    "read after a lowering": of_priority(
        0, Step(10, Act.REPLIED), Step(50, Act.PRIORITY, priority=3), Step(60, Act.ASKED, happened=20)
    ),
    "call written down after a raise": of_priority(
        3,
        Step(20, Act.ASKED, happened=20),
        Step(100, Act.PRIORITY, priority=1),
        Step(110, Act.CALLED, happened=10),
    ),
    "bounced after a raise": of_priority(
        3, Step(10, Act.REPLIED), Step(20, Act.PRIORITY, priority=1), Step(30, Act.BOUNCED, answer=10)
    ),
    "answered before it was read": of_priority(
        1,
        Step(10, Act.REPLIED),
        Step(20, Act.ASKED, happened=5),
        Step(30, Act.REPLIED),
        Step(40, Act.BOUNCED, answer=30),
    ),
    "read in two steps after a lowering": of_priority(
        0,
        Step(10, Act.REPLIED),
        Step(30, Act.PRIORITY, priority=3),
        Step(40, Act.ASKED, happened=35),
        Step(50, Act.ASKED, happened=20),
    ),
    "a call answers the older of two that were read late": of_priority(
        1,
        Step(263, Act.REPLIED),
        Step(271, Act.ASKED, happened=231),
        Step(280, Act.ASKED, happened=21),
        Step(290, Act.CALLED, happened=141, then="resolved"),
    ),
    "only the older question has another answer": of_priority(
        1,
        Step(20, Act.ASKED, happened=20),
        Step(30, Act.REPLIED),
        Step(40, Act.CALLED, happened=10),
        Step(50, Act.BOUNCED, answer=30),
    ),
}


@pytest.mark.parametrize("history", list(LEARNED_LATE.values()), ids=list(LEARNED_LATE))
def test_what_is_learned_late_changes_nothing_about_what_is_true(people, history):
    assert people.play(history, []).outcomes == judged(history).outcomes
