"""Which ticket is answered next."""

import random
from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection

from tickets.models import Ticket


def picking(chance: random.Random) -> Callable[[], int | None]:
    """A ticket that waits for an answer, or none while the database is away."""

    def pick() -> int | None:
        try:
            waiting = list(Ticket.objects.exclude(unanswered_since=None).values_list("pk", flat=True))
        except (DatabaseError, InterfaceError):
            return None
        finally:
            connection.close()  # of whichever thread asks
        return chance.choice(waiting) if waiting else None

    return pick
