"""The progress of a promise in its chain: its steps, which one is due, and when to look again.

An acknowledgement (``held_until``) stops the paging until it runs out. Then the next step fires: at once if the
acknowledged step requires an answer in time or the promise is already broken, else at its own time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Q

from escalation.chains.step_times import AT_THE_START, step_times
from escalation.choices import ClockKind, ClockState
from escalation.models import Clock, Escalation, EscalationStep

TRY_AGAIN = timedelta(minutes=1)  # between tries while nobody is left to take the ticket


@dataclass(frozen=True)
class Chains:
    """The steps in force of some policies and contracts and of the default policy, read once for many promises."""

    of_policies: Mapping[int, Sequence[EscalationStep]]
    of_contracts: Mapping[int, Sequence[EscalationStep]]
    default: Sequence[EscalationStep]

    @classmethod
    def load(cls, *, policies: Collection[int], contracts: Collection[int] = ()) -> Chains:
        """Load the chains in one query."""
        wanted = Q(policy__in=policies) | Q(contract__in=contracts) | Q(policy__is_default=True)
        by_policy, by_contract = defaultdict(list), defaultdict(list)
        default = []
        steps = EscalationStep.objects.current().filter(wanted)
        for step in steps.select_related("policy", "person", "rota"):
            if step.policy is not None and step.policy.is_default:
                default.append(step)
            if step.contract_id is not None:
                by_contract[step.contract_id].append(step)
            elif step.policy_id is not None:
                by_policy[step.policy_id].append(step)
        return cls(by_policy, by_contract, default)

    @classmethod
    def of_clocks(cls, clocks: Sequence[Clock]) -> Chains:
        """The chains of these clocks, whose `policy_version` is loaded. One query."""
        return cls.load(
            policies={clock.policy_version.policy_id for clock in clocks},
            contracts={clock.contract_id for clock in clocks if clock.contract_id is not None},
        )

    def of_clock(self, clock: Clock) -> list[EscalationStep]:
        """The clock's steps. Only a first response has a step at the start, when the ticket is opened."""
        steps = self.for_terms(clock.policy_version.policy_id, clock.contract_id, clock.priority)
        if clock.kind == ClockKind.FIRST_RESPONSE:
            return steps
        return [step for step in steps if step.percent != AT_THE_START]

    def for_terms(self, policy: int, contract: int | None, priority: int) -> list[EscalationStep]:
        """The contract's steps for this priority; else the policy's; else those of the default policy."""
        contract_steps = self.of_contracts.get(contract, ()) if contract is not None else ()
        for chain in (contract_steps, self.of_policies.get(policy, ()), self.default):
            steps = [step for step in chain if step.serves(priority)]
            if steps:
                return steps
        return []


@dataclass(frozen=True)
class DueStep:
    """A step that must fire now. ``mover`` is the step that decides who gets the ticket, if any.

    It differs from ``step`` when an outage delayed a step that moves the ticket past one that only notifies.
    """

    step: EscalationStep
    at: datetime
    round: int = 0
    mover: EscalationStep | None = None

    @property
    def steps(self) -> tuple[EscalationStep, ...]:
        """Both steps, or the one: the people of both are told, through the channels of either."""
        return (self.step,) if self.mover in (None, self.step) else (self.mover, self.step)


@dataclass(frozen=True)
class ChainProgress:
    """``chain`` are the steps for the clock's priority, ``fired`` its firings of steps, oldest first."""

    clock: Clock
    chain: Sequence[EscalationStep]
    fired: Sequence[Escalation]

    @cached_property
    def times(self) -> Mapping[int, datetime]:
        """When each step fires, by key: the chain's steps, and those that fired before the chain was revised."""
        steps = {firing.step.pk: firing.step for firing in self.fired if firing.step is not None}
        steps |= {step.pk: step for step in self.chain}
        return dict(zip(steps, step_times(self.clock, list(steps.values())), strict=True))

    @property
    def _passed_until(self) -> datetime | None:
        """The time of the latest step that fired: steps before it were skipped."""
        return max((self.times[firing.step.pk] for firing in self.fired if firing.step), default=None)

    @cached_property
    def steps_ahead(self) -> list[tuple[datetime, EscalationStep]]:
        """The steps that neither fired nor were skipped, with their times, in order."""
        done, passed_until = {escalation.step_id for escalation in self.fired}, self._passed_until
        ahead = [
            (self.times[step.pk], step)
            for step in self.chain
            if step.pk not in done
            and (step.percent != AT_THE_START or not self.fired)
            and (passed_until is None or self.times[step.pk] > passed_until)
        ]
        return sorted(ahead, key=lambda pair: (pair[0], pair[1].pk))

    @cached_property
    def last(self) -> Escalation | None:
        return self.fired[-1] if self.fired else None

    @cached_property
    def _last_step(self) -> EscalationStep | None:
        """The step that fired last, if it serves the clock's priority."""
        step = self.last.step if self.last is not None else None
        return step if step is not None and step.serves(self.clock.priority) else None

    @property
    def next_step(self) -> tuple[datetime, EscalationStep] | None:
        """The next step or repeat and its time, if nobody answers or acknowledges before.

        If several times pass during an acknowledgement, it is the step that moves the ticket, else the latest.
        """
        step_at = self._next_step_at()
        repeat_at = self._repeat_at() if self._last_step is not None else None
        times = [time for time in (step_at, repeat_at) if time is not None]
        if not times:
            return None
        at = self._not_held(min(times))
        passed = [step for own, step in self.steps_ahead if own <= at]
        if passed:
            return at, _latest_mover(passed) or passed[-1]
        is_repeat = repeat_at is not None and (step_at is None or repeat_at < step_at)
        step = self._last_step if is_repeat else self.steps_ahead[0][1]
        return (at, step) if step is not None else None

    def due(self, now: datetime) -> DueStep | None:
        """The step to fire at ``now`` (UTC): a single one after an outage, none during an acknowledgement."""
        if self.clock.held_until is not None and now < self.clock.held_until:
            return None
        passed = [step for at, step in self.steps_ahead if at <= now]
        if passed:
            return DueStep(passed[-1], self.times[passed[-1].pk], mover=_latest_mover(passed))
        at = self._next_step_at()
        if at is not None and at <= now:
            step = self.steps_ahead[0][1]
            return DueStep(step, at, mover=_latest_mover([step]))
        return self._due_again(now)

    def _due_again(self, now: datetime) -> DueStep | None:
        """Another try if there was nobody left to take the ticket, else a repeat of the last step."""
        mover = self._stranded_mover()
        later = [firing for firing in self.fired if firing.step and firing.step.percent != AT_THE_START]
        if mover is not None and later and (step := later[-1].step) is not None:
            rounds = [firing.round for firing in later if firing.step_id == step.pk]
            return DueStep(step, now, 1 + max(rounds), mover=mover)
        repeat_at, step = self._repeat_at(), self._last_step
        if repeat_at is None or repeat_at > now or self.last is None or step is None:
            return None
        return DueStep(step, repeat_at, self.last.round + 1, mover=_latest_mover([step]))

    def _stranded_mover(self) -> EscalationStep | None:
        """While there is nobody left: the latest step that moves the ticket, whether it fired or was skipped."""
        passed_until = self._passed_until
        if self.clock.stranded_at is None or passed_until is None:
            return None
        steps = [step for step in self.chain if self.times[step.pk] <= passed_until]
        steps += [firing.step for firing in self.fired if firing.step is not None]
        movers = [step for step in steps if step.reassign_to and step.percent != AT_THE_START]
        return max(movers, key=lambda step: self.times[step.pk], default=None)

    def next_action_at(
        self, *, after: datetime | None = None, fired: Escalation | None = None
    ) -> datetime | None:
        """When the sweep must look again, at the latest at the due time.

        ``after`` is now, for another try. ``fired`` is the escalation that fires now, in addition to earlier ones.
        """
        if fired is not None:
            progress = ChainProgress(self.clock, self.chain, [*self.fired, fired])
            if fired.step_id in self.times:
                progress.__dict__["times"] = self.times
            return progress.next_action_at(after=after)
        repeat_at = self._repeat_at()
        if self.clock.stranded_at is not None:  # repeats wait until somebody can take the ticket
            repeat_at = (after or self.clock.stranded_at) + TRY_AGAIN
        times = [self._not_held(time) for time in (self._next_step_at(), repeat_at) if time is not None]
        if self.clock.state == ClockState.RUNNING:
            times.append(self.clock.due_at)
        return min(times, default=None)

    def _not_held(self, time: datetime) -> datetime:
        return max(time, self.clock.held_until) if self.clock.held_until is not None else time

    def _next_step_at(self) -> datetime | None:
        """When the next step fires, by its own time or by the acknowledgement of the last one."""
        if not self.steps_ahead:
            return None
        step_at, last, step = self.steps_ahead[0][0], self.last, self._last_step
        if last is None or step is None:
            return step_at
        answer_by = last.fired_at + timedelta(minutes=step.ack_minutes)
        held = self.clock.held_until
        if held is None or held <= last.fired_at:
            return min(step_at, answer_by) if step.ack_required else step_at
        is_pressing = step.ack_required or last.fired_at >= self.clock.due_at
        return held if is_pressing else max(step_at, held)

    def _repeat_at(self) -> datetime | None:
        last, step = self.last, self._last_step
        if last is None or step is None or step.repeat_minutes is None:
            return None
        if step.repeat_cap is not None and last.round >= step.repeat_cap:
            return None
        return last.fired_at + timedelta(minutes=step.repeat_minutes)


def _latest_mover(steps: Sequence[EscalationStep]) -> EscalationStep | None:
    return next((step for step in reversed(steps) if step.reassign_to), None)


def progress_by_clock(clocks: Sequence[Clock]) -> dict[int, ChainProgress]:
    """The progress of any number of clocks in two queries; needs `policy_version` and `calendar` loaded."""
    chains, fired = Chains.of_clocks(clocks), firings_by_clock(clocks)
    return {
        clock.pk: ChainProgress(clock, chains.of_clock(clock), fired.get(clock.pk, [])) for clock in clocks
    }


def progress_of(clock: Clock) -> ChainProgress:
    """The progress of one clock. Two queries."""
    return progress_by_clock([clock])[clock.pk]


def firings_by_clock(clocks: Iterable[Clock]) -> Mapping[int, list[Escalation]]:
    """By clock the firings of steps, oldest first, their steps loaded. One query."""
    fired: defaultdict[int, list[Escalation]] = defaultdict(list)
    rows = Escalation.objects.filter(clock__in=[clock.pk for clock in clocks], step__isnull=False)
    for escalation in rows.select_related("step").order_by("fired_at", "pk"):
        fired[escalation.clock_id].append(escalation)
    return fired
