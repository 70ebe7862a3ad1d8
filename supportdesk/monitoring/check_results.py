"""The desk's checks on itself, and the type of their results."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings


class Check(StrEnum):
    """The subject of a check; the value is part of the JSON answer and stays stable."""

    DATABASE = "database"
    LOCKS = "locks"
    MIGRATIONS = "migrations"
    WRITES = "database_writes"
    DISK = "disk"
    FILES = "files"
    START = "start"
    SWEEP = "sweep"
    OVERDUE = "overdue"
    FETCH = "mail_fetch"
    LISTENER = "mail_listener"
    INTAKE = "mail_intake"
    OUTBOX = "outbox"
    NOTIFICATIONS = "notifications"
    QUEUE = "queue"
    FAILED_MAIL = "failed_mail"
    MISSING_MAIL = "missing_mail"
    COVERAGE = "duty_coverage"
    LEDGER = "ledger"
    HOLIDAYS = "holidays"
    CLUSTERS = "clusters"
    HOSTS = "hosts"
    KEYS = "keys"
    ENCRYPTION = "encryption"
    HOST_CLOCKS = "host_clocks"
    TIME_JUMP = "time_jump"
    OUTSIDE_PING = "outside_ping"
    SCHEDULES = "schedules"
    ADMINISTRATORS = "administrators"
    WEEKLY_PACK = "weekly_pack"
    ACCOUNT_MANAGERS = "account_managers"
    BACKUP = "backup"


@dataclass(frozen=True)
class CheckResult:
    """A failed check. ``text`` is a translated sentence without secrets: what is wrong and what to do."""

    check: Check
    text: str


def is_stuck(oldest: datetime | None, now: datetime) -> bool:
    """True if work due at ``oldest`` should have been done long ago."""
    return oldest is not None and now - oldest > timedelta(seconds=settings.QUEUE_LATE_SECONDS)
