"""Keeps one part alive: a small state machine that the supervisor steps through and that never blocks.

A part is started again only when its old process group is gone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from django.utils.translation import gettext as _

from supportdesk.processes.runner.liveness_probe import LivenessProbe, RunJob, run_in_thread
from supportdesk.processes.runner.parts import DeskPart, Liveness
from supportdesk.processes.runner.process import exit_in_words

FIRST_DELAY = 1.0
LONGEST_DELAY = 30.0
# A part that has run this long (seconds) counts as healthy.
SETTLED_AFTER = 60.0
# A part that dies this many times in a row, each time before it was alive or healthy, is given up.
GIVEN_UP_AFTER = 5


class StartedPart(Protocol):
    """The interface of a started part that a keeper uses; see process.Process."""

    group: int

    def status(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def is_gone(self) -> bool: ...


class State(Enum):
    WAITING = auto()
    RUNNING = auto()
    ENDING = auto()
    OFF = auto()


@dataclass
class PartRun:
    """One run of the part, from its start until its group is gone."""

    process: StartedPart
    pulse: LivenessProbe
    started: float
    was_ready: bool = False
    kill_at: float = float("inf")


class PartKeeper:
    """Starts, watches and ends one part. `tick` is called often; all times are seconds of one time source."""

    def __init__(
        self,
        part: DeskPart,
        *,
        start: Callable[[DeskPart], StartedPart],
        say: Callable[[str], None],
        show: Callable[[str], None],
        run_job: RunJob = run_in_thread,
    ) -> None:
        self.part = part
        self.start_process = start
        self.say = say
        self.show = show
        self.run_job = run_job
        self.state = State.WAITING
        self.life: PartRun | None = None
        self.start_at = float("-inf")
        self.delay = 0.0
        self.failures = 0
        self.stillborn = 0
        self.retiring = False

    @property
    def given_up(self) -> bool:
        return self.stillborn >= GIVEN_UP_AFTER

    def tick(self, now: float) -> None:
        match self.state, self.life:
            case State.WAITING, None if now >= self.start_at:
                self._start(now)
            case State.RUNNING, PartRun() as life:
                self._watch(life, now)
            case State.ENDING, PartRun() as life:
                self._finish(life, now)

    def retire(self, now: float) -> None:
        """End the part for good."""
        self.retiring = True
        match self.state, self.life:
            case State.WAITING, _:
                self.state = State.OFF
            case State.RUNNING, PartRun() as life:
                self._end(life, now)

    def hurry(self) -> None:
        """Stop waiting for the part to end by itself."""
        if self.life:
            self.life.kill_at = float("-inf")

    def _start(self, now: float) -> None:
        process = self.start_process(self.part)
        self.life = PartRun(process, LivenessProbe(self.part, now, self.run_job), now)
        self.state = State.RUNNING

    def _watch(self, life: PartRun, now: float) -> None:
        self._feel(life, now)
        status = life.process.status()
        if status is not None:
            self._count_death(life, now)
            self._fail(life, now, _("exited by itself (%(how)s)") % {"how": exit_in_words(status)})
        elif life.pulse.is_lost(now):
            silence = {"seconds": round(life.pulse.silent_for(now)), "detail": life.pulse.sign.detail}
            self._fail(life, now, _("gave no sign of life for %(seconds)s seconds (%(detail)s)") % silence)

    def _feel(self, life: PartRun, now: float) -> None:
        before = life.pulse.sign
        if not life.pulse.ask(now):
            return
        sign = life.pulse.sign
        if sign.answer is Liveness.UNKNOWN and before.answer is not Liveness.UNKNOWN:
            self._tell(_("cannot be judged now: %(detail)s") % {"detail": sign.detail})
        if sign.answer is Liveness.ALIVE and not life.was_ready:
            life.was_ready = True
            if self.part.ready:
                self.show(self.part.ready)

    def _count_death(self, life: PartRun, now: float) -> None:
        """Make the next start wait longer after an early death; a death from an unknown state is not counted.

        Only a part that cannot even start is given up. A part that works until something kills it is started
        again, however often that happens.
        """
        settled = now - life.started >= SETTLED_AFTER
        lived = life.was_ready if self.part.probe else settled
        if lived:
            self.stillborn = 0
        if lived and settled:
            self.failures = 0
        if not life.pulse.is_excused:
            self.failures += 1
            self.stillborn += not lived

    def _fail(self, life: PartRun, now: float, what: str) -> None:
        self.delay = min(LONGEST_DELAY, FIRST_DELAY * 2 ** max(0, self.failures - 1))
        if self.given_up:
            self._tell(f"{what}.")
        else:
            self._tell(_("%(what)s; starting it again in %(delay)d s.") % {"what": what, "delay": self.delay})
        self._end(life, now)

    def _tell(self, text: str) -> None:
        self.say(f"{self.part.name}: {text}")

    def _end(self, life: PartRun, now: float) -> None:
        life.kill_at = now + self.part.grace
        self.state = State.ENDING
        life.process.terminate()
        self._finish(life, now)

    def _finish(self, life: PartRun, now: float) -> None:
        if life.process.status() is None and now < life.kill_at:
            return
        life.process.kill()
        if not life.process.is_gone():
            return
        self.life = None
        self.state = State.OFF if self.retiring or self.given_up else State.WAITING
        self.start_at = now + self.delay
