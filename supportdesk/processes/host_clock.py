"""Reports that the clock of this host is wrong, for web servers and mail listeners."""

import socket
import time

from customers import time_of_record
from customers.time_of_record import MOST_APART
from escalation.enforcement.heartbeats import beat
from supportdesk.processes.cluster.reports import without_failing

WRONG_CLOCK = "wrong-clock "  # the beginning of the heartbeat's name; its detail is the seconds and the host
EVERY = 60.0


class WrongClockReport:
    """Writes at most once a minute, and never as long as the clock is right."""

    def __init__(self) -> None:
        self.reported_at = float("-inf")

    def __call__(self) -> None:
        """Call this outside a transaction."""
        ahead = time_of_record.host_ahead()
        if ahead is None or abs(ahead) <= MOST_APART or time.monotonic() - self.reported_at < EVERY:
            return
        self.reported_at = time.monotonic()
        host = socket.gethostname()
        name, detail = (WRONG_CLOCK + host)[:40], f"{ahead:+.1f} {host}"
        without_failing(lambda: beat(name, at=time_of_record.now(), detail=detail))
