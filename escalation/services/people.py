"""The people an escalation may reach, as one picture that a whole sweep shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User

from customers.models import Desk
from customers.services.staffing import Staff


@dataclass(frozen=True)
class People:
    """Staff links and absences at a moment, the users themselves with their profiles, and the duty manager."""

    staff: Staff
    users: Mapping[int, User]
    duty_manager: int | None

    @classmethod
    def at(cls, moment: datetime) -> People:
        """Four queries; ``moment`` (UTC) decides who is absent."""
        users = get_user_model().objects.filter(is_active=True, is_staff=True).select_related("staff_profile")
        desk = Desk.objects.first()
        return cls(Staff.at(moment), users.in_bulk(), desk.duty_manager_id if desk else None)

    @property
    def superusers(self) -> list[User]:
        return [user for user in self.users.values() if user.is_superuser]
