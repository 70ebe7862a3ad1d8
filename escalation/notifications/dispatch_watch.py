"""Nudges the dispatcher for what falls due by itself: further tries, digests, ends of quiet hours, refused mail.

Nothing else nudges the queue for these, and its minute task alone could be two minutes late. The sweep loop calls
this in each round. Nothing is sent from here, as a slow service must not delay a promise.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from escalation.choices import NotificationState
from escalation.models import Notification
from escalation.notifications.mail_outcomes import has_unfollowed_refusals
from escalation.notifications.writing import nudge_dispatch

# For newer ones, the commit that wrote them gave the nudge.
SETTLED = timedelta(seconds=1)
# Nudge again if something is still unsent after this long: the nudge or the task may be lost.
AGAIN = timedelta(seconds=10)


@dataclass
class OverdueWatch:
    """The last nudge was given at ``asked_at``, for everything due up to ``asked_until``."""

    asked_until: datetime | None = None
    asked_at: datetime | None = None

    def look(self, *, now: datetime) -> bool:
        """Nudge if anything is overdue; True if it did. Call it outside a transaction. At most two queries."""
        is_asked = self.asked_at is not None and now - self.asked_at < AGAIN
        due = self._due(now)
        if is_asked:
            due = due.filter(next_try_at__gt=self.asked_until)
        if not due.exists() and (is_asked or not has_unfollowed_refusals()):
            return False
        nudge_dispatch()
        self.asked_until, self.asked_at = now - SETTLED, now
        return True

    @staticmethod
    def _due(now: datetime) -> QuerySet[Notification]:
        return Notification.objects.filter(state=NotificationState.PENDING, next_try_at__lte=now - SETTLED)
