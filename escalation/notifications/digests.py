"""Storms: more than a few notifications to one reader within a minute become one digest.

The first page of a P0 ticket stands apart: it leaves before everything else, and only others of its kind count against
it, so that no storm of lower things holds it back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from escalation.clocks.acknowledgements import PAGES
from escalation.models import Notification
from escalation.notifications.routes import Addressee, target_of
from tickets.choices import Priority

MINUTE = timedelta(minutes=1)
# After a few first pages in a minute others are collected for so long.
PAGES_WAIT = timedelta(seconds=10)
_COLUMN = {"user": "recipient", "rota": "rota", "customer": "customer"}
_P0_PAGE = Q(ticket__priority=Priority.P0, kind__in=PAGES)


@dataclass
class Sorted:
    """What goes out now, each batch as one message, pages of P0 first; and what waits, and until when."""

    batches: list[list[Notification]] = field(default_factory=list)
    held: dict[datetime, list[Notification]] = field(default_factory=lambda: defaultdict(list))


def sort(rows: Sequence[Notification], tried: Iterable[int], *, now: datetime) -> Sorted:
    """``tried`` are the keys of those that went out before, by another way or in vain: they are not held again."""
    pages, known = _first_pages(rows), set(tried)
    lately = _Lately.of({target_of(row) for row in rows}, now)
    found = Sorted()
    for target, told in _by_target(row for row in rows if row.pk in pages):
        _judge(told, known, lately.pages_left(target), lately.pages_again_at(target, now), found)
    for target, told in _by_target(row for row in rows if row.pk not in pages):
        _judge(told, known, lately.left(target), lately.again_at(target), found)
    return found


def _judge(
    told: Sequence[Notification], known: set[int], room: int, again_at: datetime | None, found: Sorted
) -> None:
    """``again_at``: until when more of them than ``room`` wait, None if they need not."""
    found.batches += _batches([row for row in told if row.pk in known], settings.NOTIFICATIONS_PER_MINUTE)
    fresh = [row for row in told if row.pk not in known]
    if fresh and room <= 0 and again_at is not None:
        found.held[again_at] += fresh
    else:
        found.batches += _batches(fresh, room)


def _batches(rows: list[Notification], room: int) -> list[list[Notification]]:
    if not rows:
        return []
    return [[row] for row in rows] if len(rows) <= room else [rows]


def _by_target(rows: Iterable[Notification]) -> Iterator[tuple[Addressee, list[Notification]]]:
    by_target: dict[Addressee, list[Notification]] = defaultdict(list)
    for row in rows:
        by_target[target_of(row)].append(row)
    yield from by_target.items()


def _first_pages(rows: Iterable[Notification]) -> set[int]:
    """Those by which their reader hears of a P0 ticket for the first time. One query, none without urgent ones."""
    urgent = [row.pk for row in rows if row.is_urgent]
    if not urgent:
        return set()
    same_reader = Q()
    for column in _COLUMN.values():
        same_reader |= Q(**{column: OuterRef(column)})
    heard = Notification.objects.filter(
        same_reader, ticket=OuterRef("ticket"), kind__in=PAGES, sent_at__isnull=False
    ).exclude(pk=OuterRef("pk"))
    first = Notification.objects.filter(_P0_PAGE, ~Exists(heard), pk__in=urgent)
    return set(first.order_by().values_list("pk", flat=True))


@dataclass
class _Lately:
    """What each reader was sent in the minute before: notifications, and P0 tickets that they were paged for."""

    count: Counter[Addressee] = field(default_factory=Counter)
    first: dict[Addressee, datetime] = field(default_factory=dict)
    paged: Counter[Addressee] = field(default_factory=Counter)
    paged_at: dict[Addressee, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, targets: Iterable[Addressee], now: datetime) -> _Lately:
        keys = defaultdict(list)
        for target in targets:
            keys[target.column].append(target.pk)
        found = cls()
        for column, of_these in keys.items():
            found._load(column, of_these, now)
        return found

    def _load(self, column: str, keys: Sequence[int], now: datetime) -> None:
        sent = Notification.objects.filter(**{f"{_COLUMN[column]}__in": keys}, sent_at__gt=now - MINUTE)
        groups = sent.order_by().values_list(_COLUMN[column]).annotate(
            count=Count("pk"), first=Min("sent_at"),
            paged=Count("ticket", distinct=True, filter=_P0_PAGE), paged_at=Max("sent_at", filter=_P0_PAGE),
        )  # fmt: skip
        for pk, count, first, paged, paged_at in groups:
            target = Addressee(column, pk)
            self.count[target], self.first[target], self.paged[target] = count, first, paged
            if paged_at is not None:
                self.paged_at[target] = paged_at

    def left(self, target: Addressee) -> int:
        return int(settings.NOTIFICATIONS_PER_MINUTE) - self.count[target]

    def again_at(self, target: Addressee) -> datetime | None:
        return self.first[target] + MINUTE if target in self.first else None

    def pages_left(self, target: Addressee) -> int:
        return int(settings.NOTIFICATIONS_PER_MINUTE) - self.paged[target]

    def pages_again_at(self, target: Addressee, now: datetime) -> datetime | None:
        """None once they were collected for long enough: then they leave together."""
        last = self.paged_at.get(target)
        return last + PAGES_WAIT if last is not None and last + PAGES_WAIT > now else None
