"""The desk's checks of itself, and their results as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.utils.translation import ngettext


class Check(StrEnum):
    """What is looked at; the value is part of the JSON answer and stays stable."""

    DATABASE = "database"
    SWEEP = "sweep"
    FETCH = "mail_fetch"
    INTAKE = "mail_intake"
    OUTBOX = "outbox"
    NOTIFICATIONS = "notifications"
    QUEUE = "queue"
    FAILED_MAIL = "failed_mail"
    COVERAGE = "duty_coverage"
    LEDGER = "ledger"
    HOLIDAYS = "holidays"
    CLUSTERS = "clusters"
    KEYS = "keys"
    OUTSIDE_PING = "outside_ping"
    SCHEDULES = "schedules"
    ADMINISTRATORS = "administrators"


@dataclass(frozen=True)
class CheckResult:
    """``text`` is a translated sentence without secrets: what is wrong and what to do."""

    check: Check
    text: str


def is_stuck(oldest: datetime | None, now: datetime) -> bool:
    """Whether work that became due at ``oldest`` should have been done long ago."""
    return oldest is not None and now - oldest > timedelta(seconds=settings.QUEUE_LATE_SECONDS)


def age(passed: timedelta) -> str:
    """A length of time in the largest unit that fits twice: ``95 minutes``, ``3 hours``."""
    minutes = int(passed.total_seconds() // 60)
    if minutes < 120:
        return ngettext("%(count)s minute", "%(count)s minutes", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours < 48:
        return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}
    return ngettext("%(count)s day", "%(count)s days", hours // 24) % {"count": hours // 24}
