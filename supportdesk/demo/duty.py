"""The duty rota: on weekdays two engineers follow the sun, at weekends leads and the duty manager are on duty."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User

from customers.services.deputies import Staff
from escalation.duty.overrides_and_swaps import put_on_duty
from escalation.duty.shifts import generate_shifts
from escalation.lib.rotation import Rotation
from escalation.models import DutyLayer, DutyRota, DutyShift, DutyTurn, Weekday

NAME = "P0 duty 值班"
ZONE = ZoneInfo("Asia/Shanghai")
HALF_A_DAY = timedelta(hours=12)
MORNING, EVENING = time(8), time(20)
WEEKDAYS = ("zhao.lei", "kevin.zhou")
# The people on duty by day and by night on Saturday and Sunday; the rows alternate from week to week.
WEEKENDS = (("priya.nair", "kevin.zhou"), ("chen.guodong", "sofia.lindqvist"))


def make_rota() -> DutyRota:
    return DutyRota.objects.create(name=NAME, time_zone=ZONE.key)


def fill_rota(rota: DutyRota, users: Mapping[str, User], *, since: datetime, now: datetime) -> None:
    """Create shifts of twelve hours without a gap: started ones by hand, later ones by layers and an override."""
    shifts = _past_shifts(rota, users, since, now)
    DutyShift.objects.bulk_create(shifts)
    _plan(rota, users, _monday_of(since))
    generate_shifts(rota=rota, at=shifts[-1].ends_at)
    _add_override(rota, users, now)


def _past_shifts(
    rota: DutyRota, users: Mapping[str, User], since: datetime, now: datetime
) -> list[DutyShift]:
    """Past shifts. A person who was away when their shift began is replaced by their deputy."""
    by_id = {user.pk: user for user in users.values()}
    shifts = []
    for starts_at, name in _turns(since, now):
        present = Staff.at(starts_at).stand_in(users[name].pk)
        user = by_id.get(present or 0, users[name])
        shifts.append(DutyShift(rota=rota, user=user, starts_at=starts_at, ends_at=starts_at + HALF_A_DAY))
    return shifts


def _turns(since: datetime, until: datetime) -> Iterator[tuple[datetime, str]]:
    """The shifts' start and end. They change over at 08:00 and 20:00 in Shanghai, which has no daylight saving time."""
    starts_at = since.astimezone(ZONE).replace(hour=8, minute=0, second=0, microsecond=0) - HALF_A_DAY * 2
    while starts_at < until:
        yield starts_at, _person_on(starts_at)
        starts_at += HALF_A_DAY


def _person_on(starts_at: datetime) -> str:
    is_night = starts_at.hour != MORNING.hour
    if starts_at.weekday() < Weekday.SATURDAY:
        return WEEKDAYS[is_night]
    return _weekends(starts_at.date())[0][is_night]


def _weekends(day: date) -> Sequence[tuple[str, str]]:
    """The pairs for the weekends, from the week of `day` on."""
    first = day.isocalendar().week % 2
    return WEEKENDS[first], WEEKENDS[1 - first]


def _monday_of(moment: datetime) -> date:
    local = moment.astimezone(ZONE).date()
    return local - timedelta(days=local.weekday())


def _plan(rota: DutyRota, users: Mapping[str, User], monday: date) -> None:
    """Create the same turns as layers; the weekend layers take precedence over the others."""
    weekends = _weekends(monday)
    week = DutyLayer(name="Weekdays 工作日", level=1, rotation=Rotation.HOURS, length=12)
    days = DutyLayer(name="Weekend days 周末白班", level=2, from_time=MORNING, to_time=EVENING)
    nights = DutyLayer(name="Weekend nights 周末夜班", level=2, from_time=EVENING, to_time=MORNING)
    for layer, names in (
        (week, WEEKDAYS),
        (days, [pair[0] for pair in weekends]),
        (nights, [pair[1] for pair in weekends]),
    ):
        layer.rota, layer.starts_on, layer.hand_over = rota, monday, MORNING
        layer.weekdays = [Weekday.SATURDAY.value, Weekday.SUNDAY.value] if layer is not week else []
        layer.save()
        DutyTurn.objects.bulk_create(
            DutyTurn(layer=layer, user=users[name], position=number) for number, name in enumerate(names)
        )


def _add_override(rota: DutyRota, users: Mapping[str, User], now: datetime) -> None:
    """Put somebody else on duty for one afternoon in the coming days."""
    day = now.astimezone(ZONE).replace(hour=13, minute=0, second=0, microsecond=0) + timedelta(days=2)
    put_on_duty(
        rota=rota,
        user=users["chen.guodong"],
        starts_at=day,
        ends_at=day + timedelta(hours=4),
        reason="Doctor's appointment",
        actor=users["priya.nair"],
        at=now,
    )
