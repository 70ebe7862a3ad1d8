"""Whose fault it is that a mail could not be brought to its ticket, and when it is tried again."""

from __future__ import annotations

import errno
from datetime import datetime, timedelta

from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError

from tickets.mail.values import UnreadableMail

# The database is away or busy, or its tables are not migrated yet.
DATABASE_FAULTS = (OperationalError, InterfaceError, InternalError, ProgrammingError)
# The files cannot be written: no room, read-only, a broken disk, too many open files, no right.
STORAGE_FAULTS = frozenset({
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM,
    errno.EACCES, errno.EPERM,
})  # fmt: skip
# A mail that failed by our fault is tried after 1, 2, 4 ... minutes, then each hour: about a day in all.
LONGEST_WAIT = 60
MOST_TRIES = 30


def is_passing(error: Exception) -> bool:
    """True for a fault of database or storage, which no mail is to blame for: it waits as it is, however long."""
    return isinstance(error, DATABASE_FAULTS) or (
        isinstance(error, OSError) and error.errno in STORAGE_FAULTS
    )


def next_try(error: Exception, *, tries: int, at: datetime) -> datetime | None:
    """When a mail that has failed ``tries`` times is tried again; None if only a person can help.

    Whatever is not the mail's own fault is mended without it: a desk without staff, an update under way.
    """
    if isinstance(error, UnreadableMail) or tries >= MOST_TRIES:
        return None
    return at + timedelta(minutes=min(2 ** (tries - 1), LONGEST_WAIT))
