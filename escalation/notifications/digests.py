"""Combines more than a few notifications to one reader within a minute into one digest.

The first page of a P0 ticket is exempt: it leaves before everything else, and only other first pages count
against it, so that no flood of lesser notices holds it back.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Q

from escalation.clocks.acknowledgements import PAGES
from escalation.models import Notification
from escalation.notifications.routes import Addressee, Routes
from tickets.choices import Priority

MINUTE = timedelta(minutes=1)
# After a few first pages within a minute, further ones are collected for this long.
PAGES_WAIT = timedelta(seconds=10)
_COLUMN = {"user": "recipient", "rota": "rota", "customer": "customer"}
_P0_PAGE = Q(ticket__priority=Priority.P0, kind__in=PAGES)


@dataclass
class Batches:
    """``ready`` goes out now, each list as one message, first pages of P0 first; ``held`` waits until a time."""

    ready: list[list[Notification]] = field(default_factory=list)
    held: dict[datetime, list[Notification]] = field(default_factory=lambda: defaultdict(list))


def split_into_batches(rows: Sequence[Notification], routes: Routes, *, now: datetime) -> Batches:
    """Decide which rows go out alone, in a digest, or later. Rows that were tried before are not held again."""
    known = routes.tried_before | {row.pk for row in rows if row.sent_at is not None}
    sent = RecentlySent.to(set(routes.addressees.values()), now=now)
    first_pages = _first_pages(rows)
    batches = Batches()
    for reader, pages in _by_reader([row for row in rows if row.pk in first_pages], routes).items():
        room = settings.NOTIFICATIONS_PER_MINUTE - sent.pages[reader]
        _batch(pages, known, room, sent.next_pages_at(reader, now), batches)
    for reader, others in _by_reader([row for row in rows if row.pk not in first_pages], routes).items():
        room = settings.NOTIFICATIONS_PER_MINUTE - sent.count[reader]
        _batch(others, known, room, sent.next_at(reader), batches)
    return batches


def _by_reader(rows: Sequence[Notification], routes: Routes) -> Mapping[Addressee, list[Notification]]:
    by_reader: dict[Addressee, list[Notification]] = defaultdict(list)
    for row in rows:
        by_reader[routes.addressees[row.pk]].append(row)
    return by_reader


def _batch(
    rows: Sequence[Notification],
    known: Collection[int],
    room: int,
    next_at: datetime | None,
    batches: Batches,
) -> None:
    """Batch one reader's rows.

    ``room`` is how many may go as single messages. Without room, new rows wait until ``next_at``; if that is None,
    they leave as a digest.
    """
    fresh = [row for row in rows if row.pk not in known]
    if fresh and room <= 0 and next_at is not None:
        batches.held[next_at] += fresh
        fresh = []
    again = [row for row in rows if row.pk in known]
    for together, at_most in ((again, settings.NOTIFICATIONS_PER_MINUTE), (fresh, room)):
        if together:
            batches.ready += [[row] for row in together] if len(together) <= at_most else [together]


def _first_pages(rows: Sequence[Notification]) -> set[int]:
    """The rows that are their reader's first news of a P0 ticket. One query, or none if nothing is urgent."""
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
class RecentlySent:
    """What each reader was sent in the last minute: notifications, and first pages of P0 tickets."""

    count: Counter[Addressee] = field(default_factory=Counter)
    first_at: dict[Addressee, datetime] = field(default_factory=dict)
    pages: Counter[Addressee] = field(default_factory=Counter)
    last_page_at: dict[Addressee, datetime] = field(default_factory=dict)

    @classmethod
    def to(cls, readers: Collection[Addressee], *, now: datetime) -> RecentlySent:
        """Load it: one query for each kind of reader."""
        recent = cls()
        for column, name in _COLUMN.items():
            keys = [reader.pk for reader in readers if reader.column == column]
            if not keys:
                continue
            sent = Notification.objects.filter(**{f"{name}__in": keys}, sent_at__gt=now - MINUTE)
            groups = sent.order_by().values_list(name).annotate(
                count=Count("pk"), first=Min("sent_at"),
                pages=Count("ticket", distinct=True, filter=_P0_PAGE), page=Max("sent_at", filter=_P0_PAGE),
            )  # fmt: skip
            for pk, count, first, pages, last_page in groups:
                reader = Addressee(column, pk)
                recent.count[reader], recent.first_at[reader], recent.pages[reader] = count, first, pages
                if last_page is not None:
                    recent.last_page_at[reader] = last_page
        return recent

    def next_at(self, reader: Addressee) -> datetime | None:
        """When the reader may be sent more, if they were sent anything."""
        return self.first_at[reader] + MINUTE if reader in self.first_at else None

    def next_pages_at(self, reader: Addressee, now: datetime) -> datetime | None:
        """When first pages may go on; None if they were collected for long enough and now leave together."""
        last = self.last_page_at.get(reader)
        return last + PAGES_WAIT if last is not None and last + PAGES_WAIT > now else None
