"""The promise of a resolution in the model of history_model.py: it lasts while its ticket is open, with pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tests.escalation.clocks.histories import (
    LONGEST_PAUSE,
    RESOLVED_WITHIN,
    Hours,
    Outcome,
    end_of,
    worked_between,
)
from tests.escalation.clocks.promise_model import Answer, Ending, Priorities


@dataclass(eq=False)
class Wait:
    """The ticket waited for the customer; `by` the answer that it was set to wait with, if there is one."""

    since: int
    by: Answer | None
    until: int | None = None


@dataclass
class Run:
    """A resolution as its window runs, is paused and is tightened. `tightest` is the priority of its window."""

    due: int
    priority: int
    tightest: int
    hours: Hours
    paused: int | None = None
    used: int = 0

    def pause(self, at: int) -> None:
        if at < self.due and self.used < LONGEST_PAUSE:
            self.paused = at

    def ends_pause(self) -> int:
        assert self.paused is not None
        return end_of(LONGEST_PAUSE - self.used, self.paused, self.tightest, self.hours)

    def truly_due(self, at: int) -> int:
        """Where it falls due if its pause, if any, ends at this minute."""
        run = replace(self)
        run.resume(at)
        return run.due

    def resume(self, at: int) -> None:
        if self.paused is None:
            return
        until = min(at, self.ends_pause())
        minutes = worked_between(self.paused, until, self.tightest, self.hours)
        self.due = end_of(minutes, self.due, self.tightest, self.hours)
        self.used += minutes
        self.paused = None

    def change(self, at: int, priority: int) -> None:
        was_paused = self.paused is not None and priority < self.priority
        if was_paused:
            self.resume(at)
        if self.paused is None and self.due <= at:
            return
        if priority < self.priority and priority in RESOLVED_WITHIN:
            due = end_of(RESOLVED_WITHIN[priority], at, priority, self.hours)
            if due < self.due:
                self.due, self.tightest = due, priority
        self.priority = priority
        if was_paused:
            self.pause(at)


@dataclass(eq=False)
class Resolution:
    """`starts` are the receipts of the questions that it began with, the oldest last; a merge ended it at `lost`."""

    starts: list[int]
    priorities: Priorities
    hours: Hours
    waits: list[Wait] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    met_others: dict[Resolution, int] = field(default_factory=dict)
    ended: Ending | None = None
    lost: int | None = None
    is_superseded: bool = False
    is_proposed_for_waiver: bool = False
    waived: int | None = None
    kind: str = "resolution"

    @property
    def started(self) -> int:
        return self.starts[-1]

    @property
    def stopped(self) -> int | None:
        return self.lost if self.lost is not None else self.ended.at if self.ended else None

    @property
    def due(self) -> int:
        return self.run(1_000_000).due

    def forget_waits(self, answer: Answer) -> None:
        """The ticket waited since an answer that did not count."""
        if self.stopped is None:
            self.waits = [wait for wait in self.waits if wait.by is not answer]

    def run(self, until: int) -> Run:
        """As it is at this minute, or was when it ended."""
        until = until if self.stopped is None else min(until, self.stopped)
        runs = [self._run_from(start, until) for start in self.starts]
        return min((run for run in runs if run), key=lambda run: run.due)

    def _run_from(self, start: int, until: int) -> Run | None:
        first = [priority for at, priority in self.priorities if at <= start][-1]
        if first not in RESOLVED_WITHIN:
            return None
        run = Run(end_of(RESOLVED_WITHIN[first], start, first, self.hours), first, first, self.hours)
        for at, act, priority in sorted(self._events(start, until)):
            if run.paused is not None and run.ends_pause() <= at:
                run.resume(at)
            if act == "1 resume":
                run.resume(at)
            elif act == "2 priority":
                run.change(at, priority)
            elif run.paused is None:
                run.pause(at)
        if run.paused is not None and (run.ends_pause() <= until or self.stopped is not None):
            run.resume(until)
        return run

    def _events(self, start: int, until: int) -> Iterator[tuple[int, str, int]]:
        for at, priority in self.priorities:
            if start < at <= until:
                yield at, "2 priority", priority
        for wait in self.waits:
            since, ends = max(wait.since, start), wait.until
            if since <= until and (ends is None or since < ends):
                yield since, "3 pause", 0
                if ends is not None and ends <= until:
                    yield ends, "1 resume", 0

    def outcome(self, now: int) -> Outcome:
        run, stopped = self.run(now), self.stopped
        until = now if stopped is None else stopped
        is_met = stopped is not None and self.lost is None
        is_late = run.paused is None and (run.due < until or (run.due == until and not is_met))
        is_late &= not self.is_superseded
        state = "paused" if run.paused is not None else "running"
        state = "met" if is_met else "cancelled" if stopped is not None else state
        state, breached = ("breached", run.due) if is_late else (state, None)
        return Outcome(self.kind, self.started, run.due, stopped, state, breached, self.waived is not None)


def running(resolutions: Iterable[Resolution]) -> Resolution | None:
    return next((each for each in resolutions if each.stopped is None), None)


def is_promised(priorities: Priorities, at: int) -> bool:
    return [priority for since, priority in priorities if since <= at][-1] in RESOLVED_WITHIN


def keep_one_resolution(again: Resolution, resolutions: Iterable[Resolution], at: int) -> None:
    """Of two only one goes on: what began earlier, or what a merge would have kept as the stricter one."""
    other = next((each for each in resolutions if each is not again and each.stopped is None), None)
    if other is None:
        return
    merged = again.met_others.get(other)
    if merged is not None and other.run(merged).truly_due(merged) <= again.run(merged).truly_due(merged):
        again.lost = merged
    elif merged is None and other.started < again.started:
        again.lost, again.is_superseded = at, True
    else:
        other.lost = at
