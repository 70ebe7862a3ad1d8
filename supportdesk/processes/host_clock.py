"""Reports that the clock of this host is wrong, for web servers and mail listeners."""

import socket
import time

from customers import time_of_record
from customers.lock_waits import waiting_briefly
from customers.time_of_record import MOST_APART
from escalation.enforcement.heartbeats import beat
from escalation.models import Heartbeat
from supportdesk.processes.cluster.reports import without_failing

WRONG_CLOCK = "wrong-clock "  # the beginning of the heartbeat's name; its detail is the seconds and the host
EVERY = 60.0


class WrongClockReport:
    """Writes at most once a minute. A clock that is right takes back, once, what its host reported before."""

    def __init__(self) -> None:
        self.written_at = float("-inf")
        self.is_known_right = False

    def __call__(self) -> None:
        """Call this outside a transaction."""
        ahead = time_of_record.host_ahead()
        if ahead is None:
            return
        is_right = abs(ahead) <= MOST_APART
        self.is_known_right = self.is_known_right and is_right
        if self.is_known_right or time.monotonic() - self.written_at < EVERY:
            return
        self.written_at = time.monotonic()
        if is_right:
            self.is_known_right = without_failing(_take_back)
        else:
            without_failing(lambda: _report(ahead))


# Whoever holds the table holds up no page by it, and not the answer of /healthz, which is due in three seconds.


def _report(ahead: float) -> None:
    with waiting_briefly():
        beat(_name(), at=time_of_record.now(), detail=f"{ahead:+.1f} {socket.gethostname()}")


def _take_back() -> None:
    with waiting_briefly():
        Heartbeat.objects.filter(name=_name()).delete()


def _name() -> str:
    return (WRONG_CLOCK + socket.gethostname())[:40]
