"""Waiting for a row that somebody else has locked: given up after some seconds, and told as a refusal.

How long is said in supportdesk/work_kinds.py; why in .github/decisions/processes.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from customers.errors import DeskError

# PostgreSQL: lock_not_available, deadlock_detected.
LOCK_STATES = ("55P03", "40P01")
QUERY_CANCELED = "57014"
SQLITE_BUSY = "SQLITE_BUSY"
BRIEFLY = "100ms"


class SomebodyElseWrites(DeskError):
    """The row stayed locked by another transaction for longer than a person should wait."""

    def __init__(self) -> None:
        super().__init__(_("Not saved: somebody else is changing this at the moment. Try again in a moment."))


@contextmanager
def short_lock_waits() -> Iterator[None]:
    """Raise SomebodyElseWrites if the block gave up waiting for a lock. Put it around a whole transaction."""
    try:
        yield
    except OperationalError as error:
        if is_lock_wait(error):
            raise SomebodyElseWrites from error
        raise


@contextmanager
def waiting_briefly() -> Iterator[None]:
    """A transaction that gives up soon if a row is locked. SQLite, which locks no rows, waits as it always does."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [BRIEFLY])
        yield


def is_lock_wait(error: BaseException | None) -> bool:
    """True if a transaction gave up waiting for another one."""
    cause = error.__cause__ if error else None
    busy = getattr(cause, "sqlite_errorname", "").startswith(SQLITE_BUSY)
    return isinstance(error, OperationalError) and (busy or is_row_locked(error))


def is_row_locked(error: BaseException | None) -> bool:
    """True if it waited for single rows, so that work on others may go on. SQLite locks the whole database."""
    cause = error.__cause__ if error else None
    return isinstance(error, OperationalError) and getattr(cause, "sqlstate", "") in LOCK_STATES


def is_query_too_slow(error: BaseException | None) -> bool:
    """True if the server ended a query after the time that its kind of work allows."""
    cause = error.__cause__ if error else None
    return isinstance(error, OperationalError) and getattr(cause, "sqlstate", "") == QUERY_CANCELED
