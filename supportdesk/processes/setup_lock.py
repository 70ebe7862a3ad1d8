"""Lets one process at a time set the desk up: two first starts would both create the tables."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from django.db import connection

from tickets.lib.free_space import database_file

LOCK = 5_233_419_207_113  # any number that nobody else on the same database uses
_is_held: ContextVar[bool] = ContextVar("setup_lock", default=False)


@contextmanager
def only_one_sets_up() -> Iterator[None]:
    """Wait until no other process holds the lock, and hold it. May be nested.

    It ends with the process, however that ends. On PostgreSQL it belongs to a transaction on a connection of its own,
    so that it works through a pooler too; on SQLite it is a lock on a file. Raises a fault of the database.
    """
    if _is_held.get():
        yield
        return
    token = _is_held.set(True)
    try:
        with _on_postgresql() if connection.vendor == "postgresql" else _on_a_file():
            yield
    finally:
        _is_held.reset(token)


@contextmanager
def _on_postgresql() -> Iterator[None]:
    own = connection.copy()
    try:
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SET LOCAL lock_timeout = 0")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
    finally:
        own.close()


@contextmanager
def _on_a_file() -> Iterator[None]:
    if database_file() is None:  # in memory: nobody else has it
        yield
        return
    with (settings.VAR_DIR / "setup.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
