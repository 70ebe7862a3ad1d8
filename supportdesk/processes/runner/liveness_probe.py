"""Calls the probe of one part from time to time, and keeps how long the part has been silent."""

import threading
from collections.abc import Callable

from supportdesk.processes.runner.parts import DeskPart, Liveness, Probe, Sign

Job = Callable[[], None]
RunJob = Callable[[Job], None]

# Until the first sign of life the probe is called this often (seconds), so that "ready" is printed at once.
FIRST_PROBE_EVERY = 0.5


def run_in_thread(job: Job) -> None:
    """Run the job in a thread, so that a probe that hangs does not hold up the other parts."""
    threading.Thread(target=job, daemon=True).start()


class LivenessProbe:
    """The signs of life of one running process. All times are seconds of the supervisor's time source."""

    def __init__(self, part: DeskPart, started: float, run_job: RunJob = run_in_thread) -> None:
        self.part = part
        self.run_job = run_job
        self.silent_since = started
        self.asked_at = float("-inf")
        self.asking = False
        self.news: Sign | None = None
        self.sign = Sign(Liveness.SILENT)
        self.has_lived = False

    def ask(self, now: float) -> bool:
        """Take the last answer, and call the probe again if it is time. True if there was an answer."""
        arrived = self._take_in(now)
        if self.part.probe and not self.asking and now - self.asked_at >= self._interval():
            self.asking, self.asked_at = True, now
            probe = self.part.probe
            self.run_job(lambda: self._ask(probe))
            arrived = self._take_in(now) or arrived
        return arrived

    def is_lost(self, now: float) -> bool:
        """True if the part has been silent for longer than its patience allows."""
        return self.part.probe is not None and self.silent_for(now) > self.part.patience

    def silent_for(self, now: float) -> float:
        return now - self.silent_since

    @property
    def is_excused(self) -> bool:
        return self.sign.answer is Liveness.UNKNOWN

    def _interval(self) -> float:
        return self.part.probe_every if self.has_lived else min(FIRST_PROBE_EVERY, self.part.probe_every)

    def _ask(self, probe: Probe) -> None:
        try:
            self.news = probe()
        except Exception as error:  # a broken probe says nothing about its part; keep its error
            self.news = Sign(Liveness.UNKNOWN, repr(error))
        finally:
            self.asking = False

    def _take_in(self, now: float) -> bool:
        sign, self.news = self.news, None
        if sign is None:
            return False
        self.sign = sign
        if sign.answer is not Liveness.SILENT:
            self.silent_since = now
        self.has_lived = self.has_lived or sign.answer is Liveness.ALIVE
        return True
