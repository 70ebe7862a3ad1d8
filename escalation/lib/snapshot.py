"""One state of the database for many queries, while others go on writing."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Result = TypeVar("Result")
Other = TypeVar("Other")
REPEATABLE = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Let every query inside read the database as the first one finds it. Only for reading, and it holds up nobody.

    Within a transaction it changes nothing.
    """
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(REPEATABLE)
            yield
    else:
        with _deferred():
            yield


def read_side_by_side(first: Callable[[], Result], second: Callable[[], Other]) -> tuple[Result, Other]:
    """Read with two connections to PostgreSQL at once, both from one snapshot; elsewhere one after the other.

    Within a transaction, whose writes no other connection sees, it is one after the other too.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        with one_snapshot():
            return first(), second()
    is_taken_over = Event()
    with ThreadPoolExecutor(1, thread_name_prefix="side-by-side") as thread:
        with one_snapshot():
            here = connections[DEFAULT_DB_ALIAS]
            beside = thread.submit(_read_there, second, here, _exported(), is_taken_over)
            result = first()
            is_taken_over.wait()
        return result, beside.result()


def _exported() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        return str(cursor.fetchone()[0])


def _read_there(
    read: Callable[[], Result], there: BaseDatabaseWrapper, snapshot: str, is_taken_over: Event
) -> Result:
    """With a connection of this thread to the same database, which need not be the one of the settings.

    The snapshot, once taken over, outlives the transaction it comes from.
    """
    connections[DEFAULT_DB_ALIAS] = there.copy()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(REPEATABLE)
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")  # it can not be a parameter
            is_taken_over.set()
            return read()
    finally:
        is_taken_over.set()
        connection.close()


@contextmanager
def _deferred() -> Iterator[None]:
    """SQLite: Django's own transactions would take the lock of the writers."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            cursor.execute("COMMIT")
