"""The timetable of the desk. It is code; the queue's rows are synchronised from it and read-only in the admin.

The sweep is not in it: the lane of enforcement does it, without the queue.

Reasons: .github/decisions/processes.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter
from django.conf import settings
from django.db import transaction
from django_q.models import Schedule


@dataclass(frozen=True)
class ScheduledTask:
    """One recurring task: every ``minutes``, or by ``cron`` in the desk's zone."""

    name: str
    func: str
    minutes: int | None = None
    cron: str | None = None

    @property
    def fields(self) -> dict[str, object]:
        """The columns of the row. ``args`` stay empty, because a row that cannot be evaluated stops every schedule."""
        kind = Schedule.CRON if self.cron else Schedule.MINUTES
        return {
            "func": self.func,
            "schedule_type": kind,
            "minutes": self.minutes,
            "cron": self.cron,
            "repeats": -1,
            "args": None,
            "kwargs": None,
            "hook": None,
            "cluster": None,
            "intended_date_kwarg": None,
        }


TIMETABLE = (
    ScheduledTask("absences", "escalation.tasks.follow_absences", minutes=1),
    ScheduledTask("drills", "escalation.tasks.end_drills", minutes=1),
    ScheduledTask("dispatch-notifications", "escalation.tasks.dispatch_notifications", minutes=1),
    ScheduledTask("look-again", "escalation.tasks.look_again_at_promises", minutes=60),
    ScheduledTask("fetch-mail", "tickets.tasks.fetch_mail", minutes=1),
    ScheduledTask("process-mail", "tickets.tasks.process_stored", minutes=1),
    ScheduledTask("deliver-mail", "tickets.tasks.deliver_outbox", minutes=1),
    ScheduledTask("compare-mailboxes", "tickets.tasks.compare_mailboxes", cron="30 5 * * *"),
    ScheduledTask("try-files", "supportdesk.tasks.try_files", minutes=1),
    ScheduledTask("index-words", "tickets.tasks.index_words", minutes=1),
    ScheduledTask("move-raw-mail", "tickets.tasks.move_raw_mails", minutes=1),
    ScheduledTask("remove-erased-files", "tickets.tasks.remove_erased_files", minutes=60),
    ScheduledTask("remove-unused-files", "tickets.tasks.remove_unused_files", cron="50 5 * * *"),
    ScheduledTask("verify-ledger", "escalation.tasks.verify_ledger", cron="30 3 * * *"),
    ScheduledTask("seal-ledger", "escalation.tasks.seal_ledger", minutes=60),
    ScheduledTask("verify-whole-ledger", "escalation.tasks.verify_whole_ledger", cron="30 4 * * 0"),
    ScheduledTask("renew-holidays", "escalation.tasks.renew_holidays", cron="0 3 * * *"),
    ScheduledTask("tell-shift-changes", "escalation.tasks.tell_shift_changes", minutes=1),
    ScheduledTask("generate-shifts", "escalation.tasks.generate_shifts", cron="15 2 * * *"),
    ScheduledTask("weekly-pack", "escalation.tasks.export_due_weeks", minutes=10),
    ScheduledTask("forget-sign-ins", "supportdesk.tasks.forget_sign_ins_of_old", minutes=60),
    ScheduledTask("retention", "supportdesk.tasks.remove_old_data", cron="20 2 * * *"),
    ScheduledTask("erase-personal-data", "supportdesk.tasks.go_on_erasing", minutes=10),
    ScheduledTask("backup", "supportdesk.tasks.back_up", minutes=60),
)


FORGOTTEN = timedelta(days=1)
# The clocks of two machines may differ by this much.
SKEW = timedelta(seconds=30)


@dataclass(frozen=True)
class SyncReport:
    """Names of the rows that were missing, differed from the timetable, or are not in it."""

    created: list[str] = field(default_factory=list)
    repaired: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        return bool(self.created or self.repaired or self.removed)

    def __str__(self) -> str:
        return "; ".join(self._lines())

    def _lines(self) -> Iterator[str]:
        verbs = {"created": self.created, "repaired": self.repaired, "removed": self.removed}
        return (f"{verb} {', '.join(names)}" for verb, names in verbs.items() if names)


@transaction.atomic
def sync_schedules(*, now: datetime) -> SyncReport:
    """Make the queue's rows equal to the timetable. Foreign rows are deleted: a malformed one would stop all others."""
    report = SyncReport()
    rows: dict[str, Schedule] = {}
    for row in Schedule.objects.select_for_update().order_by("pk"):
        if row.name in {entry.name for entry in TIMETABLE} - rows.keys():
            rows[row.name] = row
        else:
            report.removed.append(row.name or str(row.pk))
            row.delete()
    for entry in TIMETABLE:
        _sync(entry, rows.get(entry.name), now, report)
    return report


def minute_tasks_at_once(*, now: datetime) -> None:
    """Make the minute tasks due now, unless they are already."""
    names = [entry.name for entry in TIMETABLE if entry.minutes is not None]
    Schedule.objects.filter(name__in=names, next_run__gt=now).update(next_run=now)


def _sync(entry: ScheduledTask, row: Schedule | None, now: datetime, report: SyncReport) -> None:
    if row is None:
        Schedule.objects.create(name=entry.name, next_run=_first_run(entry, now), **entry.fields)
        report.created.append(entry.name)
        return
    wrong = wrong_fields(entry, row)
    if wrong or not runs_soon(entry, row, now):
        for name in wrong:
            setattr(row, name, entry.fields[name])
        row.next_run = _first_run(entry, now)
        row.save(update_fields=[*wrong, "next_run"])
        report.repaired.append(entry.name)


def wrong_fields(entry: ScheduledTask, row: Schedule) -> list[str]:
    return [name for name, value in entry.fields.items() if getattr(row, name) != value]


def runs_soon(entry: ScheduledTask, row: Schedule, now: datetime) -> bool:
    """True if it runs soon enough. A minute task due long ago is wrong too: the queue would catch up."""
    if row.next_run is None:
        return False
    if entry.cron is not None:
        return bool(row.next_run <= _first_run(entry, now) + SKEW)
    return now - FORGOTTEN <= row.next_run <= now + timedelta(minutes=entry.minutes or 1) + SKEW


def _first_run(entry: ScheduledTask, now: datetime) -> datetime:
    """Now for minute tasks; for a cron entry its next time in the desk's zone, as the queue computes it."""
    if entry.cron is None:
        return now
    first: datetime = croniter(entry.cron, now.astimezone(ZoneInfo(settings.TIME_ZONE))).get_next(datetime)
    return first
