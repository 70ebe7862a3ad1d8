"""The rows of promises: clocks, their ledger with its hashes, the steps that fired, and who was notified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from escalation.choices import (
    AttemptOutcome,
    ClockChange,
    ClockKind,
    ClockState,
    Medium,
    NoticeKind,
    NotificationState,
    Whom,
)
from escalation.clocks.line_hashes import hash_of_form
from escalation.models import (
    Clock,
    ClockEvent,
    Escalation,
    EscalationStep,
    Notification,
    NotificationAttempt,
    PolicyTarget,
)
from supportdesk.demo.filling.conversations import Conversations
from supportdesk.demo.filling.mails import Mails
from supportdesk.demo.filling.staffing import Staffing
from supportdesk.demo.filling.story import OpenPromise, TicketStory, WrittenMessage
from supportdesk.demo.filling.tables import RowSink, TableRows, json_text
from tickets.choices import MailPurpose, OwnerRule, Priority

NOTICED_AFTER = timedelta(seconds=40)  # a breach or a step, by the sweep
CAUSE = "No response within %(percent)s%% of the response time."


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the chain; ``after`` is the part of the window at which it fires."""

    key: int
    after: float
    tell: tuple[str, ...]
    gives_to_manager: bool
    channels: str

    @property
    def percent(self) -> int:
        return round(100 * self.after)


@dataclass(frozen=True)
class DeskTerms:
    """What the desk's own policy promises: windows and steps by priority, the keys that rows refer to."""

    minutes: dict[int, int]
    steps: dict[int, list[Step]]
    version: int
    calendar: int
    calendar_version: int

    @classmethod
    def of_the_desk(cls) -> DeskTerms:
        targets = list(
            PolicyTarget.objects.filter(
                version__policy__is_default=True, kind=ClockKind.FIRST_RESPONSE
            ).select_related("calendar", "version").order_by("version__pk")
        )  # fmt: skip
        newest = targets[-1]
        current = [target for target in targets if target.version_id == newest.version_id]
        minutes = {target.priority: target.minutes for target in current}
        rows = EscalationStep.objects.current().filter(policy=newest.version.policy_id, percent__isnull=False)
        steps = {
            priority: sorted(
                (_step(row) for row in rows if row.highest_priority <= priority <= row.lowest_priority),
                key=lambda step: step.after,
            )
            for priority in Priority.values
        }
        return cls(minutes, steps, newest.version_id, newest.calendar_id, newest.calendar.version)


def _step(row: EscalationStep) -> Step:
    gives = row.reassign_to == Whom.MANAGER
    return Step(row.pk, (row.percent or 0) / 100, tuple(row.tell), gives, json_text(row.channels))


class Promises:
    def __init__(
        self, sink: RowSink, terms: DeskTerms, people: Staffing, conversations: Conversations, mails: Mails
    ) -> None:
        self.terms, self.people, self.conversations, self.mails = terms, people, conversations, mails
        self.clocks = TableRows(
            sink, Clock, "id", "ticket_id", "kind", "state", "priority", "started_at", "due_at", "stopped_at",
            "breached_at", "detected_at", "next_step_at", "minutes", "policy_version_id", "calendar_id",
            "calendar_version", "contract_id", "started_by_id", "answered_by_id",
        )  # fmt: skip
        self.ledger = TableRows(
            sink, ClockEvent, "id", "clock_id", "change", "at", "recorded_at", "actor_id", "holder_id", "message_id",
            "state_before", "state_after", "due_before", "due_after", "cause", "data", "words", "hash",
        )  # fmt: skip
        self.escalations = TableRows(
            sink,
            Escalation,
            "id",
            "clock_id",
            "step_id",
            "due_at",
            "fired_at",
            "from_owner_id",
            "to_owner_id",
            "route",
        )
        self.notifications = TableRows(
            sink, Notification, "id", "recipient_id", "kind", "ticket_id", "clock_id", "escalation_id", "other_id",
            "channels", "is_urgent", "state", "sent_at", "mail_id", "created_at", "work_id",
        )  # fmt: skip
        self.attempts = TableRows(
            sink,
            NotificationAttempt,
            "id",
            "notification_id",
            "medium",
            "to",
            "at",
            "outcome",
            "answer",
            "mail_id",
        )
        self.tables = [self.clocks, self.ledger, self.escalations, self.notifications, self.attempts]

    def begin(self, story: TicketStory, asked: WrittenMessage) -> None:
        """Promise an answer, unless one is owed already."""
        if story.promise is not None:
            return
        kind = ClockKind.NEXT_RESPONSE if story.answers else ClockKind.FIRST_RESPONSE
        due = asked.at + story.window
        promise = OpenPromise(self.clocks.key(), kind.value, asked.at, due, asked, "")
        story.promise = promise
        terms = {
            "policy_version": self.terms.version, "calendar": self.terms.calendar,
            "calendar_version": self.terms.calendar_version, "contract": story.company.contract,
            "contract_window": None, "raised_at": None, "paused_before_raise": 0,
        }  # fmt: skip
        data = {
            "ticket": story.ticket, "kind": kind.value, "priority": int(story.life.priority),
            "minutes": self.terms.minutes[story.life.priority], "terms": terms,
        }  # fmt: skip
        self._line(
            story,
            promise,
            ClockChange.STARTED,
            asked.at,
            state=ClockState.RUNNING,
            message=asked,
            data=data,
            first=True,
        )

    def answer(self, story: TicketStory, answer: WrittenMessage, author: int) -> None:
        """End what is owed: what fell due before is broken."""
        promise = story.promise
        if promise is None:
            return
        self.pass_time(story, promise, until=answer.at)
        is_late = promise.state == ClockState.BREACHED
        change = ClockChange.ANSWERED_LATE if is_late else ClockChange.MET
        state = ClockState.BREACHED if is_late else ClockState.MET
        self._line(story, promise, change, answer.at, state=state, message=answer, actor=author)
        self._write_clock(story, promise, answer)
        story.promise = None
        story.answers += 1

    def leave_open(self, story: TicketStory) -> None:
        """Write what is still owed, with the time of its next step."""
        if story.promise is not None:
            self.pass_time(story, story.promise, until=story.now)
            self._write_clock(story, story.promise, None)

    def pass_time(self, story: TicketStory, promise: OpenPromise, *, until: datetime) -> None:
        """What the sweep does until then: the steps of the chain, and the breach."""
        for step in self.terms.steps[story.life.priority][promise.fired :]:
            due = promise.started_at + step.after * story.window
            if due + NOTICED_AFTER >= until:
                break
            if due >= promise.due_at and promise.state == ClockState.RUNNING:
                self._breach(story, promise)
            self._fire(story, promise, step, due)
            promise.fired += 1
        if promise.state == ClockState.RUNNING and promise.due_at < until:
            self._breach(story, promise)

    def _breach(self, story: TicketStory, promise: OpenPromise) -> None:
        promise.detected_at = promise.due_at + NOTICED_AFTER
        self._line(
            story,
            promise,
            ClockChange.BREACHED,
            promise.due_at,
            state=ClockState.BREACHED,
            recorded_at=promise.detected_at,
        )

    def _fire(self, story: TicketStory, promise: OpenPromise, step: Step, due: datetime) -> None:
        key, at, before = self.escalations.key(), due + NOTICED_AFTER, story.owner
        after = self.people.lead_of.get(before) if step.gives_to_manager else None
        route = [] if after is None else [{"user": after, "why": Whom.MANAGER.value}]
        self.escalations.write(key, promise.key, step.key, due, at, before, after, json_text(route))
        data = {"escalation": key, "percent": step.percent}
        self._line(story, promise, ClockChange.STEP, at, state=promise.state, data=data)
        if after is not None:
            self._give(story, promise, step, at, after)
        for recipient, kind in _told(story, step, before, after).items():
            self._notify(story, promise, key, at, recipient, kind, step)

    def _give(self, story: TicketStory, promise: OpenPromise, step: Step, at: datetime, after: int) -> None:
        before, story.owner = story.owner, after
        names, cause = self.people.name_of, CAUSE % {"percent": step.percent}
        text = f"Escalated from {names[before]} to {names[after]}.\nSubject: {story.subject.text}"
        self.conversations.handed_over(story, at, before=before, text=text, reason=cause)
        data = {"rule": OwnerRule.ESCALATION.value}
        self._line(story, promise, ClockChange.HANDED_OVER, at, state=promise.state, cause=cause, data=data)

    def _notify(
        self,
        story: TicketStory,
        promise: OpenPromise,
        escalation: int,
        at: datetime,
        recipient: int,
        kind: str,
        step: Step,
    ) -> None:
        key, address = self.notifications.key(), self.people.address_of[recipient]
        priority = Priority(story.life.priority)
        mail = self.mails.sent(
            story, at, MailPurpose.NOTIFICATION, to=address, subject=story.subject.text, prefix=f"[{priority.name}] ",
            text=f"Subject: {story.subject.text}\nDue: {promise.due_at:%Y-%m-%d %H:%M} UTC",
        )  # fmt: skip
        self.notifications.write(
            key, recipient, kind, story.ticket, promise.key, escalation, story.owner, step.channels,
            priority <= Priority.P1, NotificationState.SENT, at, mail, at, "",
        )  # fmt: skip
        self.attempts.write(
            self.attempts.key(),
            key,
            Medium.MAIL,
            address,
            at,
            AttemptOutcome.ACCEPTED,
            "250 2.0.0 Ok: queued",
            mail,
        )

    def _line(
        self, story: TicketStory, promise: OpenPromise, change: ClockChange, at: datetime, *, state: str,
        message: WrittenMessage | None = None,
        actor: int | None = None, recorded_at: datetime | None = None, cause: str = "",
        data: Mapping[str, Any] | None = None, first: bool = False,
    ) -> None:  # fmt: skip
        due, recorded, written = promise.due_at, recorded_at or at, dict(data or {})
        due_before, before = (None, "") if first else (due, promise.state)
        key, words = (
            message.key if message is not None else None,
            message.digest if message is not None else None,
        )
        form = {
            "actor": actor, "at": at, "cause": cause, "change": change.value, "data": written, "due_after": due,
            "due_before": due_before, "holder": story.owner, "message": key, "recorded_at": recorded,
            "state_after": str(state), "state_before": str(before),
        }  # fmt: skip
        promise.hash = hash_of_form(form, previous=promise.hash, words=words)
        self.ledger.write(
            self.ledger.key(), promise.key, change, at, recorded, actor, story.owner, key, before, state, due_before,
            due, cause, json_text(written), words, promise.hash,
        )  # fmt: skip
        promise.state = state

    def _write_clock(self, story: TicketStory, promise: OpenPromise, answer: WrittenMessage | None) -> None:
        priority, is_breached = story.life.priority, promise.state == ClockState.BREACHED
        self.clocks.write(
            promise.key, story.ticket, promise.kind, promise.state, int(priority), promise.started_at, promise.due_at,
            answer.at if answer is not None else None, promise.due_at if is_breached else None, promise.detected_at,
            self._next_step(story, promise) if answer is None else None, self.terms.minutes[priority],
            self.terms.version, self.terms.calendar, self.terms.calendar_version, story.company.contract,
            promise.started_by.key, answer.key if answer is not None else None,
        )  # fmt: skip

    def _next_step(self, story: TicketStory, promise: OpenPromise) -> datetime | None:
        times = (
            promise.started_at + step.after * story.window for step in self.terms.steps[story.life.priority]
        )
        return next((due for due in times if due + NOTICED_AFTER >= story.now), None)


def _told(story: TicketStory, step: Step, before: int, after: int | None) -> dict[int, str]:
    """Who is told of a step, and how it concerns them."""
    company = story.company
    others = {
        "account_manager": company.manager,
        "backup": company.backup,
        "holder": before,
        "previous_holder": before,
    }
    usual = (
        NoticeKind.REMINDER
        if 0 < step.after < 1
        else NoticeKind.ESCALATED
        if step.after
        else NoticeKind.PAGED
    )
    told: dict[int, str] = {others[whom]: usual for whom in step.tell if whom in others}
    if after is not None:
        told[before] = NoticeKind.ESCALATED_FROM_YOU
        told[after] = NoticeKind.ESCALATED_TO_YOU
    return told
