"""A snapshot of the staff that one sweep shares: who is present, who stands in, who is on duty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Subquery

from customers.access import people_who_work_here
from customers.models import Desk
from customers.services.deputies import Staff
from escalation.models import DutyRota
from escalation.people.on_duty import on_duty


@dataclass(frozen=True)
class People:
    """Reporting lines, deputies and absences at one moment, the users with their profiles, and the duty manager."""

    moment: datetime
    staff: Staff
    users: Mapping[int, User]
    duty_manager: int | None
    _on_duty: dict[int, int | None] = field(default_factory=dict, compare=False)

    @classmethod
    def at(cls, moment: datetime) -> People:
        """Load the snapshot in two queries; ``moment`` (UTC) decides who is absent."""
        duty_manager = Subquery(Desk.objects.order_by("pk").values("duty_manager")[:1])
        users = (
            people_who_work_here().select_related("staff_profile").annotate(desk_duty_manager=duty_manager)
        )
        users_by_id = users.in_bulk()
        last: Any = next(iter(users_by_id.values()), None)
        return cls(
            moment,
            Staff.at(moment, active=users_by_id),
            users_by_id,
            last.desk_duty_manager if last else None,
        )

    def on_duty(self, rota: DutyRota | None) -> int | None:
        """The person on duty at the snapshot's moment. One query for each rota."""
        if rota is None:
            return None
        if rota.pk not in self._on_duty:
            person = on_duty(rota=rota, at=self.moment)
            self._on_duty[rota.pk] = person.pk if person is not None else None
        return self._on_duty[rota.pk]

    def user(self, pk: int | None) -> User | None:
        """The user with their profile; None unless they work here and can open tickets."""
        return self.users.get(pk) if pk is not None else None

    def to_tell(self, pk: int | None) -> list[User]:
        """The people to notify: the person, even while away, and then their stand-in."""
        if pk is None:
            return []
        pair = (self.user(pk), self.user(self.staff.stand_in(pk)))
        return list(dict.fromkeys(user for user in pair if user is not None))

    @property
    def superusers(self) -> list[User]:
        return [user for user in self.users.values() if user.is_superuser]
