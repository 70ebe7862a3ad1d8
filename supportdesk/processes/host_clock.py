"""Reports that the clock of this host is wrong, for web servers and mail listeners."""

import socket
import time

from customers import time_of_record
from customers.time_of_record import MOST_APART
from escalation.enforcement.heartbeats import beat
from escalation.models import Heartbeat
from supportdesk.processes.cluster.reports import without_failing

WRONG_CLOCK = "wrong-clock "  # the beginning of the heartbeat's name; its detail is the seconds and the host
EVERY = 60.0


class WrongClockReport:
    """Writes at most once a minute. A clock that is right takes back, once, what its host reported before."""

    def __init__(self) -> None:
        self.reported_at = float("-inf")
        self.is_known_right = False

    def __call__(self) -> None:
        """Call this outside a transaction."""
        ahead = time_of_record.host_ahead()
        if ahead is None:
            return
        if abs(ahead) > MOST_APART:
            self._report(ahead)
        elif not self.is_known_right:
            self.is_known_right = without_failing(_take_back)

    def _report(self, ahead: float) -> None:
        self.is_known_right = False
        if time.monotonic() - self.reported_at < EVERY:
            return
        self.reported_at = time.monotonic()
        detail = f"{ahead:+.1f} {socket.gethostname()}"
        without_failing(lambda: beat(_name(), at=time_of_record.now(), detail=detail))


def _take_back() -> None:
    Heartbeat.objects.filter(name=_name()).delete()


def _name() -> str:
    return (WRONG_CLOCK + socket.gethostname())[:40]
