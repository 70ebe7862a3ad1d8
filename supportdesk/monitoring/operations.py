"""Loads the operations page: whether promises are enforced in time, what waits, and what runs where."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from croniter import croniter
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.time_of_record import MOST_APART
from escalation.choices import NotificationState
from escalation.enforcement.lag import CatchUp, Lag, breach_lag, catch_ups, lateness, step_lag
from escalation.models import Escalation, Heartbeat, Notification
from supportdesk.models import Cluster, MailListener
from supportdesk.monitoring import counts
from supportdesk.monitoring.counts import Backlog
from supportdesk.monitoring.health import HealthReport, health
from supportdesk.monitoring.heartbeat_wording import TITLES, UNSHOWN, heartbeat_in_words
from supportdesk.monitoring.liveness import LivenessEvidence
from supportdesk.monitoring.lock_holders import with_lock_warnings
from supportdesk.monitoring.machines import free_by_host
from supportdesk.monitoring.schedule_wording import ABOUT, how_often, title_of
from supportdesk.processes.host_clock import WRONG_CLOCK
from supportdesk.schedule_inspection import InspectedRow, RowStanding
from supportdesk.schedules import TIMETABLE, ScheduledTask
from tickets.lib.free_space import DiskRoom
from tickets.models import Mailbox

VIEW = "supportdesk.view_cluster"  # the permission for this page, and for the reasons in /healthz
DAY = timedelta(hours=24)
MOST_LISTED = 50  # how many steps of an outage are listed; the others are counted
STANDINGS = {
    RowStanding.OK: gettext_lazy("on time"),
    RowStanding.LATE: gettext_lazy("late"),
    RowStanding.MISSING: gettext_lazy("missing"),
    RowStanding.EDITED: gettext_lazy("edited"),
    RowStanding.FOREIGN: gettext_lazy("not defined by the desk"),
    RowStanding.MALFORMED: gettext_lazy("malformed: stops all schedules"),
}


@dataclass(frozen=True)
class Lags:
    name: str
    lag: Lag
    limit: timedelta = timedelta(seconds=60)

    @property
    def is_late(self) -> bool:
        return self.lag.p99 is not None and self.lag.p99 > self.limit


@dataclass(frozen=True)
class Task:
    """A task and its heartbeat in words."""

    name: Any
    beat: Heartbeat

    @property
    def said(self) -> str:
        return heartbeat_in_words(self.beat.name, self.beat.detail)


@dataclass(frozen=True)
class WaitingWork:
    name: str
    backlog: Backlog
    age: timedelta | None
    is_late: bool


@dataclass(frozen=True)
class PlannedTask:
    """One scheduled task. ``last_due`` is when it should have run last; None before its first run."""

    inspected: InspectedRow
    standing: Any
    last_due: datetime | None
    entry: ScheduledTask | None = None

    @property
    def title(self) -> str:
        return title_of(self.inspected.name)

    @property
    def does(self) -> str:
        """The task's purpose; for a schedule that the desk does not define, the function it calls."""
        if self.entry is not None:
            return str(ABOUT[self.entry.name].does)
        return self.inspected.row.func if self.inspected.row else ""

    @property
    def often(self) -> str:
        return how_often(self.entry) if self.entry is not None else ""

    @property
    def is_ok(self) -> bool:
        return self.inspected.standing is RowStanding.OK

    @property
    def next_run(self) -> datetime | None:
        return self.inspected.row.next_run if self.inspected.row else None


@dataclass(frozen=True)
class MailboxFetch:
    mailbox: Mailbox
    age: timedelta | None
    is_late: bool


@dataclass(frozen=True)
class RunningCluster:
    cluster: Cluster
    is_alive: bool

    @property
    def is_clock_wrong(self) -> bool:
        return abs(self.cluster.clock_ahead or 0) > MOST_APART

    @property
    def clock(self) -> str:
        """Seconds by which the clock of its host is off, signed; empty where it is the time of record."""
        ahead = self.cluster.clock_ahead
        return (
            ""
            if ahead is None
            else _("%(seconds)s s") % {"seconds": f"{ahead:+.1f}" if round(ahead, 1) else "0"}
        )


@dataclass(frozen=True)
class Machine:
    """One machine, with the room on its fullest disk and the mail listeners that live there."""

    host: str
    room: DiskRoom
    listeners: Sequence[MailListener]


@dataclass(frozen=True)
class LateBreach:
    """One step that fired late."""

    escalation: Escalation

    @property
    def late(self) -> timedelta:
        return lateness(self.escalation)


@dataclass(frozen=True)
class OutageCaughtUp:
    """One outage: when the desk caught up, and its late steps, of which only the first are listed."""

    catch_up: CatchUp

    @property
    def first(self) -> Sequence[LateBreach]:
        return [LateBreach(escalation) for escalation in self.catch_up.escalations[:MOST_LISTED]]

    @property
    def others(self) -> int:
        return max(0, len(self.catch_up.escalations) - MOST_LISTED)


@dataclass(frozen=True)
class Operations:
    """Everything on the page at one moment; the number of queries does not depend on the rows."""

    health: HealthReport
    lags: Sequence[Lags]
    tasks: Sequence[Task]
    waiting: Sequence[WaitingWork]
    mailboxes: Sequence[MailboxFetch]
    clusters: Sequence[RunningCluster]
    machines: Sequence[Machine]
    timetable: Sequence[PlannedTask]
    catch_ups: Sequence[OutageCaughtUp]
    untold: int


def operations(*, now: datetime) -> Operations:
    signs = LivenessEvidence.at(now)
    untold = Notification.objects.filter(state=NotificationState.FAILED, created_at__gt=now - DAY)
    return Operations(
        health=with_lock_warnings(health(now=now), now=now),
        lags=[
            Lags(_("Breaches detected"), breach_lag(now=now)),
            Lags(_("Steps executed"), step_lag(now=now)),
        ],
        tasks=_tasks(signs),
        waiting=_waiting(now),
        mailboxes=_mailboxes(now),
        clusters=[RunningCluster(cluster, cluster.is_alive(now)) for cluster in signs.clusters],
        machines=_machines(signs),
        timetable=[_planned(schedule) for schedule in signs.schedules],
        catch_ups=[OutageCaughtUp(group) for group in catch_ups(now=now)],
        untold=untold.count(),
    )


def _tasks(signs: LivenessEvidence) -> list[Task]:
    """Known tasks first, in their order; a task without a translated title is shown by its name."""
    others = sorted(
        name for name in signs.beats.keys() - TITLES.keys() - UNSHOWN if not name.startswith(WRONG_CLOCK)
    )
    names = [*(name for name in TITLES if name in signs.beats), *others]
    return [Task(TITLES.get(name, name), signs.beats[name]) for name in names]


def _waiting(now: datetime) -> list[WaitingWork]:
    backlogs = {
        _("SLAs to be enforced"): counts.promise_backlog(now=now),
        _("Tasks in the queue"): counts.queue_backlog(now=now),
        _("Email waiting to become tickets"): counts.intake_backlog(),
        _("Email to be sent"): counts.outbox_backlog(now=now),
        _("Notifications to be sent"): counts.notification_backlog(now=now),
    }
    late = timedelta(seconds=settings.QUEUE_LATE_SECONDS)
    limits = {_("SLAs to be enforced"): timedelta(seconds=settings.SWEEP_LATE_SECONDS)}
    return [
        WaitingWork(
            name,
            backlog,
            backlog.age(now) if backlog.since else None,
            backlog.age(now) > limits.get(name, late),
        )
        for name, backlog in backlogs.items()
    ]


def _mailboxes(now: datetime) -> list[MailboxFetch]:
    late = timedelta(seconds=settings.FETCH_LATE_SECONDS)
    polled = Mailbox.objects.filter(is_active=True).exclude(host="").order_by("address")
    ages = [(mailbox, now - mailbox.fetched_at if mailbox.fetched_at else None) for mailbox in polled]
    return [
        MailboxFetch(mailbox, age, bool(mailbox.error) or (age is not None and age > late))
        for mailbox, age in ages
    ]


def _machines(signs: LivenessEvidence) -> list[Machine]:
    alive = [listener for listener in signs.listeners if listener.is_alive(signs.now)]
    return [
        Machine(host, room, [listener for listener in alive if listener.host == host])
        for host, room in sorted(free_by_host(signs).items())
    ]


def _planned(inspected: InspectedRow) -> PlannedTask:
    entry = None if inspected.is_foreign else next(task for task in TIMETABLE if task.name == inspected.name)
    return PlannedTask(inspected, STANDINGS[inspected.standing], _last_due(inspected, entry), entry)


def _last_due(inspected: InspectedRow, entry: ScheduledTask | None) -> datetime | None:
    """When it was due by the schedule, not by a record: the queue keeps no record of successful tasks."""
    row = inspected.row
    if row is None or entry is None or not row.task or not row.next_run or inspected.standing.is_wrong:
        return None
    if entry.cron is None:
        return row.next_run - timedelta(minutes=entry.minutes or 1)
    local = row.next_run.astimezone(ZoneInfo(settings.TIME_ZONE))
    last: datetime = croniter(entry.cron, local).get_prev(datetime)
    return last
