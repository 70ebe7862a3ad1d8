"""Where a promise stands in its chain: which step is due now, and when something is to be done next. Pure.

An acknowledgement (``held_until``) keeps everything quiet for its time. Then the next step fires: at once where the
step that was acknowledged asks for an answer in its time or the promise is broken already, else at its own moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from escalation.chains.lookup import Chains, fired_on
from escalation.chains.step_times import step_time
from escalation.choices import ClockState
from escalation.models import Clock, Escalation, EscalationStep, PolicyTarget

TRY_AGAIN = timedelta(minutes=1)  # while nobody is left


@dataclass(frozen=True)
class Due:
    """What is to fire: ``mover`` is the step that says who gets the ticket, if it is to move.

    It differs from ``step`` when an outage let a step that moves the ticket pass before one that only tells.
    """

    step: EscalationStep
    at: datetime
    round: int = 0
    mover: EscalationStep | None = None

    @property
    def steps(self) -> tuple[EscalationStep, ...]:
        """Both, or the one: whom each of them names is told, through the channels of either."""
        return (self.step,) if self.mover in (None, self.step) else (self.mover, self.step)

    @property
    def channels(self) -> list[str]:
        return list(dict.fromkeys(channel for step in self.steps for channel in step.channels))


@dataclass(frozen=True)
class Course:
    """``chain`` are the steps for the clock's priority, ``fired`` its firings of steps, oldest first."""

    clock: Clock
    chain: Sequence[EscalationStep]
    fired: Sequence[Escalation]

    def after(self, escalation: Escalation) -> Course:
        """The course once this has fired as well."""
        further = Course(self.clock, self.chain, [*self.fired, escalation])
        further.__dict__["moments"] = self.moments
        return further

    @cached_property
    def moments(self) -> Mapping[int, datetime]:
        """When each step of the chain is to fire, by its key."""
        return {step.pk: step_time(self.clock, step) for step in self.chain}

    def _moment_of(self, step: EscalationStep) -> datetime:
        return self.moments.get(step.pk) or step_time(self.clock, step)

    @property
    def last(self) -> Escalation | None:
        return self.fired[-1] if self.fired else None

    @cached_property
    def ahead(self) -> list[tuple[datetime, EscalationStep]]:
        """The steps that neither fired nor were passed over, with their moments, in order."""
        done, passed = {escalation.step_id for escalation in self.fired}, self._passed
        moments = [
            (self.moments[step.pk], step)
            for step in self.chain
            if step.pk not in done and (step.percent != 0 or not self.fired)
        ]
        ahead = [moment for moment in moments if passed is None or moment[0] > passed]
        return sorted(ahead, key=lambda moment: (moment[0], moment[1].pk))

    @property
    def _passed(self) -> datetime | None:
        """The moment of the latest step that fired: those before it were passed over."""
        return max((self._moment_of(one.step) for one in self.fired if one.step), default=None)

    @property
    def following(self) -> tuple[datetime, EscalationStep] | None:
        """The next step or repeat, and when it fires if nobody answers or acknowledges before.

        Of several whose moments pass while somebody has it, the one that moves the ticket, else the latest.
        """
        at, again = self._following(), self._repeat() if self._standing is not None else None
        times = [time for time in (at, again) if time is not None]
        if not times:
            return None
        moment = self._not_held(min(times))
        passed = [step for own, step in self.ahead if own <= moment]
        if passed:
            return moment, _mover(passed) or passed[-1]
        is_repeat = again is not None and (at is None or again < at)
        step = self._standing if is_repeat else self.ahead[0][1]
        return (moment, step) if step is not None else None

    def due(self, now: datetime) -> Due | None:
        """What is to fire at ``now`` (UTC), once for all that an outage let pass; nothing while somebody has it."""
        if self.clock.held_until is not None and now < self.clock.held_until:
            return None
        passed = [step for at, step in self.ahead if at <= now]
        if passed:
            return self._latest(passed)
        following = self._following()
        if following is not None and following <= now:
            step = self.ahead[0][1]
            return Due(step, following, mover=_mover([step]))
        return self._again(now)

    def _latest(self, passed: Sequence[EscalationStep]) -> Due:
        step = passed[-1]
        return Due(step, self._moment_of(step), mover=_mover(passed))

    def _again(self, now: datetime) -> Due | None:
        """A repeat of the last step, or another try where nobody was left."""
        mover, step = self._stranded, self._last_step
        if mover is not None and step is not None:
            return Due(step, now, self._round_after(step), mover=mover)
        repeat, step = self._repeat(), self._standing
        if repeat is None or repeat > now or self.last is None or step is None:
            return None
        return Due(step, repeat, self.last.round + 1, mover=_mover([step]))

    @property
    def _stranded(self) -> EscalationStep | None:
        """While nobody is left the step that says who is to get it: the latest that moves it, fired or passed over."""
        passed = self._passed
        if self.clock.stranded_at is None or passed is None:
            return None
        steps = [step for step in self.chain if self.moments[step.pk] <= passed]
        steps += [one.step for one in self.fired if one.step is not None]
        movers = [step for step in steps if step.reassign_to and step.percent != 0]
        return max(movers, key=self._moment_of, default=None)

    @property
    def _last_step(self) -> EscalationStep | None:
        """The one at the start apart."""
        return next((one.step for one in reversed(self.fired) if one.step and one.step.percent != 0), None)

    def _round_after(self, step: EscalationStep) -> int:
        return 1 + max(one.round for one in self.fired if one.step_id == step.pk)

    def next_moment(self, *, after: datetime | None = None) -> datetime | None:
        """When something is to be done next, the due time included; ``after`` is now, for another try."""
        again = self._repeat()
        if self.clock.stranded_at is not None:  # then repeats wait until somebody is found
            again = (after or self.clock.stranded_at) + TRY_AGAIN
        times = [self._following(), again]
        wanted = [self._not_held(time) for time in times if time is not None]
        if self.clock.state == ClockState.RUNNING:
            wanted.append(self.clock.due_at)
        return min(wanted, default=None)

    def _not_held(self, time: datetime) -> datetime:
        return max(time, self.clock.held_until) if self.clock.held_until is not None else time

    def _following(self) -> datetime | None:
        """When the next step fires, by its own moment or because of how the last one was taken up."""
        if not self.ahead:
            return None
        own, last, step = self.ahead[0][0], self.last, self._standing
        if last is None or step is None:
            return own
        answer_by = last.fired_at + timedelta(minutes=step.ack_minutes)
        held = self.clock.held_until
        if held is None or held <= last.fired_at:
            return min(own, answer_by) if step.ack_required else own
        is_pressing = step.ack_required or last.fired_at >= self.clock.due_at
        return held if is_pressing else max(own, held)

    def _repeat(self) -> datetime | None:
        last, step = self.last, self._standing
        if last is None or step is None or step.repeat_minutes is None:
            return None
        if step.repeat_cap is not None and last.round >= step.repeat_cap:
            return None
        return last.fired_at + timedelta(minutes=step.repeat_minutes)

    @property
    def _standing(self) -> EscalationStep | None:
        """The step that fired last, as long as it is meant for the clock's priority."""
        step = self.last.step if self.last is not None else None
        return step if step is not None and step.serves(self.clock.priority) else None


def _mover(steps: Sequence[EscalationStep]) -> EscalationStep | None:
    """The latest of the steps that moves the ticket."""
    return next((step for step in reversed(steps) if step.reassign_to), None)


def courses_of(clocks: Sequence[Clock]) -> dict[int, Course]:
    """By clock. Two queries."""
    chains, fired = Chains.of(clocks), fired_on(clocks)
    return {clock.pk: Course(clock, chains.of_clock(clock), fired.get(clock.pk, [])) for clock in clocks}


def course_of(clock: Clock) -> Course:
    """Two queries."""
    return courses_of([clock])[clock.pk]


def first_moment(clock: Clock, target: PolicyTarget) -> datetime:
    """When something is first to be done about a new clock. No query: windows bring the beginning of their chain.

    Of a window without it the next sweep finds it out.
    """
    if not hasattr(target, "first_percent"):
        return clock.started_at
    steps = [
        EscalationStep(percent=target.first_percent, minutes_from_due=None),
        EscalationStep(percent=None, minutes_from_due=getattr(target, "first_minutes", None)),
    ]
    moments = (
        step_time(clock, step) for step in steps if (step.percent, step.minutes_from_due) != (None, None)
    )
    return min([clock.due_at, *moments])
