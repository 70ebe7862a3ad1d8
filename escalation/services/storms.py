"""Storms: more than a few notifications to one reader within a minute become one digest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min

from escalation.models import Notification
from escalation.services.reach import Target, target_of

MINUTE = timedelta(minutes=1)
_COLUMN = {"user": "recipient", "rota": "rota", "customer": "customer"}


@dataclass
class Sorted:
    """What goes out now, each batch as one message; and what waits for its reader's minute to be over."""

    batches: list[list[Notification]] = field(default_factory=list)
    held: dict[datetime, list[Notification]] = field(default_factory=lambda: defaultdict(list))


def sort(rows: Sequence[Notification], tried: Iterable[int], *, now: datetime) -> Sorted:
    """``tried`` are the keys of those that went out before, by another way or in vain: they are not held again."""
    by_target: dict[Target, list[Notification]] = defaultdict(list)
    for row in rows:
        by_target[target_of(row)].append(row)
    lately = _Lately.of(by_target, now)
    known, found = set(tried), Sorted()
    for target, told in by_target.items():
        fresh = [row for row in told if row.pk not in known]
        found.batches += _batches([row for row in told if row.pk in known], settings.NOTIFICATIONS_PER_MINUTE)
        room = settings.NOTIFICATIONS_PER_MINUTE - lately.count[target]
        if fresh and room <= 0:
            found.held[lately.first[target] + MINUTE] += fresh
        else:
            found.batches += _batches(fresh, room)
    return found


def _batches(rows: list[Notification], room: int) -> list[list[Notification]]:
    return [[row] for row in rows] if len(rows) <= room else [rows]


@dataclass
class _Lately:
    """What each reader was sent in the minute before."""

    count: Counter[Target] = field(default_factory=Counter)
    first: dict[Target, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, targets: Iterable[Target], now: datetime) -> _Lately:
        keys = defaultdict(list)
        for target in targets:
            keys[target.column].append(target.pk)
        found = cls()
        for column, of_these in keys.items():
            sent = Notification.objects.filter(
                **{f"{_COLUMN[column]}__in": of_these}, sent_at__gt=now - MINUTE
            )
            groups = sent.order_by().values_list(_COLUMN[column]).annotate(Count("pk"), Min("sent_at"))
            for pk, count, first in groups:
                found.count[Target(column, pk)] = count
                found.first[Target(column, pk)] = first
        return found
