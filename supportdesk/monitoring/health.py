"""Checks whether the desk keeps its promises right now: database, sweep, mail fetch, queues. No HTTP.

`health(now=...)` is shown by /healthz and by the board. A problem makes the desk unwell (503); a warning
needs attention but stops nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_q.models import OrmQ

from customers.access import without_manager
from customers.lock_waits import is_lock_wait, is_query_too_slow
from customers.models import Customer
from customers.phrases import listed
from customers.time_of_record import FUTURE
from customers.times import rough_duration
from escalation.duty.coverage_gaps import policies_without_rota
from escalation.exports.due_weeks import LATE_AFTER, missing_weeks
from escalation.models import Clock, ContactWay, Notification
from escalation.working_time.holiday_watch import holiday_warnings
from supportdesk.encrypted_values import unreadable_values
from supportdesk.monitoring.check_results import Check, CheckResult, is_stuck
from supportdesk.monitoring.coverage_warning import coverage_warnings
from supportdesk.monitoring.liveness import SIGN_PROBLEMS, SIGN_WARNINGS, LivenessEvidence
from supportdesk.monitoring.machines import MACHINE_PROBLEMS, MACHINE_WARNINGS
from supportdesk.monitoring.migrations import missing_migrations
from supportdesk.processes.cluster.redis_broker import is_unreachable
from tickets.choices import IntakeState, OutboxState
from tickets.mailbox_problem_text import problem_in_words
from tickets.models import InboundEmail, Mailbox, MissingMail, OutboundEmail

MOST_WEEKS = 4  # named in a finding
MOST_NAMED = 5  # rows with an unreadable secret
# Counted beside the checks.
RETRIED, ADMINISTRATORS, REACHABLE = "retried_mail", "all_administrators", "reachable_administrators"
SENDING = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.DEFERRED)


@dataclass(frozen=True)
class HealthReport:
    problems: tuple[CheckResult, ...] = ()
    warnings: tuple[CheckResult, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems

    @property
    def is_starting(self) -> bool:
        """True if nothing is wrong but that the first sweep is still to come."""
        return {finding.check for finding in self.problems} == {Check.START}


def health(*, now: datetime) -> HealthReport:
    """Run every check. A database that does not answer is reported as a problem, never raised.

    Without its migrations, checks may fail that need them; then the migrations alone are reported.
    """
    lacking: list[CheckResult] = []
    try:
        lacking += missing_migrations()
        signs, counts = LivenessEvidence.at(now), _row_counts(now)
        problems = [finding for check in PROBLEM_CHECKS for finding in check(now)]
        warnings = [finding for check in WARNING_CHECKS for finding in check(now)]
        return HealthReport(
            (
                *lacking,
                *(finding for check in (*SIGN_PROBLEMS, *MACHINE_PROBLEMS) for finding in check(signs)),
                *problems,
                *_missing_administrator(counts),
            ),
            (
                *_rows_to_look_at(counts),
                *warnings,
                *_unreachable_administrators(counts),
                *(finding for check in (*SIGN_WARNINGS, *MACHINE_WARNINGS) for finding in check(signs)),
            ),
        )
    except (DatabaseError, InterfaceError) as error:
        return HealthReport(tuple(lacking)) if lacking else without_database(error)


def without_database(error: Exception | None = None) -> HealthReport:
    """What the fault says, or, without one, that no answer came in time."""
    if error is None or is_lock_wait(error) or is_query_too_slow(error):
        text = _(
            "The database does not answer in time: it hangs, or somebody holds a lock on a whole table. Look at its "
            "server and, under System status, at who holds locks."
        )
    else:
        text = _("The database cannot be queried. Check that it is running and that DATABASE_URL is right.")
    return HealthReport((CheckResult(Check.DATABASE, text),))


def _fetch(now: datetime) -> Iterator[CheckResult]:
    late = now - timedelta(seconds=settings.FETCH_LATE_SECONDS)
    polled = Mailbox.objects.filter(is_active=True).exclude(host="")
    is_late = Q(fetched_at__lt=late) | Q(fetched_at__gt=now + FUTURE)
    for mailbox in polled.filter(is_late | ~Q(error="")).only("address", "fetched_at", "error"):
        yield CheckResult(Check.FETCH, _fetch_words(mailbox, now))


def _fetch_words(mailbox: Mailbox, now: datetime) -> str:
    if mailbox.error:
        return _("Email for %(mailbox)s is not being fetched: %(error)s") % {
            "mailbox": mailbox.address,
            "error": problem_in_words(mailbox.error.splitlines()[0])[:200],
        }
    since = rough_duration(now - mailbox.fetched_at) if mailbox.fetched_at else ""
    return _("Email for %(mailbox)s was last fetched %(age)s ago. Check the queue.") % {
        "mailbox": mailbox.address,
        "age": since,
    }


def _intake(now: datetime) -> Iterator[CheckResult]:
    """Measured by the time of storing, as a mail may have been received long before it was fetched."""
    oldest = InboundEmail.objects.filter(state=IntakeState.STORED).aggregate(at=Min("stored_at"))["at"]
    if is_stuck(oldest, now):
        yield CheckResult(
            Check.INTAKE,
            _("Incoming email has been waiting to become a ticket for %(age)s. Check the queue.")
            % {"age": rough_duration(now - oldest)},
        )


def _outbox(now: datetime) -> Iterator[CheckResult]:
    oldest = OutboundEmail.objects.filter(state__in=SENDING).aggregate(at=Min("next_try_at"))["at"]
    if is_stuck(oldest, now):
        yield CheckResult(
            Check.OUTBOX,
            _("Outgoing email has been unsent for %(age)s. Check the queue and the mail server.")
            % {"age": rough_duration(now - oldest)},
        )


def _promises_and_notifications(now: datetime) -> Iterator[CheckResult]:
    """Steps that no sweep has reached for as long as a sweep may be late, and unsent notifications: one query."""
    steps = Clock.objects.step_due(now - timedelta(seconds=settings.SWEEP_LATE_SECONDS))
    backlogs = {
        check: (count, since)
        for check, count, since in _oldest(steps, "next_step_at", Check.OVERDUE).union(
            _oldest(Notification.objects.to_send(now), "next_try_at", Check.NOTIFICATIONS), all=True
        )
    }
    count, since = backlogs.get(Check.OVERDUE, (0, None))
    if since:
        text = ngettext(
            "%(count)s SLA has been due for %(age)s and is not enforced. See System status and the log of the queue.",
            "%(count)s SLAs have been due for up to %(age)s and are not enforced. See System status and the log of the "
            "queue.",
            count,
        )
        yield CheckResult(Check.OVERDUE, text % {"count": count, "age": rough_duration(now - since)})
    _count, oldest = backlogs.get(Check.NOTIFICATIONS, (0, None))
    if is_stuck(oldest, now):
        yield CheckResult(
            Check.NOTIFICATIONS,
            _("A notification has been unsent for %(age)s. Check the queue.")
            % {"age": rough_duration(now - oldest)},
        )


def _oldest(rows: QuerySet[Any], due: str, check: Check) -> Any:
    """How many rows there are and since when the oldest is due, under the name of a check."""
    named = rows.order_by().annotate(check=Value(check.value)).values("check")
    return named.annotate(count=Count("pk"), since=Min(due)).values_list("check", "count", "since")


def _queue(now: datetime) -> Iterator[CheckResult]:
    """For a waiting task ``lock`` is when it was queued; for a running one, when its worker must be done."""
    if is_unreachable():
        yield CheckResult(
            Check.QUEUE, _("Redis does not respond. Check that it is running and that REDIS_URL is right.")
        )
    if "orm" not in settings.Q_CLUSTER:
        return
    oldest = OrmQ.objects.filter(key=settings.Q_CLUSTER["name"]).aggregate(at=Min("lock"))["at"]
    if is_stuck(oldest, now):
        yield CheckResult(
            Check.QUEUE,
            _("A task has been waiting for %(age)s. The queue is dead or overloaded: restart it.")
            % {"age": rough_duration(now - oldest)},
        )


def _encryption(now: datetime) -> Iterator[CheckResult]:
    """Passwords and addresses whose key is missing. They are used by nobody until it is back."""
    unreadable = unreadable_values()
    if unreadable:
        rows = list(dict.fromkeys(f"{value.row} ({value.field})" for value in unreadable))
        ids = sorted({value.key_id for value in unreadable if value.key_id})
        text = ngettext(
            "%(count)s stored secret cannot be read: %(names)s. Put its key back (%(ids)s), or enter it again.",
            "%(count)s stored secrets cannot be read: %(names)s. Put their keys back (%(ids)s), or enter them again.",
            len(unreadable),
        )
        named = [*rows[:MOST_NAMED], *(["…"] if len(rows) > MOST_NAMED else [])]
        words = {
            "count": len(unreadable),
            "names": listed(named),
            "ids": listed(ids) or "SECRET_KEY_FALLBACKS",
        }
        yield CheckResult(Check.ENCRYPTION, text % words)


def _row_counts(now: datetime) -> Mapping[str, int]:
    """How many rows there are of each kind that a check asks for; none that is zero. One query."""
    failed = InboundEmail.objects.for_a_person().filter(state=IntakeState.FAILED)
    administrators = get_user_model().objects.filter(is_superuser=True, is_active=True, is_staff=True)
    has_way = Exists(ContactWay.objects.filter(user=OuterRef("pk"), is_active=True))
    rows: dict[str, QuerySet[Any]] = {
        RETRIED: InboundEmail.objects.to_retry(),
        Check.MISSING_MAIL: MissingMail.objects.all(),
        Check.ACCOUNT_MANAGERS: Customer.objects.filter(without_manager()),
        Check.COVERAGE: policies_without_rota(on=now.date()),
        ADMINISTRATORS: administrators,
        REACHABLE: administrators.filter(has_way | ~Q(email="")),
    }
    counted = [_counted(queryset, name) for name, queryset in rows.items()]
    return dict(_counted(failed, Check.FAILED_MAIL).union(*counted, all=True))


def _rows_to_look_at(counts: Mapping[str, int]) -> Iterator[CheckResult]:
    """Mail that failed or is only on its server, customers of people who left, policies without a rota."""
    if incoming := counts.get(Check.FAILED_MAIL):
        text = ngettext(
            "%(count)s incoming email could not be processed and needs a person.",
            "%(count)s incoming emails could not be processed and need a person.",
            incoming,
        )
        yield CheckResult(Check.FAILED_MAIL, text % {"count": incoming})
    if retried := counts.get(RETRIED):
        text = ngettext(
            "%(count)s incoming email failed by a fault of the desk and is tried again by itself; the log says why.",
            "%(count)s incoming emails failed by a fault of the desk and are tried again by themselves; the log says "
            "why.",
            retried,
        )
        yield CheckResult(Check.FAILED_MAIL, text % {"count": retried})
    if missing := counts.get(Check.MISSING_MAIL):
        text = ngettext(
            "%(count)s email is on its mail server but not in the desk. Fetch it under Missing email.",
            "%(count)s emails are on their mail servers but not in the desk. Fetch them under Missing email.",
            missing,
        )
        yield CheckResult(Check.MISSING_MAIL, text % {"count": missing})
    if left := counts.get(Check.ACCOUNT_MANAGERS):
        text = ngettext(
            "%(count)s customer needs a new account manager or backup, because the one it has can no longer open "
            "tickets. See Customers, “needs”.",
            "%(count)s customers need a new account manager or backup, because the ones they have can no longer open "
            "tickets. See Customers, “needs”.",
            left,
        )
        yield CheckResult(Check.ACCOUNT_MANAGERS, text % {"count": left})
    if unwatched := counts.get(Check.COVERAGE):
        text = ngettext(
            "%(count)s policy promises P0 around the clock to customers but has no duty rota. Choose one on its page.",
            "%(count)s policies promise P0 around the clock to customers but have no duty rota. Choose one on their "
            "pages.",
            unwatched,
        )
        yield CheckResult(Check.COVERAGE, text % {"count": unwatched})


def _counted(rows: QuerySet[Any], name: str) -> Any:
    """How many rows there are, under a name; no line if there are none."""
    named = rows.order_by().annotate(check=Value(str(name)))
    return named.values("check").annotate(count=Count("pk")).values_list("check", "count")


def _holidays(now: datetime) -> Iterator[CheckResult]:
    """Warn from 60 days before a year whose make-up working days have not been entered."""
    for text in holiday_warnings(on=now.date()):
        yield CheckResult(Check.HOLIDAYS, text)


def _missing_administrator(counts: Mapping[str, int]) -> Iterator[CheckResult]:
    if not counts.get(ADMINISTRATORS):
        text = _("There is no administrator who can sign in. Create one on the command line.")
        yield CheckResult(Check.ADMINISTRATORS, text)


def _unreachable_administrators(counts: Mapping[str, int]) -> Iterator[CheckResult]:
    """When the escalation chain ends, administrators are notified: one of them must be reachable."""
    if counts.get(ADMINISTRATORS) and not counts.get(REACHABLE):
        yield CheckResult(
            Check.ADMINISTRATORS,
            _(
                "No administrator can be notified when the escalation chain ends. Enter an email "
                "address for one."
            ),
        )


def _weekly_packs(now: datetime) -> Iterator[CheckResult]:
    """Packs that were due an hour ago. One query, two if one is missing."""
    weeks = missing_weeks(now - LATE_AFTER)
    if weeks:
        text = ngettext(
            "A weekly pack is due and missing: %(weeks)s. Check the queue, or make it under Weekly packs.",
            "%(count)s weekly packs are due and missing: %(weeks)s. Check the queue, or make them under Weekly packs.",
            len(weeks),
        )
        named = [*map(str, weeks[:MOST_WEEKS]), *(["…"] if len(weeks) > MOST_WEEKS else [])]
        yield CheckResult(Check.WEEKLY_PACK, text % {"count": len(weeks), "weeks": listed(named)})


PROBLEM_CHECKS: tuple[Callable[[datetime], Iterator[CheckResult]], ...] = (
    _fetch,
    _intake,
    _outbox,
    _promises_and_notifications,
    _queue,
    _encryption,
)
WARNING_CHECKS: tuple[Callable[[datetime], Iterator[CheckResult]], ...] = (
    coverage_warnings,
    _holidays,
    _weekly_packs,
)
