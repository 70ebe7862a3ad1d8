"""Who holds locks for long, and so keeps others waiting: sessions of the desk's own role, as PostgreSQL shows them.

SQLite has one lock and no such view.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import DatabaseError, InterfaceError, connection
from django.utils.translation import gettext as _

from customers.times import rough_duration
from supportdesk.monitoring.check_results import Check, CheckResult
from supportdesk.monitoring.deadline import short_queries
from supportdesk.monitoring.health import HealthReport
from supportdesk.work_kinds import session_of

LONG = timedelta(minutes=1)
MOST = 20
# A transaction that only reads has none of these. The role sees the names and queries of its own sessions only.
HOLDERS = """
SELECT session.pid, session.application_name, session.xact_start, session.state, session.query, waiting.number
FROM pg_stat_activity AS session
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM pg_stat_activity AS other
    WHERE other.wait_event_type = 'Lock' AND session.pid = ANY (pg_blocking_pids(other.pid))
) AS waiting
WHERE session.datname = current_database() AND session.pid <> pg_backend_pid() AND session.xact_start <= %s
  AND EXISTS (
    SELECT 1 FROM pg_locks WHERE pg_locks.pid = session.pid AND pg_locks.granted AND pg_locks.locktype = 'relation'
      AND pg_locks.mode NOT IN ('AccessShareLock')
  )
ORDER BY session.xact_start LIMIT %s
"""


@dataclass(frozen=True)
class LockHolder:
    """A transaction that holds locks since ``since`` (UTC). ``waiting`` sessions wait for it at this moment."""

    pid: int
    part: str
    host: str
    since: datetime
    doing: str
    waiting: int


def lock_holders(*, now: datetime) -> list[LockHolder]:
    """Transactions that have held locks for more than a minute, the oldest first. One query."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(HOLDERS, [now - LONG, MOST])
        return [
            LockHolder(pid, *session_of(name), since, _doing(state or "", query or ""), waiting)
            for pid, name, since, state, query, waiting in cursor.fetchall()
        ]


def with_lock_warnings(report: HealthReport, *, now: datetime) -> HealthReport:
    """The report, and who holds locks for long. Not part of `health`, as the board asks that with every refresh."""
    try:
        with short_queries(1.0):
            warnings = (*report.warnings, *_warnings(lock_holders(now=now), now))
        return replace(report, warnings=warnings)
    except (DatabaseError, InterfaceError):
        return report


def _warnings(holders: Sequence[LockHolder], now: datetime) -> Iterator[CheckResult]:
    for holder in holders:
        words = {
            "part": holder.part,
            "host": holder.host or "?",
            "pid": holder.pid,
            "age": rough_duration(now - holder.since),
            "doing": holder.doing,
        }
        text = _(
            "“%(part)s” on %(host)s has held locks in the database for %(age)s (session %(pid)s: %(doing)s). Others "
            "may wait for it. If it hangs, end it with pg_terminate_backend(%(pid)s)."
        )
        yield CheckResult(Check.LOCKS, text % words)


def _doing(state: str, query: str) -> str:
    """What kind of query it was, without its words: ``idle in transaction after SELECT FOR UPDATE``."""
    kind = " ".join(query.split(maxsplit=1)[:1]).upper() or "?"
    if kind == "SELECT" and "FOR UPDATE" in query.upper():
        kind = "SELECT FOR UPDATE"
    return kind if state == "active" else f"{state} after {kind}"
