"""Sends notifications after the commit of what they tell.

1. `claim` takes what is due, urgent first, and leases it: a process that dies gives it back by the lease's end.
2. Each reader's share is sorted into single messages and digests (services.storms).
3. Mails go to the outbox; everything else is sent at the same time, in a time limit, while no transaction is open.
4. Each try is a row, and the notification is sent, waits for its next try or way, or has reached nobody: then
   whoever stands next is told (services.unreached).

At least once: what was sent and not recorded goes out again when the lease ends.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, transaction

from escalation.choices import AttemptOutcome, Medium, NoticeKind, NotificationState
from escalation.models import ContactWay, Notification, NotificationAttempt
from escalation.notifications.channels.in_parallel import TIME_LIMIT, send_all
from escalation.notifications.channels.outcomes import NO_WAY, STRAYED, UNWRITTEN, AttemptReport
from escalation.notifications.channels.payload import ChannelMessage, MessageTexts
from escalation.notifications.digests import sort
from escalation.notifications.fallback import tell_next
from escalation.notifications.mail_outcomes import follow_mail
from escalation.notifications.rendering import Reader, reader, words_of
from escalation.notifications.routes import WAITS, Routes, target_of
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.lib.stopping import is_ending
from tickets.models import OutboundEmail, Ticket
from tickets.services.outgoing.outbox import queue_mail

logger = logging.getLogger(__name__)

# Longer than a run takes; so long a page waits whose run was killed. A run that takes longer all the same sends twice.
LEASE = timedelta(minutes=2)
MOST_AT_ONCE = 10_000
# One run ends by itself, so that a worker is free again; a share of messages may take a few time limits.
RUN_FOR = timedelta(seconds=50)
SHARE = 24


@dataclass
class DispatchReport:
    """What one run did, in notifications."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    messages: int = 0

    def __str__(self) -> str:
        return f"sent {self.sent}, waiting {self.waiting}, failed {self.failed}; messages {self.messages}"


def dispatch_due(*, clock: Callable[[], datetime], most: int = MOST_AT_ONCE) -> DispatchReport:
    """Send what is due until nothing is, the run's time is over or the queue is stopped. Not inside a transaction."""
    report = DispatchReport()
    stop_at = clock() + RUN_FOR
    follow_mail(now=clock())
    while (now := clock()) < stop_at and not is_ending():
        rows = claim(now=now, most=most)
        if not rows:
            break
        _DispatchRun(rows, now, clock, stop_at, report).work()
    return report


@transaction.atomic
def claim(*, now: datetime, most: int = MOST_AT_ONCE) -> list[Notification]:
    """Lease what is due; while it is leased, `next_try_at` is the end of the lease."""
    due = Notification.objects.to_send(now).select_for_update(skip_locked=True)
    rows = list(due[:most])
    if rows:
        leased = Notification.objects.filter(pk__in=[row.pk for row in rows])
        leased.update(next_try_at=now + LEASE)
    return rows


@dataclass
class _RoutedMessage:
    """One message by one way, for one notification or a digest of them."""

    rows: list[Notification]
    way: ContactWay
    words: MessageTexts

    def parcel(self, at: datetime) -> ChannelMessage:
        return ChannelMessage(self.way.medium, self.way.address, self.way.secret or "", self.words, at)


@dataclass(frozen=True)
class _Letter:
    """One mail, for one notification or a digest of them."""

    rows: list[Notification]
    to: str
    words: MessageTexts


@dataclass
class _DispatchRun:
    """The work on what one claim took."""

    rows: list[Notification]
    now: datetime
    clock: Callable[[], datetime]
    stop_at: datetime
    report: DispatchReport
    reach: Routes = field(init=False)
    deliveries: list[_RoutedMessage] = field(default_factory=list)
    readers: dict[object, Reader] = field(default_factory=dict)

    def work(self) -> None:
        """Share by share, so that what is sent is recorded soon. What the time does not suffice for is given back, and
        everything when something urgent was written meanwhile: it is claimed again behind that.
        """
        self.reach = Routes.of(self.rows)
        tried = self.reach.known | {row.pk for row in self.rows if row.sent_at is not None}
        found = sort(self.rows, tried, now=self.now)
        for until, held in found.held.items():
            self._wait(held, until)
        batches = found.batches
        while batches and self.clock() < self.stop_at and not is_ending():
            batches = batches[self._work_on(batches[:SHARE]) :]
            if batches and Notification.objects.to_send(self.clock()).filter(is_urgent=True).exists():
                break
        _update([row for batch in batches for row in batch], next_try_at=self.now)

    def _work_on(self, batches: Sequence[list[Notification]]) -> int:
        """How many of them were worked: a digest may be several messages, and these are what takes time."""
        self.deliveries, prepared = [], list[list[Notification]]()
        for batch in batches:
            self._prepare(batch)
            prepared.append(batch)
            if len(self.deliveries) >= SHARE:
                break
        parcels = {key: one.parcel(self.clock()) for key, one in enumerate(self.deliveries)}
        for key, answer in send_all(parcels, time_limit=TIME_LIMIT):
            self._record(self.deliveries[key], answer)
        self._settle([row for batch in prepared for row in batch])
        return len(prepared)

    def _prepare(self, batch: list[Notification]) -> None:
        """Mail to the outbox, messages to be sent. One that cannot be written is found by halving its digest."""
        try:
            letter, deliveries = self._words_for_mail(batch), self._written(batch)
            with transaction.atomic():
                self._mail(letter)
        except (DatabaseError, InterfaceError):
            raise  # nobody can be told now: the leases give everything back
        except Exception as error:  # a notification that our own code cannot put into words spoils no other
            if len(batch) > 1:
                middle = len(batch) // 2
                self._prepare(batch[:middle])
                self._prepare(batch[middle:])
            else:
                logger.exception("Notification %s cannot be put into words", batch[0].pk)
                self._note(batch, _unwritten(error), medium=Medium.MAIL)
        else:
            self.deliveries += deliveries

    def _words_for_mail(self, batch: Sequence[Notification]) -> _Letter | None:
        rows = [row for row in batch if self.reach.wants_mail(row)]
        if not rows:
            return None
        return _Letter(rows, self.reach.users[rows[0].recipient_id or 0].email, self._words(rows))

    def _written(self, batch: Sequence[Notification]) -> list[_RoutedMessage]:
        """One message by each way that the batch takes next, unless its reader has quiet hours."""
        by_way: dict[int, _RoutedMessage] = {}
        for row in batch:
            way = self.reach.next_way(row)
            if way is not None and self.reach.quiet_until(row, self.now) is None:
                by_way.setdefault(way.pk, _RoutedMessage([], way, NO_WORDS)).rows.append(row)
        for delivery in by_way.values():
            delivery.words = self._words(delivery.rows)
        return list(by_way.values())

    def _words(self, rows: Sequence[Notification]) -> MessageTexts:
        return words_of(rows, self._reader(rows[0]))

    def _reader(self, row: Notification) -> Reader:
        target = target_of(row)
        if target not in self.readers:
            self.readers[target] = reader(self.reach.of_target(target), at=self.now)
        return self.readers[target]

    def _mail(self, letter: _Letter | None) -> None:
        """Into the outbox; needs a transaction. A notification counts as sent then, and the outbox cares for it."""
        if letter is None:
            return
        rows, to = letter.rows, letter.to
        try:
            mail = queue_mail(
                purpose=MailPurpose.NOTIFICATION,
                recipients=[to],
                subject=letter.words.subject,
                text=letter.words.text,
                at=self.now,
                ticket=_only_ticket(rows),
            )
        except DeskError as problem:  # mistyped, or the desk's own address
            self._note(rows, AttemptReport(AttemptOutcome.REFUSED, str(problem)), medium=Medium.MAIL, to=to)
            return
        self.report.messages += 1
        self._note(rows, AttemptReport(AttemptOutcome.QUEUED), medium=Medium.MAIL, to=to, mail=mail)
        _update(rows, mail=mail)
        self._mark_sent(rows, self.now)

    def _record(self, delivery: _RoutedMessage, answer: AttemptReport) -> None:
        """What the other side said of one message."""
        way = delivery.way
        if len(delivery.rows) > 1 and answer.is_accepted:
            answer = replace(
                answer, text=answer.text.partition(" ")[0]
            )  # a service that repeats it names all tickets
        with transaction.atomic():
            self._note(delivery.rows, answer, medium=way.medium, to=way.shown, way=way)
            if answer.is_accepted:
                self.report.messages += 1
                self._mark_sent(delivery.rows, self.clock())

    def _note(
        self,
        rows: Sequence[Notification],
        answer: AttemptReport,
        *,
        medium: str,
        to: str = "",
        way: ContactWay | None = None,
        mail: OutboundEmail | None = None,
    ) -> None:
        attempts = [
            NotificationAttempt(
                notification=row, medium=medium, way=way, mail=mail, to=to, at=self.clock(),
                outcome=answer.outcome, answer=answer.text, milliseconds=answer.milliseconds,
            )
            for row in rows
        ]  # fmt: skip
        for attempt in NotificationAttempt.objects.bulk_create(attempts, batch_size=500):
            self.reach.note(attempt)

    def _mark_sent(self, rows: Sequence[Notification], at: datetime) -> None:
        first = [row for row in rows if row.sent_at is None]
        _update(first, sent_at=at)

    @transaction.atomic
    def _settle(self, rows: Sequence[Notification]) -> None:
        waiting: dict[datetime, list[Notification]] = defaultdict(list)
        sent: list[Notification] = []
        failed: list[Notification] = []
        for row in rows:
            again_at = self._again_at(row)
            if again_at is not None:
                waiting[again_at].append(row)
            else:
                (sent if self._was_told(row) else failed).append(row)
        for again_at, those in waiting.items():
            self._wait(those, again_at)
        _update(sent, state=NotificationState.SENT, next_try_at=None)
        _update(failed, state=NotificationState.FAILED, next_try_at=None)
        tell_next(self._without_unset_groups(failed), at=self.now)
        self.report.sent += len(sent)
        self.report.failed += len(failed)

    def _without_unset_groups(self, failed: Sequence[Notification]) -> list[Notification]:
        """A group without a way, or without the ticket by now, is no fault of the moment: nobody is disturbed."""
        unset = [
            row for row in failed if row.recipient_id is None and next(self.reach.listed(row), None) is None
        ]
        for row in unset:
            reason = STRAYED if row.pk in self.reach.strayed else NO_WAY
            self._note([row], AttemptReport(AttemptOutcome.REFUSED, reason), medium=Medium.CHAT)
        return [row for row in failed if row not in unset]

    def _again_at(self, row: Notification) -> datetime | None:
        """When this one is to be tried again; None when there is nothing left to try."""
        way = self.reach.next_way(row)
        if way is None:
            return self.now if self.reach.wants_mail(row) else None
        quiet_until = self.reach.quiet_until(row, self.now)
        return quiet_until or self.now + timedelta(seconds=WAITS[self.reach.tried(row, way)])

    def _was_told(self, row: Notification) -> bool:
        by_mail = row.mail_id is not None and row.pk not in self.reach.no_mail
        return by_mail or row.pk in self.reach.reached

    def _wait(self, rows: Sequence[Notification], until: datetime) -> None:
        _update(rows, next_try_at=until)
        self.report.waiting += len(rows)


NO_WORDS = MessageTexts("", "", "")


def _update(rows: Iterable[Notification], **fields: object) -> None:
    """Set the same on all of them, here and in the database."""
    rows = list(rows)
    if not rows:
        return
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(**fields)
    for row in rows:
        for name, value in fields.items():
            setattr(row, name, value)


def _only_ticket(rows: Sequence[Notification]) -> Ticket | None:
    """Whoever sees the ticket reads the mail in the outbox; word of what moved names others besides."""
    names_others = any(row.kind == NoticeKind.BACK for row in rows)
    is_one = len({row.ticket_id for row in rows}) == 1
    return rows[0].ticket if is_one and not names_others else None


def _unwritten(error: Exception) -> AttemptReport:
    return AttemptReport(AttemptOutcome.REFUSED, f"{UNWRITTEN} ({type(error).__name__})")
