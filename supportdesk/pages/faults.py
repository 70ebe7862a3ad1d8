"""Says in a sentence that the desk cannot store anything now, so that the page with what somebody wrote stays."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from tickets.errors import DeskError

logger = logging.getLogger(__name__)

# PostgreSQL: the classes of connection exceptions and of servers that shut down.
BROKEN_STATES = ("08", "57P")


@contextmanager
def faults_as_sentences() -> Iterator[None]:
    """Raise a fault of the database or the file storage as DeskError. Goes around the transaction."""
    try:
        yield
    except OSError as error:
        logger.exception("Files could not be stored")
        words = {"error": error.strerror or error}
        raise DeskError(
            _(
                "Nothing was saved: the files cannot be stored now (%(error)s). Your text is kept. Try again later, or "
                "without the files."
            )
            % words
        ) from error
    except (OperationalError, InterfaceError) as error:
        logger.exception("The database could not store what somebody wrote")
        raise DeskError(_refusal() if _was_refused(error) else _doubt()) from error


def _was_refused(error: Exception) -> bool:
    """True if the database said no. If the connection broke, it may have committed, and only its answer be lost."""
    state = getattr(error.__cause__, "sqlstate", None) or BROKEN_STATES[0]
    return isinstance(error.__cause__, sqlite3.Error) or not state.startswith(BROKEN_STATES)


def _refusal() -> str:
    return _("Nothing was saved: the database cannot store anything now. Your text is kept. Try again later.")


def _doubt() -> str:
    return _(
        "It may not have been saved: the connection to the database broke. Your text is kept. Look at the ticket "
        "before you try again."
    )
