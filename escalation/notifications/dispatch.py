"""Sends notifications after the facts they report are committed.

1. `claim` takes the due ones, urgent first, and leases them. If the process dies, the lease runs out and another
   process takes them.
2. `digests` splits each reader's notifications into single messages and digests.
3. Mails go to the outbox. All other messages are sent in parallel, within a time limit, outside any transaction.
4. Each attempt is a row. Afterwards a notification is sent, waits for its next try, or has failed: then `fallback`
   tells the next person.

Delivery is at least once: a message that was sent but not recorded goes out again when the lease ends.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, transaction

from customers.times import as_read_by
from customers.work_ids import working_on
from escalation.choices import AttemptOutcome, Medium, NoticeKind, NotificationState
from escalation.models import ContactWay, Notification, NotificationAttempt
from escalation.notifications.channels.delivery import TIME_LIMIT, send_all
from escalation.notifications.channels.outcomes import NO_WAY, STRAYED, UNWRITTEN, AttemptReport
from escalation.notifications.channels.payload import ChannelMessage, MessageTexts
from escalation.notifications.digests import split_into_batches
from escalation.notifications.fallback import tell_next
from escalation.notifications.mail_outcomes import follow_mail, follow_refused_pages
from escalation.notifications.rendering import Reader, reader_for, render
from escalation.notifications.routes import Addressee, Routes
from escalation.notifications.wording import ABOUT_EMAIL
from tickets.answer_line import answer_line
from tickets.choices import MailPurpose
from tickets.errors import DeskError
from tickets.lib.stopping import is_ending
from tickets.models import OutboundEmail
from tickets.models.ticket import ticket_number
from tickets.services.outgoing.outbox import queue_mail

logger = logging.getLogger(__name__)

# How long a notification waits if its run was killed. Longer than a run, as one that outlasts its lease sends twice.
LEASE = timedelta(minutes=2)
MOST_AT_ONCE = 10_000
# A run ends by itself to free its worker. It works share by share, and one share may take a few time limits.
RUN_FOR = timedelta(seconds=50)
SHARE = 24


@dataclass
class DispatchReport:
    """What one run did: counts of notifications, and of the messages that carried them."""

    sent: int = 0
    waiting: int = 0
    failed: int = 0
    messages: int = 0

    def __str__(self) -> str:
        return f"sent {self.sent}, waiting {self.waiting}, failed {self.failed}; messages {self.messages}"


def dispatch_due(
    *, read_clock: Callable[[], datetime], most: int = MOST_AT_ONCE, only_urgent: bool = False
) -> DispatchReport:
    """Send until nothing is due, the run's time is over, or the queue is stopped. Call this outside a transaction."""
    report = DispatchReport()
    stop_at = read_clock() + RUN_FOR
    if not only_urgent:
        follow_mail(now=read_clock())
    while (now := read_clock()) < stop_at and not is_ending():
        rows = claim(now=now, most=most, only_urgent=only_urgent)
        if not rows:
            break
        _DispatchRun(rows, now, read_clock, stop_at, report).run()
    return report


def page_urgent(*, read_clock: Callable[[], datetime]) -> DispatchReport:
    """Send what is urgent and due, if anything is, to the next person too if the mail of a page was refused.

    Asked every second, so it locks nothing while nothing is due.
    """
    follow_refused_pages(now=read_clock())
    urgent = Notification.objects.to_send(read_clock()).filter(is_urgent=True)
    return dispatch_due(read_clock=read_clock, only_urgent=True) if urgent.exists() else DispatchReport()


@transaction.atomic
def claim(*, now: datetime, most: int = MOST_AT_ONCE, only_urgent: bool = False) -> list[Notification]:
    """Lease the due notifications. While they are leased, `next_try_at` is the end of the lease."""
    due = Notification.objects.to_send(now)
    due = due.filter(is_urgent=True) if only_urgent else due
    rows = list(due.select_for_update(skip_locked=True)[:most])
    if rows:
        Notification.objects.filter(pk__in=[row.pk for row in rows]).update(next_try_at=now + LEASE)
    return rows


@dataclass
class _RoutedMessage:
    """One message through one contact way: a notification, or a digest of several."""

    rows: list[Notification]
    way: ContactWay
    texts: MessageTexts


@dataclass
class _DispatchRun:
    """The work on the notifications of one claim."""

    rows: list[Notification]
    now: datetime
    read_clock: Callable[[], datetime]
    stop_at: datetime
    report: DispatchReport
    routes: Routes = field(init=False)
    messages: list[_RoutedMessage] = field(default_factory=list)
    readers: dict[Addressee, Reader] = field(default_factory=dict)

    def run(self) -> None:
        """Work share by share, so that sent messages are recorded soon.

        Give back the rest when time is up or when an urgent notification came in meanwhile, as the next claim takes
        the urgent ones first.
        """
        self.routes = Routes.of(self.rows)
        batches = split_into_batches(self.rows, self.routes, now=self.now)
        for until, held in batches.held.items():
            self._let_wait(held, until)
        left = batches.ready
        while left and self.read_clock() < self.stop_at and not is_ending():
            left = left[self._send_share(left[:SHARE]) :]
            if left and Notification.objects.to_send(self.read_clock()).filter(is_urgent=True).exists():
                break
        _update([row for batch in left for row in batch], next_try_at=self.now)

    def _send_share(self, batches: Sequence[list[Notification]]) -> int:
        """Send the first batches up to a share of messages, which take the time; returns how many batches.

        A digest may be several messages, one for each medium.
        """
        self.messages, done = [], list[list[Notification]]()
        for batch in batches:
            self._prepare(batch)
            done.append(batch)
            if len(self.messages) >= SHARE:
                break
        at = self.read_clock()
        parcels = {
            key: ChannelMessage(
                each.way.medium, each.way.usable_address, each.way.secret or "", each.texts, at
            )
            for key, each in enumerate(self.messages)
        }
        for key, report in send_all(parcels, time_limit=TIME_LIMIT):
            self._record(self.messages[key], report)
        self._conclude([row for batch in done for row in batch])
        return len(done)

    def _prepare(self, batch: list[Notification]) -> None:
        """Put mail into the outbox and write the other messages.

        Halve a digest that cannot be written, to find the notification at fault: one on which our own code fails must
        not spoil the others.
        """
        try:
            for_mail = [row for row in batch if self.routes.wants_mail(row)]
            mail_texts = self._render(for_mail) if for_mail else None
            messages = self._write_messages(batch)
            with transaction.atomic(), working_on(batch[0].work_id):
                if mail_texts is not None:
                    self._queue_mail(for_mail, mail_texts)
        except (DatabaseError, InterfaceError):
            raise  # the database fails: everything comes back when the lease ends
        except Exception as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                self._prepare(batch[:middle])
                self._prepare(batch[middle:])
                return
            logger.exception("Notification %s cannot be put into words", batch[0].pk)
            text = f"{UNWRITTEN} ({type(error).__name__})"
            self._add_attempts(batch, AttemptReport(AttemptOutcome.REFUSED, text), medium=Medium.MAIL)
        else:
            self.messages += messages

    def _write_messages(self, batch: Sequence[Notification]) -> list[_RoutedMessage]:
        """One message for each contact way that the batch takes next, unless its reader has quiet hours."""
        by_way: dict[ContactWay, list[Notification]] = defaultdict(list)
        for row in batch:
            way = self.routes.way_now(row, self.now)
            if way is not None:
                by_way[way].append(row)
        return [_RoutedMessage(rows, way, self._render(rows)) for way, rows in by_way.items()]

    def _render(self, rows: Sequence[Notification]) -> MessageTexts:
        addressee = self.routes.addressees[rows[0].pk]
        if addressee not in self.readers:
            self.readers[addressee] = reader_for(self.routes.reader_of(rows[0]), at=self.now)
        return render(rows, self.readers[addressee], at=self.now)

    def _queue_mail(self, rows: Sequence[Notification], texts: MessageTexts) -> None:
        """Queue one mail; needs a transaction. From then on it counts as sent, and the outbox takes care of it."""
        to = self.routes.users[rows[0].recipient_id or 0].email
        # Readers of the mail's ticket see it in the outbox, but digests and notices about absences name other tickets
        # too.
        names_others = len({row.ticket_id for row in rows}) > 1 or any(
            row.kind == NoticeKind.BACK or (row.kind == NoticeKind.MORE_PROPOSED and "\n" in row.detail)
            for row in rows
        )
        try:
            mail = queue_mail(
                purpose=MailPurpose.NOTIFICATION,
                recipients=[to],
                subject=texts.subject,
                text=texts.text if names_others else self._with_answer_line(rows[0], texts.text),
                at=self.now,
                ticket=None if names_others else rows[0].ticket,
            )
        except DeskError as problem:  # mistyped, or the desk's own address
            refused = AttemptReport(AttemptOutcome.REFUSED, str(problem))
            self._add_attempts(rows, refused, medium=Medium.MAIL, to=to)
            return
        self.report.messages += 1
        queued = AttemptReport(AttemptOutcome.QUEUED)
        self._add_attempts(rows, queued, medium=Medium.MAIL, to=to, mail=mail)
        _update(rows, mail=mail)
        self._mark_sent(rows, self.now)

    def _with_answer_line(self, row: Notification, text: str) -> str:
        """A notification that its reader may answer to the customer says so. Nothing of a drill reaches a customer."""
        if row.ticket is None or row.ticket.is_drill or row.kind in ABOUT_EMAIL:
            return text
        reader = self.readers[self.routes.addressees[row.pk]]
        with as_read_by(reader.language, reader.zone):
            return f"{answer_line()}\n\n{text}"

    def _record(self, message: _RoutedMessage, report: AttemptReport) -> None:
        """Record the service's response to one message."""
        rows, way = message.rows, message.way
        if len(rows) > 1 and report.is_accepted:  # some services repeat the text, which names every ticket
            report = replace(report, text=report.text.partition(" ")[0])
        with transaction.atomic():
            self._add_attempts(rows, report, medium=way.medium, to=way.shown, way=way)
            if report.is_accepted:
                self.report.messages += 1
                self._mark_sent(rows, self.read_clock())

    def _add_attempts(
        self,
        rows: Sequence[Notification],
        report: AttemptReport,
        *,
        medium: str,
        to: str = "",
        way: ContactWay | None = None,
        mail: OutboundEmail | None = None,
    ) -> None:
        attempts = [
            NotificationAttempt(
                notification=row, medium=medium, way=way, mail=mail, to=to, at=self.read_clock(),
                outcome=report.outcome, answer=report.text, milliseconds=report.milliseconds,
            )
            for row in rows
        ]  # fmt: skip
        for attempt in NotificationAttempt.objects.bulk_create(attempts, batch_size=500):
            self.routes.count(attempt)
            _log_attempt(attempt)

    def _mark_sent(self, rows: Sequence[Notification], at: datetime) -> None:
        _update([row for row in rows if row.sent_at is None], sent_at=at)

    @transaction.atomic
    def _conclude(self, rows: Sequence[Notification]) -> None:
        """Sort the notifications of a share into those waiting for another try, sent, and failed."""
        waiting: dict[datetime, list[Notification]] = defaultdict(list)
        sent: list[Notification] = []
        failed: list[Notification] = []
        for row in rows:
            next_try_at = self.routes.next_try_at(row, self.now)
            if next_try_at is not None:
                waiting[next_try_at].append(row)
            else:
                (sent if self.routes.was_sent(row) else failed).append(row)
        for until, together in waiting.items():
            self._let_wait(together, until)
        _update(sent, state=NotificationState.SENT, next_try_at=None)
        self.report.sent += len(sent)
        if failed:
            self._give_up(failed)

    def _give_up(self, failed: Sequence[Notification]) -> None:
        """Tell the next in line.

        Groups without a contact way, or that have lost the ticket meanwhile, are left out: nobody could act on that
        now.
        """
        _update(failed, state=NotificationState.FAILED, next_try_at=None)
        self.report.failed += len(failed)
        unreached: list[Notification] = []
        for row in failed:
            if row.recipient_id is not None or any(True for _way in self.routes.listed_ways(row)):
                unreached.append(row)
                continue
            reason = STRAYED if row.pk in self.routes.strayed else NO_WAY
            self._add_attempts([row], AttemptReport(AttemptOutcome.REFUSED, reason), medium=Medium.CHAT)
        tell_next(unreached, at=self.now)

    def _let_wait(self, rows: Sequence[Notification], until: datetime) -> None:
        _update(rows, next_try_at=until)
        self.report.waiting += len(rows)


def _log_attempt(attempt: NotificationAttempt) -> None:
    """Under the id of the work that the notification is about, and without the address."""
    row = attempt.notification
    with working_on(row.work_id):
        about = ticket_number(row.ticket_id) if row.ticket_id is not None else "no ticket"
        words = (row.pk, row.kind, about, attempt.pk, attempt.medium, attempt.outcome)
        logger.info("Notification %s (%s) about %s: attempt %s by %s is %s", *words)


def _update(rows: Sequence[Notification], **fields: object) -> None:
    """Set the same fields on all rows, here and in the database."""
    if not rows:
        return
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(**fields)
    for row in rows:
        for name, value in fields.items():
            setattr(row, name, value)
