"""Who is present, who deputises for whom and who reports to whom: the staff as one value, loaded in two queries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.db.models import Exists, IntegerField, OuterRef, Q, Value

from customers.access import who_work_here
from customers.models import Absence, StaffProfile


@dataclass(frozen=True)
class Colleague:
    """A person's manager and deputy; users without a profile have neither."""

    reports_to: int | None = None
    deputy: int | None = None


@dataclass(frozen=True)
class Staff:
    """The staff at one moment. People who left keep their manager and deputy, who act in their place."""

    links: Mapping[int, Colleague]
    active: frozenset[int]
    absent: frozenset[int]

    @classmethod
    def at(cls, moment: datetime, *, active: Collection[int] | None = None) -> Staff:
        """Load the staff. ``moment`` (UTC) decides who counts as absent. Passing ``active`` saves a query."""
        nobody = Value(None, output_field=IntegerField())
        profiles = StaffProfile.objects.values_list("user_id", "reports_to_id", "deputy_id", Value(0))
        away = Absence.objects.filter(Absence.running_at(moment)).values_list(
            "user_id", nobody, nobody, Value(1)
        )
        rows = list(profiles.order_by().union(away.order_by(), all=True))
        if active is None:
            active = get_user_model().objects.filter(who_work_here()).values_list("pk", flat=True)
        return cls(
            {user: Colleague(manager, deputy) for user, manager, deputy, is_away in rows if not is_away},
            frozenset(active),
            frozenset(user for user, _manager, _deputy, is_away in rows if is_away),
        )

    def is_present(self, user: int) -> bool:
        """The same as `present_at`, for the loaded staff."""
        return user in self.active and user not in self.absent

    def stand_in(self, user: int) -> int | None:
        """The person if present, otherwise the first present deputy along the chain; None if there is none."""
        return next((person for person in self._deputies(user) if self.is_present(person)), None)

    def managers(self, user: int) -> Iterator[int]:
        """The person's manager, that manager's manager, and so on; stops at a circle."""
        yield from self._walk(user, "reports_to")

    def _deputies(self, user: int) -> Iterator[int]:
        yield user
        yield from self._walk(user, "deputy")

    def _walk(self, user: int, link: str) -> Iterator[int]:
        seen = {user}
        following = getattr(self.links.get(user, Colleague()), link)
        while following is not None and following not in seen:
            seen.add(following)
            yield following
            following = getattr(self.links.get(following, Colleague()), link)


def present_at(moment: datetime) -> Q:
    """A query condition: the user works here, can open tickets and is not absent at ``moment`` (UTC)."""
    away = Absence.objects.filter(Absence.running_at(moment), user=OuterRef("pk"))
    return Q(~Exists(away)) & who_work_here()
