"""The duty rota: two engineers who follow the sun in the week, leads and the duty manager at weekends."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from customers.services.staffing import Staff
from escalation.models import DutyRota, DutyShift

NAME = "P0 duty 值班"
ZONE = ZoneInfo("Asia/Shanghai")
HALF_A_DAY = timedelta(hours=12)
DAYS_AHEAD = 15
WEEKDAYS = ("zhao.lei", "kevin.zhou")
# Day and night of a Saturday and Sunday, in turn from week to week.
WEEKENDS = (("priya.nair", "kevin.zhou"), ("chen.guodong", "sofia.lindqvist"))


def make_rota() -> DutyRota:
    return DutyRota.objects.create(name=NAME, time_zone=ZONE.key)


def fill_rota(rota: DutyRota, users: Mapping[str, User], *, since: datetime, now: datetime) -> None:
    """Shifts of twelve hours without a gap; whoever is away when theirs begins is replaced by their deputy."""
    by_id = {user.pk: user for user in users.values()}
    shifts = []
    for starts_at, name in _turns(since, now + timedelta(days=DAYS_AHEAD)):
        present = Staff.at(starts_at).stand_in(users[name].pk)
        user = by_id.get(present or 0, users[name])
        shifts.append(DutyShift(rota=rota, user=user, starts_at=starts_at, ends_at=starts_at + HALF_A_DAY))
    DutyShift.objects.bulk_create(shifts)


def _turns(since: datetime, until: datetime) -> Iterator[tuple[datetime, str]]:
    """Hand-over at 08:00 and 20:00 in Shanghai, which knows no daylight saving."""
    starts_at = since.astimezone(ZONE).replace(hour=8, minute=0, second=0, microsecond=0) - HALF_A_DAY * 2
    while starts_at < until:
        yield starts_at, _whose(starts_at)
        starts_at += HALF_A_DAY


def _whose(starts_at: datetime) -> str:
    is_night = starts_at.hour != 8
    if starts_at.weekday() < 5:
        return WEEKDAYS[is_night]
    return WEEKENDS[starts_at.isocalendar().week % 2][is_night]
