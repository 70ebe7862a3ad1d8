"""Changes chains. A step is never edited but retired and replaced, so that past firings keep its wording.

Reasons: .github/decisions/chains.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from customers.models import Contract
from escalation.chains.validation import StepSpec, chain_faults, step_faults
from escalation.choices import ClockState
from escalation.models import Clock, DutyRota, EscalationStep, Policy
from escalation.models.clock import ClockQuerySet
from tickets.errors import DeskError


@dataclass(frozen=True)
class ChainRevision:
    """The result of a change. ``moved`` counts the open promises that the next sweep puts on the new chain."""

    kept: Sequence[EscalationStep]
    added: Sequence[EscalationStep]
    retired: Sequence[EscalationStep]
    moved: int = 0


@transaction.atomic
def revise_chain(
    *,
    policy: Policy | None = None,
    contract: Contract | None = None,
    steps: Sequence[StepSpec],
    actor: User | None,
    at: datetime,
) -> ChainRevision:
    """Make these steps the whole chain of the policy or of the contract from ``at`` (UTC) on.

    A contract without steps follows its plan's policy again, and a policy without steps the default one. Unchanged
    steps stay. The next sweep visits the open promises on this chain. Locks the policy or the contract. Raises
    DeskError with one sentence per line.
    """
    home = _locked(policy, contract)
    stand = _by_spec(home.steps.current().select_related("person", "rota"))
    _refuse(home, steps, [spec for spec in steps if spec not in stand])
    kept = [stand.pop(spec) for spec in steps if spec in stand]
    added = _add(home, [spec for spec in steps if spec not in map(spec_of, kept)], actor, at)
    gone = list(home.steps.current().exclude(pk__in=[step.pk for step in (*kept, *added)]))
    for step in gone:  # one by one, so that each is audited
        step.retired_at, step.retired_by = at, actor
        step.save(update_fields=["retired_at", "retired_by"])
    return ChainRevision(kept, added, gone, _move(home, [*added, *gone], at))


def _refuse(home: Policy | Contract, steps: Sequence[StepSpec], new: Sequence[StepSpec]) -> None:
    """Check only new steps: a person named by an existing step may have left since."""
    rota, is_default = rota_of(home), isinstance(home, Policy) and home.is_default
    faults = [fault for step in new for fault in step_faults(step, rota=rota)]
    faults += chain_faults(steps, is_default=is_default)
    if faults:
        raise DeskError("\n".join(dict.fromkeys(faults)))


def spec_of(step: EscalationStep) -> StepSpec:
    """The step as a value. Needs `person` and `rota` loaded."""
    named = {field.name: getattr(step, field.name) for field in fields(StepSpec)}
    return StepSpec(**{**named, "tell": tuple(step.tell), "channels": tuple(step.channels)})


def step_of(spec: StepSpec, **home: Any) -> EscalationStep:
    """An unsaved step of this value."""
    values = {field.name: getattr(spec, field.name) for field in fields(StepSpec)}
    return EscalationStep(**{**values, "tell": list(spec.tell), "channels": list(spec.channels), **home})


def rota_of(home: Policy | Contract) -> DutyRota | None:
    """The rota that is paged if a step names none."""
    policy = home if isinstance(home, Policy) else policy_behind(home)
    return policy.duty_rota if policy is not None else None


def policy_behind(contract: Contract) -> Policy | None:
    """The policy behind the contract's own steps: that of its plan, else the default one."""
    policies = Policy.objects.filter(Q(plan=contract.plan_id) | Q(is_default=True)).select_related(
        "duty_rota"
    )
    return policies.order_by("is_default").first()


def followers(home: Policy | Contract) -> ClockQuerySet:
    """The open promises that follow this chain, by the same rule as `Chains.for_terms`."""
    open_ones, closer = Clock.objects.open(), _steps_for_its_priority()
    if isinstance(home, Contract):
        return open_ones.filter(contract=home)
    theirs = open_ones.exclude(Exists(closer.filter(contract=OuterRef("contract"))))
    on_the_policy = Q(policy_version__policy=home)
    if home.is_default:
        on_the_policy |= Q(~Exists(closer.filter(policy=OuterRef("policy_version__policy"))))
    return theirs.filter(on_the_policy)


def _steps_for_its_priority() -> QuerySet[EscalationStep]:
    priority = OuterRef("priority")
    return EscalationStep.objects.current().filter(
        highest_priority__lte=priority, lowest_priority__gte=priority
    )


def _locked(policy: Policy | None, contract: Contract | None) -> Policy | Contract:
    if policy is not None:
        return Policy.objects.select_for_update().get(pk=policy.pk)
    if contract is None:
        raise ValueError("A chain belongs to a policy or to a contract.")
    return Contract.objects.select_for_update().get(pk=contract.pk)


def _by_spec(steps: Iterable[EscalationStep]) -> dict[StepSpec, EscalationStep]:
    return {spec_of(step): step for step in steps}


def _add(
    home: Policy | Contract, specs: Sequence[StepSpec], actor: User | None, at: datetime
) -> list[EscalationStep]:
    owner = {"policy": home} if isinstance(home, Policy) else {"contract": home}
    steps = [step_of(spec, created_at=at, created_by=actor, **owner) for spec in specs]
    for step in steps:
        step.save(force_insert=True)
    return steps


def _move(home: Policy | Contract, changed: Sequence[EscalationStep], at: datetime) -> int:
    """Leave clocks that are already due: the sweep may hold their lock. A paused clock has no next step."""
    priorities = {priority for step in changed for priority in spec_of(step).priorities}
    if not priorities:
        return 0
    ahead = Q(next_step_at=None) | Q(next_step_at__gt=at)
    moved = followers(home).filter(ahead, priority__in=priorities).exclude(state=ClockState.PAUSED)
    return moved.update(next_step_at=at)
