"""Has what became due by itself sent at once: second tries, digests, what quiet hours held, word of refused mail.

Nobody nudges the queue for it, and its minute task alone would come up to two minutes later. The sweep's rounds ask;
nothing is sent here, for a slow service must not hold up a promise.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from escalation.choices import NotificationState
from escalation.models import Notification
from escalation.notifications.mail_outcomes import has_unfollowed_refusals
from escalation.notifications.writing import nudge_dispatch

# What was written just now has been nudged for with its commit.
SETTLED = timedelta(seconds=1)
# What is still not sent after so long is asked for again: the nudge, or the task, may be lost.
AGAIN = timedelta(seconds=10)


@dataclass
class OverdueWatch:
    """``asked_until`` is the due time up to which the queue was asked last, at ``asked_at``."""

    asked_until: datetime | None = None
    asked_at: datetime | None = None

    def look(self, *, now: datetime) -> bool:
        """Whether the queue was asked. Two queries at most, each by its index. Not inside a transaction."""
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
