"""How each notification's reader can be reached: their ways, and what was tried already. One picture per run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.contrib.auth.models import User
from django.db.models import F, Q

from customers.models import Customer
from escalation.choices import AttemptOutcome, Medium
from escalation.models import ContactWay, DutyRota, Notification, NotificationAttempt
from escalation.notifications.quiet_hours import quiet_until

# Tries of one way: at once, and after these seconds.
WAITS = (0, 30, 120)


class Addressee(NamedTuple):
    """Whom a notification is for: a column of Notification and of ContactWay, and the key in it."""

    column: str
    pk: int


def target_of(row: Notification) -> Addressee:
    if row.recipient_id is not None:
        return Addressee("user", row.recipient_id)
    if row.rota_id is not None:
        return Addressee("rota", row.rota_id)
    return Addressee("customer", row.customer_id or 0)


@dataclass
class Routes:
    """Readers, their active ways in order, and the tries so far, of some notifications at a moment."""

    users: dict[int, User] = field(default_factory=dict)
    rotas: dict[int, DutyRota] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    ways: dict[Addressee, list[ContactWay]] = field(default_factory=lambda: defaultdict(list))
    tries: Counter[tuple[int, int]] = field(default_factory=Counter)  # (notification, way)
    reached: set[int] = field(default_factory=set)  # by another way than mail
    no_mail: set[int] = field(default_factory=set)  # it was refused, here or by the mail server
    known: set[int] = field(default_factory=set)  # with a try before this run
    strayed: set[int] = field(default_factory=set)  # for the group of a customer whose ticket it is no more

    @classmethod
    def of(cls, rows: Sequence[Notification]) -> Routes:
        """At most six queries, however many notifications."""
        targets = {target_of(row) for row in rows}
        keys = {column: [one.pk for one in targets if one.column == column] for column in _COLUMNS}
        found = cls(
            User.objects.select_related("staff_profile").in_bulk(keys["user"]),
            DutyRota.objects.in_bulk(keys["rota"]) if keys["rota"] else {},
            Customer.objects.in_bulk(keys["customer"]) if keys["customer"] else {},
        )
        found._load_ways(keys)
        found._load_tries(rows)
        found._load_strayed(rows)
        return found

    def _load_strayed(self, rows: Sequence[Notification]) -> None:
        """A ticket that was put to another customer meanwhile is nothing for the first one's group."""
        for_groups = {row.pk for row in rows if target_of(row).column == "customer"}
        if for_groups:
            theirs = Notification.objects.filter(pk__in=for_groups, ticket__customer=F("customer"))
            self.strayed = for_groups - set(theirs.values_list("pk", flat=True))

    def _load_ways(self, keys: dict[str, list[int]]) -> None:
        of_these = Q()
        for column in _COLUMNS:
            of_these |= Q(**{f"{column}__in": keys[column]})
        for way in ContactWay.objects.filter(of_these, is_active=True):
            column = next(column for column in _COLUMNS if getattr(way, f"{column}_id") is not None)
            self.ways[Addressee(column, getattr(way, f"{column}_id"))].append(way)

    def _load_tries(self, rows: Sequence[Notification]) -> None:
        known = NotificationAttempt.objects.filter(notification__in=[row.pk for row in rows])
        for attempt in known.only("notification_id", "way_id", "medium", "outcome"):
            self.known.add(attempt.notification_id)
            self.note(attempt)

    def note(self, attempt: NotificationAttempt) -> None:
        if attempt.medium == Medium.MAIL:
            if attempt.outcome == AttemptOutcome.REFUSED:
                self.no_mail.add(attempt.notification_id)
            return
        if attempt.way_id is not None:
            self.tries[attempt.notification_id, attempt.way_id] += 1
        if attempt.outcome == AttemptOutcome.ACCEPTED:
            self.reached.add(attempt.notification_id)

    def of_target(self, target: Addressee) -> User | DutyRota | Customer:
        match target.column:
            case "user":
                return self.users[target.pk]
            case "rota":
                return self.rotas[target.pk]
            case _customer:
                return self.customers[target.pk]

    def user(self, row: Notification) -> User | None:
        """The person, if they still work here."""
        user = self.users.get(row.recipient_id) if row.recipient_id is not None else None
        return user if user is not None and user.is_active else None

    def next_way(self, row: Notification) -> ContactWay | None:
        """The first way of the first medium that was not tried often enough; None once it was reached."""
        if row.pk in self.reached:
            return None
        return next((way for way in self.listed(row) if self.tried(row, way) < len(WAITS)), None)

    def tried(self, row: Notification, way: ContactWay) -> int:
        return self.tries[row.pk, way.pk]

    def listed(self, row: Notification) -> Iterator[ContactWay]:
        """Ways of the notification's media, in their order. A group's way is meant whatever its medium."""
        if row.recipient_id is not None and self.user(row) is None:
            return
        if row.pk in self.strayed:
            return
        ways = self.ways.get(target_of(row), ())
        media = [*row.channels, *(() if row.recipient_id is not None else Medium)]
        for medium in dict.fromkeys(media):
            yield from (way for way in ways if way.medium == medium)

    def wants_mail(self, row: Notification) -> bool:
        """When mail is a listed medium, there is no other one, or no other one was of use."""
        user = self.user(row)
        if user is None or not user.email or row.mail_id is not None or row.pk in self.no_mail:
            return False
        if Medium.MAIL in row.channels or row.pk in self.reached:
            return Medium.MAIL in row.channels
        return self.next_way(row) is None

    def quiet_until(self, row: Notification, now: datetime) -> datetime | None:
        """When the reader's quiet hours end; what is urgent knows none."""
        profile = getattr(self.user(row), "staff_profile", None)
        if row.is_urgent or profile is None:
            return None
        return quiet_until(profile.quiet_from, profile.quiet_until, zone=profile.time_zone, now=now)


_COLUMNS = ("user", "rota", "customer")
