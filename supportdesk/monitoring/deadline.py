"""Answers in time whatever hangs: the work is done by a thread, and given up after some seconds.

The thread works with the connection of the thread that waits for it. Given up, it keeps that connection, whose socket
is shut, so that whatever it waits for ends; the other thread gets a new one with its next query.
"""

import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Thread
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import connection, connections, transaction
from django.utils import timezone, translation

logger = logging.getLogger(__name__)
T = TypeVar("T")
# So many threads may hang at once, for one may take minutes to notice that its server has vanished.
MOST_HANGING = 4
_free = BoundedSemaphore(MOST_HANGING)


class TooLate(Exception):
    """The work was not done in time, or as much as may hang does already."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """The result of the work, or the error that it raised. Raises TooLate. Language and zone are the caller's."""
    if not _free.acquire(blocking=False):
        raise TooLate
    job = _Job(work, _shared_connection())
    thread = Thread(target=job.run, name="deadline", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        job.is_given_up = True
        _let_go(job.connection)
        raise TooLate
    job.connection.dec_thread_sharing()
    if job.error is not None:
        raise job.error
    return job.results[0]


@contextmanager
def short_queries(seconds: float) -> Iterator[None]:
    """Inside, PostgreSQL ends a query after this long, and a wait for a lock as well."""
    if connection.vendor != "postgresql":
        yield
        return
    limit = f"{round(seconds * 1000)}"
    with transaction.atomic():
        with connection.cursor() as cursor:
            limits = "set_config('statement_timeout', %s, true), set_config('lock_timeout', %s, true)"
            cursor.execute(f"SELECT {limits}", [limit, limit])
        yield


class _Job(Generic[T]):
    def __init__(self, work: Callable[[], T], shared: Any) -> None:
        self.work = work
        self.connection = shared
        self.results: list[T] = []
        self.error: Exception | None = None
        self.is_given_up = False
        self.language = translation.get_language() or settings.LANGUAGE_CODE
        self.zone = timezone.get_current_timezone()

    def run(self) -> None:
        connections["default"] = self.connection
        try:
            with translation.override(self.language), timezone.override(self.zone):
                self.results.append(self.work())
        except Exception as error:  # raised again by the thread that waits
            self.error = error
        finally:
            if self.is_given_up:
                self.connection.close()
            del connections["default"]
            _free.release()


def _shared_connection() -> Any:
    shared = connections["default"]
    shared.inc_thread_sharing()
    return shared


def _let_go(shared: Any) -> None:
    """Leave the connection to the thread that hangs, and end what it waits for."""
    logger.warning("The database kept somebody waiting for too long; the connection is given up")
    del connections["default"]
    try:
        with socket.socket(fileno=os.dup(shared.connection.pgconn.socket)) as ours:
            ours.shutdown(socket.SHUT_RDWR)
    except Exception:  # not connected yet, or no socket; then it ends by its own time-out
        logger.debug("There is no socket to shut")
