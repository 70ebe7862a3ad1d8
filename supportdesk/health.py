"""Whether the desk keeps its promises right now: database, sweep, mail fetch, queues. Pure of requests.

`health(now=...)` is shown by /healthz and by the board. A problem makes the desk unwell (503); a warning
needs somebody's attention but stops nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Max, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import OrmQ

from escalation.models import Heartbeat
from escalation.services.holidaywatch import unknown_holidays
from escalation.tasks import LEDGER, START, SWEEP
from supportdesk.inspection import Inspected, Standing, inspect_schedules
from supportdesk.models import GONE_AFTER, Cluster
from tickets.choices import IntakeState, OutboxState
from tickets.models import InboundEmail, Mailbox, OutboundEmail

SENDING = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.DEFERRED)


class Check(StrEnum):
    """What is looked at; the value is part of the JSON answer and stays stable."""

    DATABASE = "database"
    SWEEP = "sweep"
    FETCH = "mail_fetch"
    INTAKE = "mail_intake"
    OUTBOX = "outbox"
    QUEUE = "queue"
    FAILED_MAIL = "failed_mail"
    LEDGER = "ledger"
    HOLIDAYS = "holidays"
    CLUSTERS = "clusters"
    SCHEDULES = "schedules"


@dataclass(frozen=True)
class Finding:
    """``text`` is a translated sentence without secrets: what is wrong and what to do."""

    check: Check
    text: str


@dataclass(frozen=True)
class HealthReport:
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


def health(*, now: datetime) -> HealthReport:
    """Look at everything; a database that cannot be asked is itself the finding and never an exception."""
    try:
        schedules = inspect_schedules(now=now)
        problems = [finding for check in PROBLEM_CHECKS for finding in check(now)]
        warnings = [finding for check in WARNING_CHECKS for finding in check(now)]
        return HealthReport(
            (*problems, *_broken_schedules(schedules)), (*warnings, *_odd_schedules(schedules))
        )
    except (DatabaseError, InterfaceError):
        return HealthReport((Finding(Check.DATABASE, _unreachable()),))


def _unreachable() -> str:
    return _("The database cannot be asked. Check that it runs and that DATABASE_URL is right.")


def _sweep(now: datetime) -> Iterator[Finding]:
    """A desk that was never swept is starting for as long as a sweep may be late, then it is unwell."""
    late = timedelta(seconds=settings.SWEEP_LATE_SECONDS)
    beat = Heartbeat.objects.filter(name=SWEEP).values_list("at", flat=True).first()
    if beat is None and now - _born_at(now) > late:
        yield Finding(Check.SWEEP, _("Promises are not enforced: the sweep has never run. Start the queue."))
    if beat is not None and now - beat > late:
        words = {"age": age(now - beat)}
        yield Finding(
            Check.SWEEP,
            _("Promises are not enforced: the last sweep was %(age)s ago. Look at the queue.") % words,
        )


def _born_at(now: datetime) -> datetime:
    """When the desk was last started or its tables were made: before that there was nothing to sweep."""
    migrated: datetime | None = MigrationRecorder.Migration.objects.aggregate(at=Max("applied"))["at"]
    started = Heartbeat.objects.filter(name=START).values_list("at", flat=True).first()
    return max((at for at in (migrated, started) if at is not None), default=now)


def _fetch(now: datetime) -> Iterator[Finding]:
    late = now - timedelta(seconds=settings.FETCH_LATE_SECONDS)
    polled = Mailbox.objects.filter(is_active=True).exclude(host="")
    for mailbox in polled.filter(Q(fetched_at__lt=late) | ~Q(error="")).only(
        "address", "fetched_at", "error"
    ):
        yield Finding(Check.FETCH, _fetch_words(mailbox, now))


def _fetch_words(mailbox: Mailbox, now: datetime) -> str:
    if mailbox.error:
        return _("Mail to %(mailbox)s is not fetched: %(error)s") % {
            "mailbox": mailbox.address,
            "error": mailbox.error.splitlines()[0][:200],
        }
    since = age(now - mailbox.fetched_at) if mailbox.fetched_at else ""
    return _("Mail to %(mailbox)s was last fetched %(age)s ago. Look at the queue.") % {
        "mailbox": mailbox.address,
        "age": since,
    }


def _intake(now: datetime) -> Iterator[Finding]:
    """By the time of storing: the receipt may be older than the mail's arrival here."""
    oldest = InboundEmail.objects.filter(state=IntakeState.STORED).aggregate(at=Min("stored_at"))["at"]
    if _is_stuck(oldest, now):
        yield Finding(
            Check.INTAKE,
            _("Incoming mail has waited for %(age)s to become a ticket. Look at the queue.")
            % {"age": age(now - oldest)},
        )


def _outbox(now: datetime) -> Iterator[Finding]:
    oldest = OutboundEmail.objects.filter(state__in=SENDING).aggregate(at=Min("next_try_at"))["at"]
    if _is_stuck(oldest, now):
        yield Finding(
            Check.OUTBOX,
            _("Outgoing mail is due for %(age)s and not sent. Look at the queue and the mail server.")
            % {"age": age(now - oldest)},
        )


def _queue(now: datetime) -> Iterator[Finding]:
    """A waiting task carries the time it was queued, a running one the time its worker must be done by."""
    if "orm" not in settings.Q_CLUSTER:
        return
    oldest = OrmQ.objects.filter(key=settings.Q_CLUSTER["name"]).aggregate(at=Min("lock"))["at"]
    if _is_stuck(oldest, now):
        yield Finding(
            Check.QUEUE,
            _("A task has waited for %(age)s. The queue is dead or overloaded: restart it.")
            % {"age": age(now - oldest)},
        )


def _is_stuck(oldest: datetime | None, now: datetime) -> bool:
    return oldest is not None and now - oldest > timedelta(seconds=settings.QUEUE_LATE_SECONDS)


def _failed_mail(now: datetime) -> Iterator[Finding]:
    incoming = InboundEmail.objects.filter(state=IntakeState.FAILED).count()
    if incoming:
        text = ngettext(
            "%(count)s incoming mail could not be read.",
            "%(count)s incoming mails could not be read.",
            incoming,
        )
        yield Finding(Check.FAILED_MAIL, text % {"count": incoming})


def _ledger(now: datetime) -> Iterator[Finding]:
    """What the last proof of the ledger found; its heartbeat begins with the number of mismatches."""
    detail = Heartbeat.objects.filter(name=LEDGER).values_list("detail", flat=True).first()
    if detail and not detail.startswith("0 "):
        yield Finding(
            Check.LEDGER,
            _("Promises do not come out of the ledger as they are stored (%(detail)s). Run verify_ledger.")
            % {"detail": detail},
        )


def _holidays(now: datetime) -> Iterator[Finding]:
    """From 60 days before a year whose make-up days nobody has told the desk."""
    for text in unknown_holidays(on=now.date()):
        yield Finding(Check.HOLIDAYS, text)


def _clusters(now: datetime) -> Iterator[Finding]:
    """One that was stopped in order has no row."""
    for cluster in Cluster.objects.filter(seen_at__lt=now - GONE_AFTER):
        words = {"host": cluster.host, "age": age(now - cluster.seen_at)}
        yield Finding(
            Check.CLUSTERS,
            _("The queue on %(host)s has not been heard of for %(age)s. Look at that machine.") % words,
        )


def _broken_schedules(schedules: Sequence[Inspected]) -> Iterator[Finding]:
    """A row on which the queue fails stops all the others; one that is missing or edited stops itself."""
    text = _("Schedules are broken and tasks may not run: %(names)s. Run manage.py sync_schedules.")
    yield from _named(schedules, (Standing.MALFORMED, Standing.MISSING, Standing.EDITED), text)


def _odd_schedules(schedules: Sequence[Inspected]) -> Iterator[Finding]:
    foreign = _("Schedules that do not belong to the desk: %(names)s. Run manage.py sync_schedules.")
    yield from _named(schedules, (Standing.FOREIGN,), foreign)
    late = _("Schedules whose time has passed without a run: %(names)s. Look at the queue.")
    yield from _named(schedules, (Standing.LATE,), late)


def _named(schedules: Sequence[Inspected], standings: tuple[Standing, ...], text: str) -> Iterator[Finding]:
    """A desk without any row was not set up yet; what that means is the sweep's finding."""
    if all(found.standing is Standing.MISSING for found in schedules):
        return
    names = [found.name for found in schedules if found.standing in standings]
    if names:
        yield Finding(Check.SCHEDULES, text % {"names": ", ".join(names)})


PROBLEM_CHECKS: tuple[Callable[[datetime], Iterator[Finding]], ...] = (
    _sweep,
    _fetch,
    _intake,
    _outbox,
    _queue,
    _ledger,
)
WARNING_CHECKS: tuple[Callable[[datetime], Iterator[Finding]], ...] = (
    _failed_mail,
    _holidays,
    _clusters,
)


def age(passed: timedelta) -> str:
    """A length of time in the largest unit that fits twice: ``95 minutes``, ``3 hours``."""
    minutes = int(passed.total_seconds() // 60)
    if minutes < 120:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    return ngettext("%(count)s day", "%(count)s days", hours // 24) % {"count": hours // 24}
