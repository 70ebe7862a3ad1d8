"""Changes of policies: each makes a new version, so that running promises keep their terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction

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
    *,
    policy: Policy,
    windows: Sequence[Window],
    actor: User | None,
    at: datetime,
    pause_cap_minutes: int | None = None,
) -> PolicyVersion:
    """Put these windows into force from ``at`` (UTC) on, as the policy's next version. Locks the policy.

    Without ``pause_cap_minutes`` (working time) the cap stays. What equals the version in force makes no new one.
    """
    Policy.objects.select_for_update().get(pk=policy.pk)
    current = policy.versions.order_by("-number").first()
    version = PolicyVersion(policy=policy, number=1, created_at=at, created_by=actor)
    if current is not None:
        version.number, version.pause_cap_minutes = current.number + 1, current.pause_cap_minutes
    if pause_cap_minutes is not None:
        version.pause_cap_minutes = pause_cap_minutes
    if current is not None and _terms_of(current) == (version.pause_cap_minutes, set(windows)):
        return current
    version.save(force_insert=True)
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


def _terms_of(version: PolicyVersion) -> tuple[int, set[Window]]:
    targets = version.targets.select_related("calendar")
    windows = {Window(target.kind, target.priority, target.minutes, target.calendar) for target in targets}
    return version.pause_cap_minutes, windows
