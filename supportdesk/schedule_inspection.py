"""Inspects the queue's schedule rows: which differ from the timetable, and which would stop all others.

The queue's scheduler evaluates every due row in one transaction; a row on which it fails stops all the others
too, with only a line in the log. Reasons: .github/decisions/monitoring.md.
"""

import ast
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django_q.models import Schedule

from escalation.enforcement.heartbeats import beat
from supportdesk.schedules import (
    TIMETABLE,
    ScheduledTask,
    SyncReport,
    runs_soon,
    sync_schedules,
    wrong_fields,
)

# The queue looks every 30 s: a task not started after this long is late.
LATE = timedelta(minutes=2)
REPAIRS = "schedules"  # the heartbeat of the last repair


class RowStanding(StrEnum):
    """How a row compares with the timetable; the value is part of the metrics and stays stable."""

    OK = "ok"
    LATE = "late"
    MISSING = "missing"
    EDITED = "edited"
    FOREIGN = "foreign"
    MALFORMED = "malformed"

    @property
    def is_wrong(self) -> bool:
        """True if `sync_schedules` has something to repair; a late row is correct, only the queue is not working."""
        return self not in (RowStanding.OK, RowStanding.LATE)


@dataclass(frozen=True)
class InspectedRow:
    """One entry of the timetable, or a row that is not in it. ``row`` is None if it is missing."""

    name: str
    standing: RowStanding
    row: Schedule | None = None
    is_foreign: bool = False


def inspect_schedules(*, now: datetime) -> list[InspectedRow]:
    """Every entry in the timetable's order, then foreign rows. Reads without a lock: one query."""
    rows: dict[str, Schedule] = {}
    foreign: list[Schedule] = []
    names = {entry.name for entry in TIMETABLE}
    for row in Schedule.objects.order_by("pk"):
        if row.name in names - rows.keys():
            rows[row.name] = row
        else:
            foreign.append(row)
    known = [
        InspectedRow(entry.name, _standing(entry, rows.get(entry.name), now), rows.get(entry.name))
        for entry in TIMETABLE
    ]
    return known + [
        InspectedRow(row.name or str(row.pk), _foreign(row), row, is_foreign=True) for row in foreign
    ]


def repair_schedules(*, now: datetime) -> SyncReport:
    """The sentinel's regular check: it looks without a lock, and repairs only if a row is wrong."""
    if not any(inspected.standing.is_wrong for inspected in inspect_schedules(now=now)):
        return SyncReport()
    report = sync_schedules(now=now)
    if report.changed:
        beat(REPAIRS, at=now, detail=str(report))
    return report


def _standing(entry: ScheduledTask, row: Schedule | None, now: datetime) -> RowStanding:
    if row is None:
        return RowStanding.MISSING
    if _is_malformed(row):
        return RowStanding.MALFORMED
    if wrong_fields(entry, row) or not runs_soon(entry, row, now):
        return RowStanding.EDITED
    return RowStanding.LATE if row.next_run and row.next_run < now - LATE else RowStanding.OK


def _foreign(row: Schedule) -> RowStanding:
    return RowStanding.MALFORMED if _is_malformed(row) else RowStanding.FOREIGN


def _is_malformed(row: Schedule) -> bool:
    """True if the queue's scheduler would fail on it, and thereby on every other row."""
    try:
        kwargs = _evaluated_kwargs(row.kwargs or "{}")
        ast.literal_eval(row.args or "()")
        kwargs.get("q_options", {}).get("cluster")
        if row.next_run and row.schedule_type != Schedule.ONCE:
            row.calculate_next_run()
    except Exception:  # the scheduler evaluates the text, so it may raise anything
        return True
    return False


def _evaluated_kwargs(written: str) -> Any:
    """The arguments as django_q.scheduler reads them: a dict, else keyword arguments, else none."""
    try:
        return ast.literal_eval(written)
    except (SyntaxError, ValueError):
        pass
    try:
        call = ast.parse(f"f({written})").body[0].value  # type: ignore[attr-defined]  # fails there too
        return {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    except (SyntaxError, ValueError):
        return {}
