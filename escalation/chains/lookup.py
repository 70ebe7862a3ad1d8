"""The chain of steps that a promise follows: its contract's own, else its policy's, else the default one's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Expression, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from escalation.choices import ClockKind
from escalation.models import Clock, Escalation, EscalationStep

AT_THE_START = 0  # percent of a step that fires when the ticket is opened


@dataclass(frozen=True)
class Chains:
    """The steps in force of some policies and contracts and of the default policy, read once for many promises."""

    of_policies: Mapping[int, Sequence[EscalationStep]]
    of_contracts: Mapping[int, Sequence[EscalationStep]]
    default: Sequence[EscalationStep]

    @classmethod
    def of(cls, clocks: Iterable[Clock]) -> Chains:
        """The chains of these clocks, whose `policy_version` is loaded. One query."""
        listed = list(clocks)
        return cls.load(
            policies={clock.policy_version.policy_id for clock in listed},
            contracts={clock.contract_id for clock in listed if clock.contract_id is not None},
        )

    @classmethod
    def load(cls, *, policies: Collection[int], contracts: Collection[int] = ()) -> Chains:
        wanted = Q(policy__in=policies) | Q(contract__in=contracts) | Q(policy__is_default=True)
        by_policy, by_contract = defaultdict(list), defaultdict(list)
        default = []
        for step in (
            EscalationStep.objects.current().filter(wanted).select_related("policy", "person", "rota")
        ):
            if step.policy is not None and step.policy.is_default:
                default.append(step)
            if step.contract_id is not None:
                by_contract[step.contract_id].append(step)
            elif step.policy_id is not None:
                by_policy[step.policy_id].append(step)
        return cls(by_policy, by_contract, default)

    def of_clock(self, clock: Clock) -> list[EscalationStep]:
        """The steps for the clock's priority; only the first answer has one at the start, when the ticket opens."""
        steps = self.for_terms(clock.policy_version.policy_id, clock.contract_id, clock.priority)
        if clock.kind == ClockKind.FIRST_RESPONSE:
            return steps
        return [step for step in steps if step.percent != AT_THE_START]

    def for_terms(self, policy: int, contract: int | None, priority: int) -> list[EscalationStep]:
        """The first chain that has any step for this priority."""
        own = self.of_contracts.get(contract, ()) if contract is not None else ()
        for chain in (own, self.of_policies.get(policy, ()), self.default):
            steps = [step for step in chain if step.serves(priority)]
            if steps:
                return steps
        return []


def fired_on(clocks: Iterable[Clock]) -> Mapping[int, list[Escalation]]:
    """By clock the firings of steps, oldest first, their steps loaded. One query."""
    fired: defaultdict[int, list[Escalation]] = defaultdict(list)
    rows = Escalation.objects.filter(clock__in=[clock.pk for clock in clocks], step__isnull=False)
    for escalation in rows.select_related("step").order_by("fired_at", "pk"):
        fired[escalation.clock_id].append(escalation)
    return fired


def first_moments(contract: int | None) -> dict[str, Expression]:
    """Annotations for windows: the first share and the first minutes from due of the chain that goes with each.

    Where a chain mixes both kinds of moments, or overrides only one, they may come out early, never late.
    """
    return {
        "first_percent": _first("percent", contract, percent__gt=AT_THE_START),
        "first_minutes": _first("minutes_from_due", contract),
    }


def _first(field: str, contract: int | None, **only: int) -> Expression:
    steps = EscalationStep.objects.current().filter(
        highest_priority__lte=OuterRef("priority"), lowest_priority__gte=OuterRef("priority"), **only
    )
    chains = [steps.filter(policy=OuterRef("version__policy")), steps.filter(policy__is_default=True)]
    if contract is not None:
        chains.insert(0, steps.filter(contract=contract))
    return Coalesce(*(_least(chain, field) for chain in chains))


def _least(steps: object, field: str) -> Subquery:
    ordered = steps.filter(**{f"{field}__isnull": False}).order_by(F(field).asc())  # type: ignore[attr-defined]
    return Subquery(ordered.values(field)[:1])
