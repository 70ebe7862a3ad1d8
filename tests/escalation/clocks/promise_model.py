"""The parts of the model in history_model.py: questions, answers, endings and promises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.escalation.clocks.histories import Outcome

if TYPE_CHECKING:
    from tests.escalation.clocks.history_model import Ticket

Priorities = list[tuple[int, int]]  # since which minute which priority holds


@dataclass(eq=False)
class Answer:
    """`promises_update` if it was given about a P0, and did not end its ticket."""

    at: int
    written: int
    ticket: Ticket
    promises_update: bool
    stands: bool = True


@dataclass(eq=False)
class Ending:
    """A ticket was ended by an answer, or by a colleague alone, until it was opened again.

    Where it was closed `over_a_question`, nobody waits until somebody opens it `by_hand`.
    """

    at: int
    by: Answer | None
    place: Ticket
    over_a_question: bool = False
    until: int | None = None
    by_hand: bool = False

    @property
    def stands(self) -> bool:
        return self.by is None or self.by.stands


@dataclass(eq=False)
class Question:
    """`answers` were written down after it was read and given after it was received, `given_up` with these endings."""

    received: int
    priorities: Priorities
    answers: list[Answer] = field(default_factory=list)
    given_up: list[Ending] = field(default_factory=list)

    @property
    def waits_since(self) -> int | None:
        """Since when an answer is promised, if nobody gives it: anew since the ticket was opened by hand."""
        if not self.given_up:
            return self.received
        last = self.given_up[-1]
        return last.until if last.by_hand else None

    @property
    def is_answered(self) -> bool:
        return any(answer.stands for answer in self.answers)

    def is_answered_before(self, ending: Ending) -> bool:
        return any(answer.stands and answer.at <= ending.at for answer in self.answers)


@dataclass(eq=False)
class Promise:
    """`cause` is the question that waits for an answer, or the answer after which an update is owed.

    `answers` are those that may end it, `endings` those of its ticket since it began. It was not begun where
    `held_back_by` an answer that had ended the ticket. `met_others` are the promises with which a merge brought it
    together, and when. Where `is_superseded`, one that began earlier holds instead; only a breach that the answer had
    ended stays.
    """

    kind: str
    started: int
    due: int
    cause: Question | Answer
    answers: list[Answer]
    endings: list[Ending] = field(default_factory=list)
    held_back_by: list[Answer] = field(default_factory=list)
    met_others: dict[Promise, int] = field(default_factory=dict)
    stopped: int | None = None
    answered_by: Answer | None = None
    is_superseded: bool = False
    was_late: bool = False
    is_proposed_for_waiver: bool = False
    waived: int | None = None

    @property
    def given_up(self) -> Ending | None:
        """The closing that ended it while the customer waited."""
        if self.kind == "update" or self.answered_by or self.stopped is None:
            return None
        over = [ending for ending in self.endings if ending.over_a_question]
        return next((ending for ending in over if ending.at == self.stopped), None)

    def end(self, answers: Iterable[Answer], endings: Iterable[Ending] = ()) -> None:
        """End with the first of these answers that stands, or with the ticket if that ended before, if any did."""
        self.was_late |= self.stopped is not None and self.due < self.stopped
        standing = [answer for answer in answers if answer.stands]
        first = min(standing, key=lambda answer: answer.at, default=None)
        ended = min((ending.at for ending in endings if ending.stands), default=None)
        if first is not None and ended is not None and ended < first.at:
            first = None
        self.answered_by, self.stopped = first, first.at if first else ended

    def ended_after(self, at: int) -> bool:
        """True if it ended later, by an answer or with its ticket."""
        if self.stopped is None or self.stopped <= at or self.held_back_by:
            return False
        return bool(self.answered_by) or any(each.stands and each.at == self.stopped for each in self.endings)

    def outcome(self, now: int) -> Outcome:
        until = now if self.stopped is None else self.stopped
        is_late = self.due < until or (self.due == until and not self.answered_by)
        is_late |= bool(self.given_up) and not (self.waived is not None and self.waived <= until)
        is_late &= self.was_late or not self.is_superseded
        state = "running" if self.stopped is None else "met" if self.answered_by else "cancelled"
        state, breached = ("breached", self.due) if is_late else (state, None)
        return Outcome(
            self.kind, self.started, self.due, self.stopped, state, breached, self.waived is not None
        )


def would_run(promise: Promise, *, without: list[Answer]) -> bool:
    """True if this update ran now had these answers never been given."""
    if promise.stopped is None and not promise.held_back_by:
        return True
    if any(answer.stands and answer not in without for answer in promise.answers):
        return False
    if any(ending.stands and ending.by not in without for ending in promise.endings):
        return False
    ended = [ending.at for ending in promise.endings if ending.by in without]
    ended_by_them = promise.answered_by in without or (not promise.answered_by and promise.stopped in ended)
    return promise.stopped is None or ended_by_them


def is_set_free(promise: Promise, answer: Answer) -> bool:
    """True for an update that this answer ended, by itself or with the ticket, or that it held back."""
    if answer in promise.held_back_by:
        promise.held_back_by = []
        return True
    ended = [ending.at for ending in promise.endings if ending.by is answer]
    return promise.answered_by is answer or (not promise.answered_by and promise.stopped in ended)


def open_of(promises: Iterable[Promise]) -> Promise | None:
    return next((each for each in promises if each.stopped is None and not each.held_back_by), None)


def strictest(promises: Iterable[Promise]) -> Promise:
    return min(promises, key=lambda promise: promise.due)


def keep_one(promise: Promise, promises: list[Promise], at: int) -> None:
    """Only one of them runs: the one that began earlier, or of two that a merge had brought together the stricter."""
    other = open_of(each for each in promises if each is not promise)
    if promise.stopped is not None or other is None:
        return
    merged = promise.met_others.get(other)
    keeps_other = strictest([other, promise]) is other if merged else other.started < promise.started
    if not keeps_other:
        cancel([other], at)
    elif merged:
        promise.stopped = merged
    else:
        promise.stopped, promise.is_superseded = at, True


def cancel(promises: Iterable[Promise], at: int) -> None:
    for promise in promises:
        if promise.stopped is None and not promise.held_back_by:
            promise.stopped = at
