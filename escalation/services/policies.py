"""Changes of policies: each makes a new version, so that running promises keep their terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from escalation.models import Calendar, Policy, PolicyTarget, PolicyVersion


@dataclass(frozen=True)
class Window:
    """One promised window, in working minutes of its calendar."""

    kind: str
    priority: int
    minutes: int
    calendar: Calendar


@transaction.atomic
def revise_policy(
    *, policy: Policy, windows: Sequence[Window], actor: User | None, at: datetime
) -> PolicyVersion:
    """Put these windows into force from ``at`` (UTC) on, as the policy's next version. Locks the policy.

    Windows equal to those in force make no new version.
    """
    Policy.objects.select_for_update().get(pk=policy.pk)
    current = policy.versions.order_by("-number").first()
    if current is not None and _windows_of(current) == set(windows):
        return current
    number = (policy.versions.aggregate(last=Max("number"))["last"] or 0) + 1
    version = PolicyVersion.objects.create(policy=policy, number=number, created_at=at, created_by=actor)
    PolicyTarget.objects.bulk_create(
        PolicyTarget(
            version=version,
            kind=window.kind,
            priority=window.priority,
            minutes=window.minutes,
            calendar=window.calendar,
        )
        for window in windows
    )
    return version


def _windows_of(version: PolicyVersion) -> set[Window]:
    targets = version.targets.select_related("calendar")
    return {Window(target.kind, target.priority, target.minutes, target.calendar) for target in targets}
