"""The promises of a customer's tickets as the design tells them, in values alone and in minutes.

Written without looking at the desk's code, to be compared with it. It knows no sweeps: what was due is overdue from
that minute on, whoever looked. What was said in one ticket says nothing in another before they are merged.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.escalation.clocks.histories import (
    UPDATE_EVERY,
    WINDOWS,
    Act,
    History,
    Hours,
    Judgement,
    Outcome,
    Step,
    end_of,
    in_order,
)
from tests.escalation.clocks.promise_model import (
    Answer,
    Ending,
    Priorities,
    Promise,
    Question,
    cancel,
    is_set_free,
    keep_one,
    open_of,
    strictest,
    would_run,
)
from tests.escalation.clocks.resolution_model import (
    Resolution,
    Wait,
    is_promised,
    keep_one_resolution,
    running,
)

ENDED = ("resolved", "closed")
LONG_AGO = -1_000_000


@dataclass(eq=False)
class Ticket:
    """`priorities` also has those of the tickets that were merged into it, and how they went on; `said` has not."""

    priorities: list[Priorities]
    hours: Hours
    responses: list[Promise] = field(default_factory=list)
    updates: list[Promise] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    said: list[Answer] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    resolves: bool = False
    resolutions: list[Resolution] = field(default_factory=list)
    wait: Wait | None = None
    merged_into: "Ticket | None" = None

    @property
    def staying(self) -> "Ticket":
        return self if self.merged_into is None else self.merged_into.staying

    @property
    def priority(self) -> int:
        return self.priorities[0][-1][1]

    @property
    def endings_in_force(self) -> list[Ending]:
        return [ending for ending in self.endings if ending.until is None]

    @property
    def promises(self) -> list[Promise | Resolution]:
        promises = [*self.responses, *self.updates]
        return [*(promise for promise in promises if not promise.held_back_by), *self.resolutions]

    # Terms

    def due_of(self, question: Question, started: int, *, until: int | None = None) -> int:
        """The window of the start, or one that a higher priority began later, and that ends earlier."""
        changes = question.priorities
        first = [priority for at, priority in changes if at <= started][-1]
        later = [
            (at, priority) for at, priority in changes if started < at and (until is None or at <= until)
        ]
        return min(
            end_of(WINDOWS[priority], at, priority, self.hours) for at, priority in [(started, first), *later]
        )

    # What the customer writes

    def ask(self, received: int, at: int) -> None:
        question = Question(received, self.priorities[0])
        self.questions.append(question)
        self.reopen(at)
        self.end_wait(at)
        self.resolve_since(question)
        self.owe_from(question)

    def resolve_since(self, question: Question) -> None:
        """A resolution too begins with the oldest question, but not before the end of an earlier one."""
        begun, received = running(self.resolutions), question.received
        ended_since = any(each.stopped is not None and received < each.stopped for each in self.resolutions)
        if begun and received < begun.started and not ended_since:
            begun.starts.append(received)

    # What is to be resolved

    def begin_resolution(self, started: int, priorities: Priorities) -> None:
        if self.resolves and not running(self.resolutions) and is_promised(priorities, started):
            waits = [self.wait] if self.wait else []
            self.resolutions.append(Resolution([started], priorities, self.hours, waits))

    def begin_wait(self, at: int, by: Answer | None) -> None:
        if self.wait is None:
            self.wait = Wait(at, by)
            for resolution in self.resolutions:
                resolution.waits.append(self.wait)

    def end_wait(self, at: int) -> None:
        if self.wait:
            self.wait.until, self.wait = at, None

    def owe_from(self, question: Question) -> None:
        """An answer is owed since the oldest question, whenever it is read."""
        started, owed = question.waits_since, open_of(self.responses)
        assert started is not None
        due = self.due_of(question, started)
        if not owed:
            kind = "next_response" if self.responses else "first_response"
            self.responses.append(Promise(kind, started, due, question, question.answers))
            if started == question.received:
                self.begin_resolution(started, question.priorities)
        elif started < owed.started:
            owed.started, owed.due = started, min(owed.due, due)
            owed.cause, owed.answers = question, question.answers

    def unanswered(self) -> list[Question]:
        waiting = [each for each in self.questions if not each.is_answered and each.waits_since is not None]
        return sorted(waiting, key=lambda each: (each.waits_since, each.received))

    # What colleagues do

    def answer(self, answer: Answer, then: str) -> None:
        for question in self.questions:
            if question.received <= answer.at:
                question.answers.append(answer)
        self.end_response(answer)
        self.end_update(answer)
        self.said.append(answer)
        if then in ENDED:
            self.end(answer.written, by=answer)
        elif then:
            self.begin_wait(answer.written, answer)
            self.reopen_by_hand(answer.written)

    def end_response(self, answer: Answer) -> None:
        """A younger question, if there is one, is the oldest unanswered one from now on."""
        for promise in list(self.responses):
            if promise.answered_by and promise.started <= answer.at < promise.answered_by.at:
                self.answer_earlier(promise, answer)
            elif promise.given_up and promise.started <= answer.at < promise.given_up.at:
                self.answer_before_closing(promise, promise.given_up, answer)
        owed = open_of(self.responses)
        if owed and owed.started <= answer.at:
            owed.end([answer])
            for question in self.unanswered()[:1]:
                self.owe_from(question)
        elif owed and owed.cause.is_answered:
            self.answer_before_reopening(owed, answer)

    def answer_before_closing(self, promise: Promise, closing: Ending, answer: Answer) -> None:
        """The ticket was closed over the oldest question since the answer, if there was one."""
        promise.answered_by, promise.stopped = answer, answer.at
        since = [
            each
            for each in self.questions
            if answer.at < each.received and closing in each.given_up and not each.is_answered_before(closing)
        ]
        if since:
            oldest = min(since, key=lambda question: question.received)
            begun = Promise("next_response", oldest.received, 0, oldest, oldest.answers, [closing])
            begun.end(oldest.answers, [closing])
            begun.due = self.due_of(oldest, oldest.received, until=begun.stopped)
            self.responses.append(begun)

    def answer_before_reopening(self, owed: Promise, answer: Answer) -> None:
        """What was promised by opening the ticket is owed about another question of then, or about none."""
        others = [each for each in self.unanswered() if each.waits_since == owed.started]
        if others:
            owed.cause, owed.answers = others[0], others[0].answers
            return
        cancel([owed], answer.written)
        for question in self.unanswered()[:1]:
            self.owe_from(question)

    def answer_earlier(self, promise: Promise, answer: Answer) -> None:
        """What had ended the promise was given later: it answered the oldest question since, if there was one."""
        later = promise.answered_by
        assert later
        promise.answered_by, promise.stopped = answer, answer.at
        since = [
            each for each in self.questions if answer.at < each.received <= later.at and later in each.answers
        ]
        if not since:
            return
        oldest = min(since, key=lambda question: question.received)
        others = [each for each in self.responses if each.answered_by is later]
        if not any(each.started <= oldest.received for each in others):
            begun = Promise("next_response", oldest.received, 0, oldest, oldest.answers)
            begun.end(oldest.answers)
            begun.due = self.due_of(oldest, oldest.received, until=begun.stopped)
            self.responses.append(begun)

    def update_in_retrospect(self, answer: Answer) -> bool:
        """Begin the update after an answer that was written down after a later one or an end. False for others."""
        later = [each for each in self.said if each.stands and each.at > answer.at]
        endings = [
            each for each in self.endings if each.stands and each.at > answer.at and each.place is self
        ]
        if not later and not endings:
            return False
        over = [
            each
            for each in self.endings
            if each.stands
            and each.place is self
            and each.at <= answer.at
            and (each.until is None or answer.at < each.until)
        ]
        if answer.promises_update and all(each.by for each in over):
            due = end_of(UPDATE_EVERY[0], answer.at, 0, self.hours)
            held_back_by = [each.by for each in over if each.by]
            begun = Promise("update", answer.at, due, answer, later, endings, held_back_by)
            if not held_back_by:
                begun.end(later, endings)
            self.updates.append(begun)
        return True

    def end_update(self, answer: Answer) -> None:
        """An answer promises the next update, once its ticket turns out not to have been ended by an answer before."""
        for promise in self.updates:
            if promise.started <= answer.at and promise.ended_after(answer.at):
                promise.answered_by, promise.stopped = answer, answer.at
        in_force = self.endings_in_force
        for promise in self.updates:
            if promise.started <= answer.at:
                promise.answers.append(answer)
        owed = open_of(self.updates)
        if owed and owed.started <= answer.at:
            owed.end([answer])
        if self.update_in_retrospect(answer):
            return
        held_back_by = [ending.by for ending in in_force if ending.by]
        is_owed = any(would_run(each, without=held_back_by) for each in self.updates)
        if answer.promises_update and not is_owed and (held_back_by or not in_force):
            due = end_of(UPDATE_EVERY[0], answer.at, 0, self.hours)
            self.updates.append(
                Promise("update", answer.at, due, answer, answers=[], held_back_by=held_back_by)
            )

    def set_priority(self, at: int, priority: int) -> None:
        for changes in self.priorities:
            changes.append((at, priority))
        owed = open_of(self.responses)
        if owed and isinstance(owed.cause, Question):
            owed.due = min(owed.due, end_of(WINDOWS[priority], at, priority, self.hours))

    def end(self, at: int, *, by: Answer | None = None) -> None:
        if not self.endings_in_force:
            self.end_wait(at)
            self.endings.append(Ending(at, by, self))
            for promise in self.updates:
                promise.endings.append(self.endings[-1])
            cancel(self.updates, at)
            for resolution in self.resolutions:
                resolution.endings.append(self.endings[-1])
            if owed := running(self.resolutions):
                owed.ended = self.endings[-1]

    def close(self, at: int) -> None:
        """For a reason, which a lead may give while the customer waits: that breaks the promise."""
        owed = open_of(self.responses)
        self.end(at)
        if owed:
            closing = self.endings_in_force[0]
            closing.over_a_question = True
            for question in self.questions:
                question.given_up.append(closing)
            for promise in self.responses:
                promise.endings.append(closing)
            owed.end([], [closing])
            owed.is_proposed_for_waiver = True

    def reopen(self, at: int) -> None:
        for ending in self.endings_in_force:
            ending.until = at

    def reopen_for_all(self, at: int) -> None:
        """Not by the words of the customer, which are promised an answer themselves."""
        for ending in self.endings_in_force:
            ending.until, ending.by_hand = at, True

    def reopen_by_hand(self, at: int) -> None:
        """Whoever opens it promises an answer anew, if nobody had given it."""
        was_ended = bool(self.endings_in_force)
        self.reopen_for_all(at)
        if not open_of(self.responses) and self.unanswered():
            self.owe_from(self.unanswered()[0])
        if was_ended:
            self.begin_resolution(at, self.priorities[0])

    def merge(self, source: "Ticket", at: int) -> None:
        """The stricter of each kind stays. The ticket is open if anybody waits or one of the matters goes on."""
        is_active = not self.endings_in_force
        goes_on = any(not ticket.endings_in_force for ticket in (self, source))
        for ours, theirs in ((self.responses, source.responses), (self.updates, source.updates)):
            for one in ours:
                one.met_others.update(dict.fromkeys(theirs, at))
            for one in theirs:
                one.met_others.update(dict.fromkeys(ours, at))
            owed = [promise for promise in (open_of(ours), open_of(theirs)) if promise]
            cancel([promise for promise in owed if promise is not strictest(owed)], at)
            ours.extend(theirs)
        self.merge_resolutions(source, at)
        self.questions.extend(source.questions)
        self.priorities.extend(source.priorities)
        self.endings.extend(source.endings)
        source.merged_into = self
        waits_for_customer = bool(self.wait if is_active else source.wait)
        by = self.wait.by if is_active and self.wait else None
        source.end_wait(at)
        self.end_wait(at)
        if waits_for_customer:
            self.begin_wait(at, by)
        if goes_on or open_of(self.responses):
            self.reopen_by_hand(at)
        if open_of(self.responses):
            self.end_wait(at)

    def merge_resolutions(self, source: "Ticket", at: int) -> None:
        """The stricter stays; it is paused from now on while the ticket that stays waits for the customer."""
        ours, theirs = self.resolutions, source.resolutions
        for one in ours:
            one.met_others.update(dict.fromkeys(theirs, at))
        for one in theirs:
            one.met_others.update(dict.fromkeys(ours, at))
        owed = [each for each in (running(ours), running(theirs)) if each]
        strictest_first = sorted(owed, key=lambda each: each.run(at).truly_due(at))
        for other in strictest_first[1:]:
            other.lost = at
        ours.extend(theirs)

    # What is taken back

    def revoke(self, answer: Answer, at: int) -> None:
        """Everything owed runs on as if the answer had never been given."""
        waited = [question.received for question in self.unanswered()[:1]]
        answer.stands = False
        if any(ending.by is answer for ending in self.endings_in_force):
            self.reopen_for_all(at)
        in_force = self.endings_in_force
        waits = self.wait_again(answer, at)
        self.resolve_again(answer, in_force if waits else [], at)
        waiting = [question.received for question in self.unanswered()[:1]]
        if self.wait and self.wait.by is answer:
            for each in self.resolutions:
                each.forget_waits(answer)
            self.wait = None
        elif waiting and waiting != waited:
            self.end_wait(at)
        self.updates = [each for each in self.updates if not (each.held_back_by and each.cause is answer)]
        cancel([each for each in self.updates if each.cause is answer], at)
        for promise in sorted(self.updates, key=lambda each: each.started):
            if promise.cause is not answer and is_set_free(promise, answer):
                # Nobody could have ended the ticket without this answer while the customer waited for one.
                could_end = [each for each in promise.endings if each.over_a_question or not waits]
                promise.end(promise.answers, could_end)
                keep_one(promise, self.updates, at)

    def resolve_again(self, answer: Answer, in_force: list[Ending], at: int) -> None:
        """What this answer had ended goes on, or what nobody could have ended while the customer waited."""
        for each in sorted(self.resolutions, key=lambda each: each.started):
            if each.lost is None and each.ended and (each.ended.by is answer or each.ended in in_force):
                stands = [end for end in each.endings if end.stands and end not in in_force]
                each.ended = min(stands, key=lambda end: end.at, default=None)
                if each.ended is None:
                    keep_one_resolution(each, self.resolutions, at)

    def wait_again(self, answer: Answer, at: int) -> bool:
        """Let promises run again until the next answer to their question that stands. True if one runs, or begins."""
        freed = [promise for promise in self.responses if promise.answered_by is answer]
        for promise in sorted(freed, key=lambda each: each.started):
            assert isinstance(promise.cause, Question)
            promise.end(promise.answers, promise.endings)
            promise.due = min(promise.due, self.due_of(promise.cause, promise.started, until=promise.stopped))
            keep_one(promise, self.responses, at)
        waits = any(promise.stopped is None or promise.is_superseded for promise in freed)
        if not open_of(self.responses) and self.unanswered():
            # Another answer took the place of the one taken back, but was given before a younger question.
            self.owe_from(self.unanswered()[0])
            waits = True
        if waits:
            self.reopen_for_all(at)
        return waits


@dataclass
class Desk:
    """All tickets of one customer."""

    hours: Hours
    resolves: bool = False
    tickets: list[Ticket] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    def open(self, priority: int, received: int, at: int) -> None:
        self.tickets.append(Ticket([[(LONG_AGO, priority)]], self.hours, resolves=self.resolves))
        self.tickets[-1].ask(received, at)

    def ticket(self, number: int) -> Ticket:
        return self.tickets[min(number, len(self.tickets) - 1)].staying

    def take(self, step: Step) -> None:
        ticket = self.ticket(step.ticket)
        match step.act:
            case Act.OPENED:
                self.open(step.priority, step.happened, step.at)
            case Act.ASKED:
                ticket.ask(step.happened, step.at)
            case Act.REPLIED:
                self.answer(ticket, step, step.at)
            case Act.CALLED:
                self.answer(ticket, step, step.happened)
            case Act.BOUNCED | Act.VOIDED:
                self.take_back(step)
            case Act.PRIORITY:
                ticket.set_priority(step.at, step.priority)
            case Act.STATUS | Act.CLOSED:
                self.set_status(ticket, step)
            case Act.MERGED if ticket is not self.ticket(step.into):
                self.ticket(step.into).merge(ticket, step.at)
            case Act.EXCUSED | Act.CONFIRMED:
                self.excuse(ticket, step)

    def answer(self, ticket: Ticket, step: Step, at: int) -> None:
        """A call about nothing that was received before it is refused, and an end while the customer waits."""
        waits = step.then in ENDED and any(each.received > at for each in ticket.unanswered())
        if waits or at < min(question.received for question in ticket.questions):
            self.refused.append(step.at)
            return
        ends = step.then in ENDED and not ticket.endings_in_force
        promises_update = ticket.priority in UPDATE_EVERY and not ends
        answer = self.answers[step.at] = Answer(at, step.at, ticket, promises_update)
        ticket.answer(answer, step.then)

    def set_status(self, ticket: Ticket, step: Step) -> None:
        if step.act is Act.CLOSED:
            ticket.close(step.at)
        elif step.then == "waiting":
            ticket.begin_wait(step.at, None)
            ticket.reopen_by_hand(step.at)
        elif step.then not in ENDED:
            ticket.end_wait(step.at)
            ticket.reopen_by_hand(step.at)
        elif open_of(ticket.responses):
            self.refused.append(step.at)
        else:
            ticket.end(step.at)

    def take_back(self, step: Step) -> None:
        answer = self.answers.get(step.answer)
        if answer and answer.stands:
            answer.ticket.staying.revoke(answer, step.at)
        elif answer and step.act is Act.VOIDED:
            self.refused.append(step.at)

    def excuse(self, ticket: Ticket, step: Step) -> None:
        """A lead proposes it and another one confirms it, while the promise is neither kept nor cancelled."""
        promises = sorted(
            ticket.promises, key=lambda each: (each.kind, each.started, each.outcome(step.at).due)
        )
        promise = promises[step.promise % len(promises)]
        is_owed = (
            promise.outcome(step.at).state in ("running", "paused", "breached") and promise.waived is None
        )
        if not is_owed or promise.is_proposed_for_waiver != (step.act is Act.CONFIRMED):
            self.refused.append(step.at)
        elif step.act is Act.EXCUSED:
            promise.is_proposed_for_waiver = True
        else:
            promise.waived = step.at


def judged(history: History) -> Judgement:
    """How the promises of a history stand at its end, in the order of their words."""
    desk = Desk(history.hours, history.resolves)
    desk.open(history.priority, 0, history.noticed)
    for step in history.steps:
        desk.take(step)
    return Judgement(in_order(_outcomes(desk, history.end)), desk.refused)


def _outcomes(desk: Desk, now: int) -> Iterator[Outcome]:
    staying = dict.fromkeys(ticket.staying for ticket in desk.tickets)
    return (promise.outcome(now) for ticket in staying for promise in ticket.promises)
