"""How the reader of each notification can be reached: their contact ways, quiet hours, and earlier attempts.

`Routes` is loaded once per run of the dispatcher, which keeps it up to date.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.auth.models import User
from django.db.models import F, Q

from customers.models import Customer
from escalation.choices import AttemptOutcome, Medium
from escalation.models import ContactWay, DutyRota, Notification, NotificationAttempt

# Seconds to wait after each attempt before the next one through the same contact way.
WAITS = (0, 30, 120)
COLUMNS = ("user", "rota", "customer")
DAY = timedelta(days=1)


class Addressee(NamedTuple):
    """The reader of a notification: the column of ContactWay that names them, and their key."""

    column: str
    pk: int


def addressee_of(row: Notification) -> Addressee:
    if row.recipient_id is not None:
        return Addressee("user", row.recipient_id)
    if row.rota_id is not None:
        return Addressee("rota", row.rota_id)
    return Addressee("customer", row.customer_id or 0)


@dataclass
class Routes:
    """Readers, their active contact ways in order, and the attempts so far, for some notifications.

    Sets and maps are by the key of the notification.
    """

    users: dict[int, User] = field(default_factory=dict)
    rotas: dict[int, DutyRota] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    addressees: dict[int, Addressee] = field(default_factory=dict)
    ways: dict[Addressee, list[ContactWay]] = field(default_factory=lambda: defaultdict(list))
    tries: Counter[tuple[int, int]] = field(default_factory=Counter)  # by notification and contact way
    tried_before: set[int] = field(default_factory=set)  # has an attempt from an earlier run
    accepted: set[int] = field(default_factory=set)  # by another medium than mail
    mail_refused: set[int] = field(default_factory=set)  # by the desk or by the mail server
    strayed: set[int] = field(default_factory=set)  # the ticket now belongs to another customer

    @classmethod
    def of(cls, rows: Sequence[Notification]) -> Routes:
        """Load the routes of these notifications: at most six queries, however many there are."""
        addressees = {row.pk: addressee_of(row) for row in rows}
        keys: dict[str, list[int]] = {column: [] for column in COLUMNS}
        for addressee in set(addressees.values()):
            keys[addressee.column].append(addressee.pk)
        routes = cls(
            User.objects.select_related("staff_profile").in_bulk(keys["user"]),
            DutyRota.objects.in_bulk(keys["rota"]) if keys["rota"] else {},
            Customer.objects.in_bulk(keys["customer"]) if keys["customer"] else {},
            addressees,
        )
        routes._load_ways(keys)
        routes._load_attempts()
        routes._load_strayed()
        return routes

    def _load_ways(self, keys: dict[str, list[int]]) -> None:
        of_these = Q()
        for column in COLUMNS:
            of_these |= Q(**{f"{column}__in": keys[column]})
        for way in ContactWay.objects.filter(of_these, is_active=True):
            column = next(column for column in COLUMNS if getattr(way, f"{column}_id") is not None)
            self.ways[Addressee(column, getattr(way, f"{column}_id"))].append(way)

    def _load_attempts(self) -> None:
        attempts = NotificationAttempt.objects.filter(notification__in=list(self.addressees))
        for attempt in attempts.only("notification_id", "way_id", "medium", "outcome"):
            self.tried_before.add(attempt.notification_id)
            self.count(attempt)

    def _load_strayed(self) -> None:
        """Find notifications to a customer's group whose ticket has since been moved to another customer."""
        for_groups = {pk for pk, addressee in self.addressees.items() if addressee.column == "customer"}
        if for_groups:
            theirs = Notification.objects.filter(pk__in=for_groups, ticket__customer=F("customer"))
            self.strayed = for_groups - set(theirs.values_list("pk", flat=True))

    def count(self, attempt: NotificationAttempt) -> None:
        """Count one more attempt."""
        if attempt.medium == Medium.MAIL:
            if attempt.outcome == AttemptOutcome.REFUSED:
                self.mail_refused.add(attempt.notification_id)
            return
        if attempt.way_id is not None:
            self.tries[attempt.notification_id, attempt.way_id] += 1
        if attempt.outcome == AttemptOutcome.ACCEPTED:
            self.accepted.add(attempt.notification_id)

    def reader_of(self, row: Notification) -> User | DutyRota | Customer:
        addressee = self.addressees[row.pk]
        match addressee.column:
            case "user":
                return self.users[addressee.pk]
            case "rota":
                return self.rotas[addressee.pk]
            case _customer:
                return self.customers[addressee.pk]

    def active_user(self, row: Notification) -> User | None:
        """The recipient, if the notification is for a person who still works here."""
        user = self.users.get(row.recipient_id) if row.recipient_id is not None else None
        return user if user is not None and user.is_active else None

    def wants_mail(self, row: Notification) -> bool:
        """True if mail is a listed medium, if there is no other way, or if the others failed."""
        user = self.active_user(row)
        if user is None or not user.email or row.mail_id is not None or row.pk in self.mail_refused:
            return False
        if Medium.MAIL in row.channels or row.pk in self.accepted:
            return Medium.MAIL in row.channels
        return self.next_way(row) is None

    def next_way(self, row: Notification) -> ContactWay | None:
        """The first contact way of the first medium that has attempts left; None once one accepted the message."""
        if row.pk in self.accepted:
            return None
        return next((way for way in self.listed_ways(row) if self.tries[row.pk, way.pk] < len(WAITS)), None)

    def listed_ways(self, row: Notification) -> Iterator[ContactWay]:
        """The contact ways of the notification's media, in order; for a group every contact way."""
        is_of_leaver = row.recipient_id is not None and self.active_user(row) is None
        if is_of_leaver or row.pk in self.strayed:
            return
        ways = self.ways.get(self.addressees[row.pk], ())
        media = [*row.channels, *(() if row.recipient_id is not None else Medium)]
        for medium in dict.fromkeys(media):
            yield from (way for way in ways if way.medium == medium)

    def way_now(self, row: Notification, now: datetime) -> ContactWay | None:
        """The next way, unless its reader has quiet hours at ``now``."""
        return self.next_way(row) if self.quiet_until(row, now) is None else None

    def quiet_until(self, row: Notification, now: datetime) -> datetime | None:
        """When the reader's quiet hours end (UTC), if ``now`` is in them; urgent notifications ignore quiet hours."""
        profile = getattr(self.active_user(row), "staff_profile", None)
        if row.is_urgent or profile is None:
            return None
        return end_of_quiet_hours(profile.quiet_from, profile.quiet_until, zone=profile.time_zone, now=now)

    def next_try_at(self, row: Notification, now: datetime) -> datetime | None:
        """When to try the notification again; None if nothing is left to try."""
        way = self.next_way(row)
        if way is None:
            return now if self.wants_mail(row) else None
        return self.quiet_until(row, now) or now + timedelta(seconds=WAITS[self.tries[row.pk, way.pk]])

    def was_sent(self, row: Notification) -> bool:
        """True if a service accepted it, or if its mail is in the outbox or has left from there."""
        return row.pk in self.accepted or (row.mail_id is not None and row.pk not in self.mail_refused)


def end_of_quiet_hours(start: time | None, end: time | None, *, zone: str, now: datetime) -> datetime | None:
    """The end (UTC) of a person's quiet hours if ``now`` is in them, else None.

    They go past midnight if the end is earlier than the start; equal times mean none.
    """
    if start is None or end is None or start == end:
        return None
    local = now.astimezone(ZoneInfo(zone))
    for first in (local.date() - DAY, local.date()):
        last = first if end > start else first + DAY
        begins = datetime.combine(first, start, local.tzinfo).astimezone(UTC)
        ends = datetime.combine(last, end, local.tzinfo).astimezone(UTC)
        if begins <= now < ends:
            return ends
    return None
