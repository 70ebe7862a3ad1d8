"""The periods that a scorecard covers, in the reader's zone: this week, last quarter, or from one day to another."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy

from escalation.lib.weeks import CoveredTime

DAY = timedelta(days=1)
LONGEST = timedelta(days=3 * 366)


class ScorePeriod(TextChoices):
    THIS_WEEK = "this-week", pgettext_lazy("period", "This week")
    LAST_WEEK = "last-week", pgettext_lazy("period", "Last week")
    THIS_MONTH = "this-month", pgettext_lazy("period", "This month")
    LAST_MONTH = "last-month", pgettext_lazy("period", "Last month")
    THIS_QUARTER = "this-quarter", pgettext_lazy("period", "This quarter")
    LAST_QUARTER = "last-quarter", pgettext_lazy("period", "Last quarter")


def days_of(period: ScorePeriod, *, today: date) -> tuple[date, date]:
    """The first and the last day of a period, both included; a period that is not over ends with its last day."""
    match period:
        case ScorePeriod.THIS_WEEK:
            first = today - today.weekday() * DAY
            return first, first + 6 * DAY
        case ScorePeriod.LAST_WEEK:
            first = today - (today.weekday() + 7) * DAY
            return first, first + 6 * DAY
        case ScorePeriod.THIS_MONTH:
            return _months(today.replace(day=1), 1)
        case ScorePeriod.LAST_MONTH:
            return _months(_month_before(today.replace(day=1), 1), 1)
        case ScorePeriod.THIS_QUARTER:
            return _months(_quarter(today), 3)
        case ScorePeriod.LAST_QUARTER:
            return _months(_month_before(_quarter(today), 3), 3)


def covered(first: date, last: date, *, zone: ZoneInfo, now: datetime) -> CoveredTime:
    """From the first day's 00:00 to the end of the last day in the zone, but not beyond ``now`` (UTC)."""
    start, end = (midnight(day, zone) for day in (first, last + DAY))
    return CoveredTime(zone=zone, start=start, end=max(start, min(end, now)), as_of=max(now, start))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _month_before(first: date, months: int) -> date:
    index = first.year * 12 + first.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def _months(first: date, months: int) -> tuple[date, date]:
    return first, _month_before(first, -months) - DAY
