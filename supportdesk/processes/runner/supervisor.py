"""Runs all parts of the desk until it is told to stop or one of them cannot be kept alive."""

import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType

from django.utils.translation import gettext as _

from supportdesk.processes.runner.output import Printer
from supportdesk.processes.runner.parts import DeskPart
from supportdesk.processes.runner.process import OrphanCleaner, Process, adopt_orphans
from supportdesk.processes.runner.restart_policy import GIVEN_UP_AFTER, PartKeeper, State

TICK = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Owns one keeper per part. `read_clock` (monotonic seconds) and `sleep` can be replaced in tests."""

    def __init__(
        self,
        parts: Sequence[DeskPart],
        printer: Printer,
        *,
        read_clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        start: Callable[[DeskPart], Process] | None = None,
    ) -> None:
        self.printer = printer
        self.read_clock = read_clock
        self.sleep = sleep
        self.asked_to_stop = 0
        self.grace = max((part.grace for part in parts), default=0.0)
        self.keepers = [self._keeper(part, start) for part in parts]

    def run(self) -> int:
        """Keep the parts alive. Returns the exit status: 0 when told to stop, 1 when a part was given up."""
        adopt_orphans()
        watchman = OrphanCleaner(self.grace)
        try:
            with self._listening():
                while not self.asked_to_stop and not self._lost():
                    self._tick(watchman)
                self._say_why()
                self._stop_all(watchman)
        finally:
            self._leave_nothing()
            watchman.dismiss()
        return 1 if self._lost() else 0

    def stop(self) -> None:
        """End all parts in order; at the second call, at once. Safe in a signal handler."""
        self.asked_to_stop += 1

    def _keeper(self, part: DeskPart, start: Callable[[DeskPart], Process] | None) -> PartKeeper:
        return PartKeeper(
            part,
            start=start or (lambda part: Process(part, self.printer)),
            say=partial(self.printer.say, "desk"),
            show=self.printer.show,
        )

    def _tick(self, watchman: OrphanCleaner) -> None:
        for keeper in self.keepers:
            keeper.tick(self.read_clock())
            watchman.tell(self._groups())
        self.sleep(TICK)

    def _stop_all(self, watchman: OrphanCleaner) -> None:
        for keeper in self.keepers:
            keeper.retire(self.read_clock())
        while any(keeper.state is not State.OFF for keeper in self.keepers):
            if self.asked_to_stop > 1:
                for keeper in self.keepers:
                    keeper.hurry()
            self._tick(watchman)

    def _leave_nothing(self) -> None:
        """Kill what is left; anything left here is due to an error in this module."""
        for keeper in self.keepers:
            if keeper.life:
                keeper.life.process.kill()

    def _groups(self) -> Iterator[int]:
        return (keeper.life.process.group for keeper in self.keepers if keeper.life)

    def _lost(self) -> list[PartKeeper]:
        return [keeper for keeper in self.keepers if keeper.given_up]

    def _say_why(self) -> None:
        if self.asked_to_stop:
            self.printer.say("desk", _("Stopping."))
        for keeper in self._lost():
            words = {"name": keeper.part.name, "count": GIVEN_UP_AFTER}
            self.printer.say(
                "desk",
                _("%(name)s died %(count)s times in a row; giving up. See its lines above. Stopping.")
                % words,
            )

    @contextmanager
    def _listening(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        try:
            yield
        finally:
            restore_signal_handlers(before.items())

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()


def restore_signal_handlers(handlers: Iterable[tuple[signal.Signals, object]]) -> None:
    """Restore the former signal handlers."""
    for number, handler in handlers:
        signal.signal(number, handler)  # type: ignore[arg-type]  # what signal.signal() itself gave back
