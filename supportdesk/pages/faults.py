"""Says in a sentence that the desk cannot store anything now, so that the page with what somebody wrote stays."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from tickets.errors import DeskError

logger = logging.getLogger(__name__)


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
        raise DeskError(
            _(
                "Nothing was saved: the database cannot store anything now. Your text is kept. Try again later."
            )
        ) from error
