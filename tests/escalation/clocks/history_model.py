"""The promises of one ticket as the design tells them, in values alone and in minutes.

Written without looking at the desk's code, to be compared with it. It knows no sweeps: what was due is overdue from
that minute on, whoever looked. The windows are those of the shipped default policy, in plain hours.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

WINDOWS = {0: 30, 1: 4 * 60, 2: 8 * 60, 3: 24 * 60}
UPDATE_EVERY = {0: 60}
ENDED = ("resolved", "closed")


class Act(StrEnum):
    ASKED = "asked"
    REPLIED = "replied"
    CALLED = "called"
    BOUNCED = "bounced"
    VOIDED = "voided"
    PRIORITY = "priority"
    STATUS = "status"


@dataclass(frozen=True)
class Step:
    """What the desk handles at one minute. No two steps share a minute, so it also names an answer.

    `happened` is when a message was received or a call took place, `answer` the minute of the answer that is taken
    back, `then` the status that an answer or a colleague sets.
    """

    at: int
    act: Act
    happened: int = 0
    answer: int = 0
    priority: int = 0
    then: str = ""


@dataclass(frozen=True)
class History:
    """A first message received at minute 0 and read at `noticed`, what followed, and the minute of the last look."""

    priority: int
    noticed: int
    steps: tuple[Step, ...]
    end: int


@dataclass(frozen=True)
class Outcome:
    """How one promise stands."""

    kind: str
    started: int
    due: int
    stopped: int | None
    state: str
    breached: int | None


@dataclass(frozen=True)
class Judgement:
    """`refused` has the minutes of what a colleague may not do. Which update is owed is open where `is_disputed`:
    after an answer to a resolved ticket, if the answer that resolved it is taken back."""

    outcomes: list[Outcome]
    refused: list[int]
    is_disputed: bool


@dataclass
class Answer:
    at: int
    stands: bool = True


@dataclass
class Question:
    """`answers` were written down after it was read and given after it was received."""

    received: int
    answers: list[Answer] = field(default_factory=list)

    @property
    def is_answered(self) -> bool:
        return any(answer.stands for answer in self.answers)


@dataclass
class Promise:
    """`cause` is the question that waits for an answer, or the answer after which an update is owed.

    Where `is_superseded`, one that began earlier holds instead; only a breach that the answer had ended stays.
    """

    kind: str
    started: int
    due: int
    cause: Question | Answer
    stopped: int | None = None
    answered_by: Answer | None = None
    is_superseded: bool = False
    was_late: bool = False

    def answer(self, answers: Iterable[Answer]) -> None:
        """Ends with the first of these answers that stands, if any does."""
        standing = [answer for answer in answers if answer.stands]
        self.was_late |= self.stopped is not None and self.due < self.stopped
        self.answered_by = min(standing, key=lambda answer: answer.at, default=None)
        self.stopped = self.answered_by.at if self.answered_by else None

    def outcome(self, now: int) -> Outcome:
        until = now if self.stopped is None else self.stopped
        is_late = self.due < until or (self.due == until and not self.answered_by)
        is_late &= self.was_late or not self.is_superseded
        state = "running" if self.stopped is None else "met" if self.answered_by else "cancelled"
        state, breached = ("breached", self.due) if is_late else (state, None)
        return Outcome(self.kind, self.started, self.due, self.stopped, state, breached)


@dataclass
class Desk:
    """One ticket. `ended_by` is the answer that resolved or closed it."""

    priorities: list[tuple[int, int]]
    responses: list[Promise] = field(default_factory=list)
    updates: list[Promise] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)
    ended_at: int | None = None
    ended_by: Answer | None = None
    is_disputed: bool = False

    def take(self, step: Step) -> None:
        match step.act:
            case Act.ASKED:
                self.ask(step.happened)
            case Act.REPLIED:
                self.answer(step, step.at)
            case Act.CALLED:
                self.answer(step, step.happened)
            case Act.BOUNCED | Act.VOIDED:
                self.take_back(step)
            case Act.PRIORITY:
                self.set_priority(step.at, step.priority)
            case Act.STATUS:
                self.set_status(step)

    # Terms

    def priority_at(self, minute: int) -> int:
        return [priority for at, priority in self.priorities if at <= minute][-1]

    def due_of(self, started: int, *, until: int | None = None) -> int:
        """The window of the start, or one that a higher priority began later, and that ends earlier."""
        changes = [(at, priority) for at, priority in self.priorities if until is None or at <= until]
        later = [at + WINDOWS[priority] for at, priority in changes if at > started]
        return min([started + WINDOWS[self.priority_at(started)], *later])

    # What the customer writes

    def ask(self, received: int) -> None:
        question = Question(received)
        self.questions.append(question)
        self.reopen()
        self.owe_from(question)

    def owe_from(self, question: Question) -> None:
        """An answer is owed since the oldest question, whenever it is read."""
        started, due, owed = question.received, self.due_of(question.received), open_of(self.responses)
        if not owed:
            kind = "next_response" if self.responses else "first_response"
            self.responses.append(Promise(kind, started, due, question))
        elif started < owed.started:
            owed.started, owed.due, owed.cause = started, due, question

    # What colleagues do

    def answer(self, step: Step, at: int) -> None:
        if step.then in ENDED and any(each.received > at for each in self.unanswered()):
            self.refused.append(step.at)
            return
        answer = self.answers[step.at] = Answer(at)
        for question in self.questions:
            if question.received <= at:
                question.answers.append(answer)
        self.end_response(answer)
        self.end_update(answer, is_last=self.ended_at is not None or step.then in ENDED)
        if step.then in ENDED:
            self.end(step.at, by=answer)
        elif step.then:
            self.reopen()

    def unanswered(self) -> list[Question]:
        return [question for question in self.questions if not question.is_answered]

    def end_response(self, answer: Answer) -> None:
        """A younger question, if there is one, is the oldest unanswered one from now on."""
        owed = open_of(self.responses)
        if owed and owed.started <= answer.at:
            owed.answer([answer])
            for question in sorted(self.unanswered(), key=lambda each: each.received)[:1]:
                self.owe_from(question)

    def end_update(self, answer: Answer, *, is_last: bool) -> None:
        owed = open_of(self.updates)
        if owed and owed.started <= answer.at:
            owed.answer([answer])
            owed = None
        every = UPDATE_EVERY.get(self.priorities[-1][1])
        if every and not owed and not is_last:
            self.updates.append(Promise("update", answer.at, answer.at + every, answer))

    def set_priority(self, at: int, priority: int) -> None:
        self.priorities.append((at, priority))
        owed = open_of(self.responses)
        if owed:
            owed.due = self.due_of(owed.started)

    def set_status(self, step: Step) -> None:
        if step.then not in ENDED:
            self.reopen()
        elif open_of(self.responses):
            self.refused.append(step.at)
        else:
            self.end(step.at)

    def end(self, at: int, *, by: Answer | None = None) -> None:
        if self.ended_at is None:
            self.ended_at, self.ended_by = at, by
            cancel(self.updates, at)

    def reopen(self) -> None:
        self.ended_at = self.ended_by = None

    # What is taken back

    def take_back(self, step: Step) -> None:
        answer = self.answers.get(step.answer)
        if answer and answer.stands:
            self.revoke(answer, step.at)
        elif answer and step.act is Act.VOIDED:
            self.refused.append(step.at)

    def revoke(self, answer: Answer, at: int) -> None:
        answer.stands = False
        if self.ended_by is answer:
            self.reopen()
        for promise in [each for each in self.responses if each.answered_by is answer]:
            self.run_again(promise, at)
        self.owe_what_is_left()
        cancel([each for each in self.updates if each.cause is answer], at)
        for promise in [each for each in self.updates if each.answered_by is answer]:
            promise.answer(each for each in self.since(promise) if each is not promise.cause)
            self.is_disputed |= promise.stopped is not None and not open_of(self.updates)
            supersede(promise, self.updates, at)
            if self.ended_at is not None:
                cancel([promise], self.ended_at)

    def owe_what_is_left(self) -> None:
        """Another answer took the place of the one taken back, but was given before a younger question."""
        left = sorted(self.unanswered(), key=lambda each: each.received)
        if left and not open_of(self.responses):
            self.reopen()
            self.owe_from(left[0])

    def since(self, promise: Promise) -> list[Answer]:
        return [each for each in self.answers.values() if each.stands and each.at >= promise.started]

    def run_again(self, promise: Promise, at: int) -> None:
        """Until the next answer to its question that stands; if there is none, on an open ticket from now on."""
        assert isinstance(promise.cause, Question)
        promise.answer(promise.cause.answers)
        promise.due = self.due_of(promise.started, until=promise.stopped)
        supersede(promise, self.responses, at)
        if promise.stopped is None:
            cancel([each for each in self.responses if each is not promise], at)
            self.reopen()


def open_of(promises: list[Promise]) -> Promise | None:
    return next((promise for promise in promises if promise.stopped is None), None)


def supersede(promise: Promise, promises: list[Promise], at: int) -> None:
    """Only one of them runs: the one that began earlier."""
    earlier = [each for each in promises if each is not promise and each.started < promise.started]
    if promise.stopped is None and open_of(earlier):
        promise.stopped, promise.is_superseded = at, True


def cancel(promises: list[Promise], at: int) -> None:
    for promise in promises:
        if promise.stopped is None:
            promise.stopped = at


def judged(history: History) -> Judgement:
    """How the promises of a history stand at its end, in the order of their words."""
    desk = Desk([(0, history.priority)])
    desk.ask(0)
    for step in history.steps:
        desk.take(step)
    return Judgement(in_order(_outcomes(desk, history.end)), desk.refused, desk.is_disputed)


def _outcomes(desk: Desk, now: int) -> Iterator[Outcome]:
    return (promise.outcome(now) for promise in [*desk.responses, *desk.updates])


def in_order(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return sorted(outcomes, key=str)
