"""Waits for a database that is away when a cluster starts.

django-q2 would end within seconds, and whatever starts it again and again gives up at some point, as systemd does by
default. SIGTERM ends the wait at once, because nothing here catches it.
"""

import logging
import time
from collections.abc import Callable, Iterator

from django.db import OperationalError, connection

logger = logging.getLogger(__name__)
LONGEST = 15.0  # seconds between two tries


def wait_for_database(*, pause: Callable[[float], None] = time.sleep) -> None:
    """Return as soon as the database can be reached, and log each failed try with its reason."""
    for seconds in _waits():
        try:
            connection.ensure_connection()
        except OperationalError as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            logger.error(
                "The database cannot be reached; the queue tries again in %.0f s: %s", seconds, reason
            )
            pause(seconds)
        else:
            return


def _waits() -> Iterator[float]:
    seconds = 1.0
    while True:
        yield seconds
        seconds = min(LONGEST, seconds * 2)
