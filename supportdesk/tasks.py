"""What the queue runs for the joining app."""

import time

from django.utils import timezone

from escalation.services.rounds import sweep_in_rounds
from tickets.ending import is_ending


def enforce() -> str:
    """Each minute: sweep in rounds until the next one, or until the queue is stopped."""
    return str(sweep_in_rounds(clock=timezone.now, pause=_pause))


def _pause(seconds: float) -> bool:
    time.sleep(seconds)
    return not is_ending()


def pulse() -> None:
    """Asks one cluster whether its tasks go all the way; see supportdesk.cluster.reports. There is nothing to do."""
