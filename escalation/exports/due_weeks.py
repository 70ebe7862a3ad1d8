"""Which weeks need a pack: each from the first one in which the desk recorded something, due on Monday morning."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Min, Subquery

from customers.models import Desk
from escalation.lib.weeks import Week, last_complete_week, parse_week, week_of
from escalation.models import ClockEvent, WeeklyExport

PACK_TIME = time(8)  # of the Monday after the week, in the desk's zone
# A pack that is made later than this is marked as late, and missed until then.
LATE_AFTER = timedelta(hours=1)


def desk_zone() -> ZoneInfo:
    return ZoneInfo(settings.DESK_TIME_ZONE)


def due_time(week: Week) -> datetime:
    """When the pack of a week is due."""
    return datetime.combine(week.next.monday, PACK_TIME, tzinfo=desk_zone())


def last_due_week(now: datetime) -> Week:
    """The newest week whose pack is due."""
    week = last_complete_week(now, desk_zone())
    return week if due_time(week) <= now else last_complete_week(now - timedelta(days=7), desk_zone())


def is_late(week: Week, at: datetime) -> bool:
    return at > due_time(week) + LATE_AFTER


def missing_weeks(now: datetime) -> list[Week]:
    """The weeks whose packs are due and not made, oldest first. One query if there are none, else two."""
    last = last_due_week(now)
    packs = WeeklyExport.objects.filter(revision=1, week__lte=str(last))
    grouped = packs.order_by().values("revision")
    began = Desk.objects.values_list(
        Subquery(ClockEvent.objects.order_by("pk").values("recorded_at")[:1]),
        Subquery(grouped.annotate(first=Min("week")).values("first")),
        Subquery(grouped.annotate(number=Count("pk")).values("number")),
    ).first()
    recorded_at, first_pack, number = began or (None, None, None)
    firsts = [week_of(recorded_at, desk_zone())] if recorded_at else []
    firsts += [parse_week(first_pack)] if first_pack else []
    weeks = list(weeks_between(min(firsts), last)) if firsts else []
    if len(weeks) == (number or 0):
        return []
    made = set(packs.values_list("week", flat=True))
    return [week for week in weeks if str(week) not in made]


def weeks_to_make(now: datetime) -> list[Week]:
    """The weeks that a person may make now: those that are missing, and the last one before it is due."""
    over = last_complete_week(now, desk_zone())
    is_made = over <= last_due_week(now) or WeeklyExport.objects.filter(week=str(over)).exists()
    return missing_weeks(now) if is_made else [*missing_weeks(now), over]


def weeks_between(first: Week, last: Week) -> Iterator[Week]:
    """The weeks from the first to the last, both included."""
    week = first
    while week <= last:
        yield week
        week = week.next
