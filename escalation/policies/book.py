"""The policies of the desk as one value: every version with its windows, and the first moments of every chain.

It is kept in the process and read anew after a change, of which the stamp in the database tells. To start a promise
takes a small query for the stamp, or none if another query brings it along.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from customers.models import Contract, ServicePlan
from escalation.chains.step_times import AT_THE_START
from escalation.models import (
    ContractWindow,
    EscalationStep,
    Policy,
    PolicyStamp,
    PolicyTarget,
    PolicyVersion,
    StepTime,
)

BOOKS_KEPT = 4  # one would do, but the rolled back change of another transaction brings an older stamp back


@dataclass(frozen=True)
class BookedVersion:
    """A version of a policy with its windows by kind and priority."""

    row: PolicyVersion
    windows: Mapping[tuple[str, int], PolicyTarget]


@dataclass(frozen=True)
class PolicyBook:
    """``versions`` holds each policy's versions by the policy's key, the newest first.

    ``with_own_windows`` are the contracts that have, or ever had, windows of their own.
    """

    default: int | None
    by_plan: Mapping[int, int]
    default_plan: int | None
    versions: Mapping[int, Sequence[BookedVersion]]
    policy_steps: Mapping[int, Sequence[EscalationStep]]
    contract_steps: Mapping[int, Sequence[EscalationStep]]
    with_own_windows: frozenset[int]

    def window(
        self, contract: Contract | None, kind: str, priority: int, *, at: datetime
    ) -> PolicyTarget | None:
        """The window promised at ``at`` (UTC) by the policies that serve the contract, its plan's before the default.

        If the versions of that moment leave it out, an older one applies, or the first for a moment before it.
        """
        key, served = (kind, priority), self._policies_for(contract)
        pasts = [[version for version in each if version.row.created_at <= at] for each in served]
        in_force = (past[0] for past in pasts if past)
        older = (version for past in pasts for version in past[1:])
        first = (version for each in served for version in reversed(each))
        chosen = (version.windows.get(key) for version in (*in_force, *older, *first))
        target = next(filter(None, chosen), None)
        return None if target is None else self._handed_out(target, contract)

    def window_of(
        self, version: int, kind: str, priority: int, *, contract: Contract | None
    ) -> PolicyTarget | None:
        """The window in one version (its key); None if that leaves it out."""
        booked = (each for versions in self.versions.values() for each in versions)
        windows = next((each.windows for each in booked if each.row.pk == version), {})
        target = windows.get((kind, priority))
        return None if target is None else self._handed_out(target, contract)

    def _policies_for(self, contract: Contract | None) -> list[Sequence[BookedVersion]]:
        """The versions of the plan's own policy, if there is one, then those of the default policy."""
        plan = contract.plan_id if contract is not None else self.default_plan
        of_plan = self.by_plan.get(plan) if plan is not None else None
        policies = dict.fromkeys(key for key in (of_plan, self.default) if key is not None)
        return [self.versions.get(key, ()) for key in policies]

    def _handed_out(self, target: PolicyTarget, contract: Contract | None) -> PolicyTarget:
        """A copy, as others read the same book. It knows the first steps of its chain."""
        window, version = copy(target), copy(target.version)
        version.policy = copy(version.policy)
        window.version, window.calendar = version, copy(target.calendar)
        window.first_steps = tuple(self._first_steps(window, contract))
        return window

    def _first_steps(self, target: PolicyTarget, contract: Contract | None) -> Iterator[StepTime]:
        """The first percentage and the first minutes from due, each from the nearest chain that has one.

        If a chain overrides only one kind, the result may be early but never late.
        """
        chains = [self.policy_steps.get(key or 0, ()) for key in (target.version.policy_id, self.default)]
        if contract is not None and contract.pk is not None:
            chains.insert(0, self.contract_steps.get(contract.pk, ()))
        serving = [[step for step in chain if step.serves(target.priority)] for chain in chains]
        percents = ([step.percent for step in chain if step.percent] for chain in serving)
        percent = next((min(each) for each in percents if each), AT_THE_START)
        if percent != AT_THE_START:
            yield StepTime(percent=percent)
        by_minutes = ([step for step in chain if step.percent is None] for chain in serving)
        minutes = next(([step.minutes_from_due or 0 for step in each] for each in by_minutes if each), None)
        if minutes is not None:
            yield StepTime(minutes_from_due=min(minutes))


def current_book(stamp: int | None = None) -> PolicyBook:
    """The policies as this transaction sees them. One query, or none if the caller has read the ``stamp``."""
    if stamp is None:
        stamp = PolicyStamp.objects.values_list("stamp", flat=True).first()
    return _read() if stamp is None else _kept(stamp)


@lru_cache(maxsize=BOOKS_KEPT)
def _kept(_stamp: int) -> PolicyBook:
    return _read()


def _read() -> PolicyBook:
    """Five queries."""
    policies = dict(Policy.objects.values_list("pk", "plan"))
    steps = list(EscalationStep.objects.current())
    return PolicyBook(
        default=Policy.objects.filter(is_default=True).values_list("pk", flat=True).first(),
        by_plan={plan: policy for policy, plan in policies.items() if plan is not None},
        default_plan=ServicePlan.objects.filter(is_default=True).values_list("pk", flat=True).first(),
        versions=_versions(),
        policy_steps=_by_key((step.policy_id, step) for step in steps),
        contract_steps=_by_key((step.contract_id, step) for step in steps),
        with_own_windows=frozenset(ContractWindow.objects.order_by().values_list("contract", flat=True)),
    )


def _versions() -> dict[int, Sequence[BookedVersion]]:
    windows: dict[int, dict[tuple[str, int], PolicyTarget]] = {}
    for target in PolicyTarget.objects.select_related("calendar"):
        windows.setdefault(target.version_id, {})[target.kind, target.priority] = target
    versions: dict[int, list[BookedVersion]] = {}
    for row in PolicyVersion.objects.select_related("policy__duty_rota").order_by("-number"):
        targets = windows.get(row.pk, {})
        for target in targets.values():
            target.version = row
        versions.setdefault(row.policy_id, []).append(BookedVersion(row, targets))
    return dict(versions)


def _by_key(pairs: Iterable[tuple[int | None, EscalationStep]]) -> dict[int, Sequence[EscalationStep]]:
    found: dict[int, list[EscalationStep]] = {}
    for key, step in pairs:
        if key is not None:
            found.setdefault(key, []).append(step)
    return dict(found)
