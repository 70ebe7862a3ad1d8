"""Who is on duty: now, next, and over a period."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from django.contrib.auth.models import User
from django.db.models import QuerySet

from escalation.lib.intervals import Span, clipped
from escalation.models import DutyRota, DutyShift, DutyTurn, ShiftSource

SOON = timedelta(days=8)  # how far ahead all rotas are examined


@dataclass(frozen=True)
class Watch:
    """A period in which a shift has the duty, without the parts that overrides replace."""

    shift: DutyShift
    starts_at: datetime
    ends_at: datetime

    @property
    def user(self) -> User:
        return self.shift.user

    @property
    def user_id(self) -> int:
        return self.shift.user_id

    @property
    def span(self) -> Span:
        return self.starts_at, self.ends_at

    @property
    def is_override(self) -> bool:
        return self.shift.source == ShiftSource.OVERRIDE


def shift_at(*, rota: DutyRota, at: datetime) -> DutyShift | None:
    """The shift that has the duty at ``at`` (UTC): overrides win over layers, and the latest override over others."""
    running = DutyShift.objects.filter(rota=rota, starts_at__lte=at, ends_at__gt=at)
    return running.select_related("user").order_by("-rank", "-starts_at", "-pk").first()


def on_duty(*, rota: DutyRota | None, at: datetime) -> User | None:
    """The person on duty at ``at`` (UTC), even if they are away."""
    shift = shift_at(rota=rota, at=at) if rota is not None else None
    return shift.user if shift is not None else None


@dataclass(frozen=True)
class OnDuty:
    """Who is on duty in a rota now, and who is next. Either may be None."""

    now: Watch | None = None
    next: Watch | None = None


def on_duty_by_rota(*, at: datetime) -> Mapping[int, OnDuty]:
    """By rota, in the order of their names, without rotas that have no shift in eight days. One query."""
    coming = shifts_within(at, at + SOON).select_related("rota").order_by("rota__name", "rota")
    return {rota: _on_duty_at(of_rota, at) for rota, of_rota in watches_by_rota(coming).items()}


def _on_duty_at(of_rota: Iterable[Watch], at: datetime) -> OnDuty:
    """Now and next. A person's shifts that follow each other without a gap count as one."""
    now: Watch | None = None
    for watch in of_rota:
        if now is None and watch.starts_at <= at < watch.ends_at:
            now = watch
        elif now is not None and watch.user_id == now.user_id and watch.starts_at == now.ends_at:
            now = replace(now, ends_at=watch.ends_at)
        elif watch.starts_at > at:
            return OnDuty(now, watch)
    return OnDuty(now)


def shifts_within(since: datetime, until: datetime) -> QuerySet[DutyShift]:
    """Shifts of all rotas that overlap the period, with their people."""
    return DutyShift.objects.filter(ends_at__gt=since, starts_at__lt=until).select_related("user")


def people_of(rota: DutyRota) -> set[int]:
    """Everybody with a past, present or future shift or a turn in a layer. One query."""
    shifts = DutyShift.objects.filter(rota=rota).order_by().values_list("user")
    return {
        user
        for (user,) in shifts.union(DutyTurn.objects.filter(layer__rota=rota).order_by().values_list("user"))
    }


def watches(shifts: Iterable[DutyShift]) -> list[Watch]:
    """The watches that the shifts of one rota result in, in order and without overlaps."""
    rows = sorted(shifts, key=lambda shift: shift.starts_at)
    moments = sorted({moment for row in rows for moment in (row.starts_at, row.ends_at)})
    result: list[Watch] = []
    running: list[DutyShift] = []
    coming = iter(rows)
    following = next(coming, None)
    for begins, ends in pairwise(moments):
        while following is not None and following.starts_at <= begins:
            running.append(following)
            following = next(coming, None)
        running = [row for row in running if row.ends_at > begins]
        if running:
            _add(result, Watch(max(running, key=_precedence), begins, ends))
    return result


def watches_by_rota(shifts: Iterable[DutyShift]) -> Mapping[int, list[Watch]]:
    """The watches of each rota that has shifts."""
    rows: dict[int, list[DutyShift]] = {}
    for shift in shifts:
        rows.setdefault(shift.rota_id, []).append(shift)
    return {rota: watches(of_rota) for rota, of_rota in rows.items()}


def cut_to(uncut: Iterable[Watch], span: Span) -> Iterator[Watch]:
    """The watches, cut at the ends of a span."""
    for watch in uncut:
        for begins, ends in clipped([watch.span], span):
            yield replace(watch, starts_at=begins, ends_at=ends)


def _precedence(shift: DutyShift) -> tuple[int, datetime, int]:
    """The sort key of a shift: among overlapping shifts the greatest has the duty, as in `shift_at`."""
    return shift.rank, shift.starts_at, shift.pk


def _add(result: list[Watch], watch: Watch) -> None:
    if result and result[-1].shift is watch.shift and result[-1].ends_at == watch.starts_at:
        result[-1] = replace(result[-1], ends_at=watch.ends_at)
    else:
        result.append(watch)
