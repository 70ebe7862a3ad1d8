"""Running promises under older terms than their policy now has, and what the newer terms would change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import F, Q

from escalation.choices import ClockState
from escalation.clocks.lead_decisions import retarget_to_version
from escalation.clocks.lowered_priority import due_if_retargeted, lowered_clocks
from escalation.models import Clock, ContractWindow, Policy, PolicyTarget, PolicyVersion
from escalation.models.clock import ClockQuerySet
from escalation.policies.terms import in_place_of
from tickets.errors import DeskError

Key = tuple[str, int]


@dataclass(frozen=True)
class Comparison:
    """A clock, and ``due_then``, its due time under the version in force; None if that promises none of the kind.

    ``is_kept`` if that equals its present due time because the promise was lowered.
    """

    clock: Clock
    due_then: datetime | None
    is_kept: bool = False

    @property
    def difference(self) -> timedelta | None:
        """Positive when the promise would fall due later."""
        return self.due_then - self.clock.due_at if self.due_then is not None else None


@dataclass(frozen=True)
class RefusedRetarget:
    """A promise that keeps its terms; ``sentence`` says why."""

    clock: Clock
    sentence: str


@dataclass(frozen=True)
class RetargetResult:
    """How many of the chosen promises were re-targeted, and which were refused."""

    done: int
    refused: tuple[RefusedRetarget, ...]


def version_in_force(policy: Policy) -> PolicyVersion | None:
    return policy.versions.select_related("policy").order_by("-number").first()


def outdated_clocks(version: PolicyVersion, clocks: ClockQuerySet) -> ClockQuerySet:
    """The running ones of these clocks under an older version of the policy, or of their calendar."""
    older = Q(policy_version__number__lt=version.number) | Q(calendar_version__lt=F("calendar__version"))
    running = clocks.real().filter(state=ClockState.RUNNING, stopped_at=None)
    return running.filter(older, policy_version__policy=version.policy_id).order_by("due_at", "pk")


def compare(version: PolicyVersion, clocks: Iterable[Clock]) -> list[Comparison]:
    """Compare each clock with its due time under ``version``. At most three queries for all of them."""
    chosen = list(clocks)
    targets = version.targets.select_related("calendar")
    windows = {(target.kind, target.priority): target for target in targets}
    own_windows = _own_windows(
        version, {clock.contract_id for clock in chosen if clock.contract_id is not None}
    )
    lowered = lowered_clocks([clock.pk for clock in chosen])
    return [
        _compare(clock, _target(clock, own_windows, windows), is_lowered=clock.pk in lowered)
        for clock in chosen
    ]


def _compare(clock: Clock, target: PolicyTarget | None, *, is_lowered: bool) -> Comparison:
    due = due_if_retargeted(clock, target, is_lowered=is_lowered) if target is not None else None
    return Comparison(clock, due, is_kept=is_lowered and due == clock.due_at)


def _target(
    clock: Clock, own: Mapping[int, Mapping[Key, PolicyTarget]], windows: Mapping[Key, PolicyTarget]
) -> PolicyTarget | None:
    key = clock.kind, clock.priority
    return own.get(clock.contract_id or 0, {}).get(key) or windows.get(key)


def _own_windows(version: PolicyVersion, contracts: set[int]) -> dict[int, dict[Key, PolicyTarget]]:
    """The windows that contracts have of their own now, in place of the policy's."""
    windows: dict[int, dict[Key, PolicyTarget]] = {}
    for window in ContractWindow.objects.current().filter(contract__in=contracts).select_related("calendar"):
        target = in_place_of(window, PolicyTarget(version=version))
        windows.setdefault(window.contract_id, {})[window.kind, window.priority] = target
    return windows


def retarget_all(
    clocks: Iterable[Clock], *, version: PolicyVersion, actor: User, at: datetime, reason: str
) -> RetargetResult:
    """Put each clock under ``version``, each in its own transaction, so that a refused one does not stop the others."""
    done, refused = 0, []
    for clock in clocks:
        try:
            retarget_to_version(clock=clock, version=version, actor=actor, at=at, reason=reason)
            done += 1
        except DeskError as error:
            refused.append(RefusedRetarget(clock, str(error)))
    return RetargetResult(done, tuple(refused))
