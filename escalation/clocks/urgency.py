"""How urgent a promise is, by the share of its window that is left. It is shown in words, not by colour alone."""

from datetime import datetime

from django.db import models
from django.utils.translation import pgettext_lazy

from escalation.models import Clock

# Shares of the window in real time, not working time. desk.js changes the colour at the same shares.
HOT, WARM = 0.2, 0.5


class Urgency(models.TextChoices):
    CALM = "calm", pgettext_lazy("promise", "in time")
    WARM = "warm", pgettext_lazy("promise", "half gone")
    HOT = "hot", pgettext_lazy("promise", "due soon")
    LATE = "late", pgettext_lazy("promise", "overdue")


def share_left(clock: Clock, now: datetime) -> float:
    """1 at the start of the window (for a raised promise, the time of the raise), 0 at the due time and after it."""
    window = (clock.due_at - clock.window_starts_at).total_seconds()
    return min(1.0, max(0.0, (clock.due_at - now).total_seconds() / window)) if window else 0.0


def urgency_of(clock: Clock, now: datetime) -> Urgency:
    left = share_left(clock, now)
    if clock.due_at <= now:
        return Urgency.LATE
    if left <= HOT:
        return Urgency.HOT
    return Urgency.WARM if left <= WARM else Urgency.CALM
