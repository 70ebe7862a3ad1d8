"""The time of record: what the desk stamps, judges promises by and compares leases with. Nothing else reads a clock.

With PostgreSQL it is the database's. A host measures it now and then and carries it on by its steady clock, which
nobody can set, so the clock of a host decides nothing. With SQLite there is one host, and its clock is the time of
record. Reasons: .github/decisions/processes.md.
"""

from __future__ import annotations

import logging
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import connection

logger = logging.getLogger(__name__)

# Seconds for which a measurement is carried on. A steady clock strays by half a millisecond a second at most.
FRESH = 5.0
# If clock and steady clock of this host have come apart by this many seconds, it may have been frozen: measure anew.
STRAYED = 1.0
# The clock of a host that is further from the time of record than this many seconds is wrong.
MOST_APART = 5.0
# A larger step of the time of record is a jump.
JUMP = timedelta(minutes=1)
# A stored time that is further ahead was written while a clock was wrong. Less is a matter of who wrote first.
FUTURE = timedelta(minutes=1)
LOG_EVERY = 60.0

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # the first goes on while a laptop sleeps


@dataclass(frozen=True)
class Measurement:
    """The time of record at a second of the steady clock, and this host's clock then.

    ``doubt`` is half the round trip in seconds.
    """

    at: datetime
    steady: float
    host: datetime
    doubt: float

    def carried_to(self, steady: float) -> datetime:
        return self.at + timedelta(seconds=steady - self.steady)

    def is_fresh(self, steady: float, host: datetime) -> bool:
        age = steady - self.steady
        return 0 <= age < FRESH and abs((host - self.host).total_seconds() - age) < STRAYED

    def agrees_with(self, other: Measurement) -> bool:
        """True if the other lies within our doubt, so that ours says nothing new."""
        return abs((self.at - other.carried_to(self.steady)).total_seconds()) <= self.doubt

    @property
    def host_ahead(self) -> float:
        """Seconds by which the host's clock is certainly ahead of the time of record; negative if it is behind."""
        apart = (self.host - self.at).total_seconds()
        return max(0.0, apart - self.doubt) + min(0.0, apart + self.doubt)


class JumpWatch:
    """Compares the time of record with the steady clock. A jump is believed when a second look agrees."""

    def __init__(self) -> None:
        self.known: tuple[datetime, float] | None = None
        self.suspected: tuple[datetime, float] | None = None

    def look(self, at: datetime, steady: float) -> timedelta | None:
        """The jump that must be confirmed before anything is done by this time; None if all is well."""
        jump = _step(self.known, at, steady)
        if abs(jump) <= JUMP or (self.suspected and abs(_step(self.suspected, at, steady)) <= JUMP):
            self.known, self.suspected = (at, steady), None
            return None
        self.suspected = (at, steady)
        return jump


def _step(since: tuple[datetime, float] | None, at: datetime, steady: float) -> timedelta:
    return at - since[0] - timedelta(seconds=steady - since[1]) if since else timedelta()


class TimeKeeper:
    """What this process knows of the time of record. Forked processes begin with what their parent knew."""

    def __init__(self) -> None:
        self.measured: Measurement | None = None
        self.jumps = JumpWatch()
        self.logged_at = float("-inf")

    def time(self) -> datetime:
        steady = read_steady_clock()
        if self.measured is None or not self.measured.is_fresh(steady, read_host_clock()):
            return self.measure().carried_to(read_steady_clock())
        return self.measured.carried_to(steady)

    def measure(self) -> Measurement:
        """Ask the database. In a transaction that has failed nothing can be asked: the last measurement goes on."""
        connection.close_if_health_check_failed()
        connection.ensure_connection()
        if self.measured and connection.connection.info.transaction_status.name == "INERROR":
            return self.measured
        began = read_steady_clock()
        at = _ask_database()
        doubt = (read_steady_clock() - began) / 2
        host = read_host_clock() - timedelta(seconds=doubt)
        self.measured = self._better(Measurement(at, began + doubt, host, doubt))
        self._log_if_wrong(self.measured)
        return self.measured

    def _better(self, latest: Measurement) -> Measurement:
        """The latest, unless its answer came slowly and contradicts nothing that we know more exactly."""
        known = self.measured
        if known is None or latest.doubt <= known.doubt or not latest.agrees_with(known):
            return latest
        return Measurement(known.carried_to(latest.steady), latest.steady, latest.host, known.doubt)

    def _log_if_wrong(self, measured: Measurement) -> None:
        if abs(measured.host_ahead) > MOST_APART and measured.steady - self.logged_at >= LOG_EVERY:
            self.logged_at = measured.steady
            logger.error(
                "The clock of %s is %+.1f s from the database's, by which the desk goes. Set it right.",
                socket.gethostname(), measured.host_ahead,
            )  # fmt: skip


_keeper = TimeKeeper()


def now() -> datetime:
    """The time of record (UTC). Read it once for a request, a task or a round and pass it on.

    Costs a process one statement in five seconds. Raises DatabaseError if it was never measured and cannot be.
    """
    return _keeper.time() if follows_database() else read_host_clock()


def host_ahead() -> float | None:
    """Seconds by which the clock of this host is ahead, as last measured; None where it is the time of record."""
    return _keeper.measured.host_ahead if _keeper.measured and follows_database() else None


def find_jump() -> timedelta | None:
    """How far the time of record jumped since this process last looked; None once the next look has confirmed it."""
    if follows_database() and _keeper.jumps.suspected:
        _keeper.measure()
    return _keeper.jumps.look(now(), read_steady_clock())


def follows_database() -> bool:
    return connection.vendor == "postgresql"


def read_host_clock() -> datetime:
    return datetime.now(UTC)


def read_steady_clock() -> float:
    return time.clock_gettime(_STEADY)


def _ask_database() -> datetime:
    """Past Django's cursor, whose log of statements is that of the request."""
    with connection.wrap_database_errors, connection.connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        at: datetime = cursor.fetchone()[0]
    return at.astimezone(UTC)
