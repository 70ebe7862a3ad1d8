"""Changes policies. Each change makes a new version, so that running promises keep their terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from django.contrib.auth.models import User
from django.db import transaction

from escalation.choices import Way
from escalation.models import Calendar, Policy, PolicyTarget, PolicyVersion

Ways: TypeAlias = Mapping[int, Sequence[Way]]  # by priority


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
    ways: Ways | None = None,
) -> PolicyVersion:
    """Put these windows into force from ``at`` (UTC) on, as the policy's next version. Locks the policy.

    Without ``pause_cap_minutes`` (working time) the cap stays as it is; without ``ways``, so do the ways to
    answer of each priority. If nothing differs from the version in force, that one is returned.
    """
    Policy.objects.select_for_update().get(pk=policy.pk)
    current = policy.versions.order_by("-number").first()
    version = PolicyVersion(policy=policy, number=1, created_at=at, created_by=actor)
    if current is not None:
        version.number, version.pause_cap_minutes = current.number + 1, current.pause_cap_minutes
        version.channels = current.channels
    if pause_cap_minutes is not None:
        version.pause_cap_minutes = pause_cap_minutes
    if ways is not None:
        version.channels = _as_json(ways)
    if current is not None and _terms_of(current) == (
        version.pause_cap_minutes, version.channels, set(windows)
    ):  # fmt: skip
        return current
    version.save(force_insert=True)
    for window in windows:  # one by one, so that each is audited
        PolicyTarget.objects.create(
            version=version,
            kind=window.kind,
            priority=window.priority,
            minutes=window.minutes,
            calendar=window.calendar,
        )
    return version


def _as_json(ways: Ways) -> dict[str, list[str]]:
    """Ways in the order of the choices, so that equal sets compare as equal."""
    return {
        str(priority): [way.value for way in Way if way in chosen]
        for priority, chosen in sorted(ways.items())
        if chosen
    }


def _terms_of(version: PolicyVersion) -> tuple[int, object, set[Window]]:
    targets = version.targets.select_related("calendar")
    windows = {Window(target.kind, target.priority, target.minutes, target.calendar) for target in targets}
    return version.pause_cap_minutes, version.channels, windows
