"""Runs the demo's events in time order, with the sweep and the delivery of mail between them."""

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count

from django.db.models import Min

from escalation.enforcement.sweep import sweep
from escalation.models import Clock, Notification
from escalation.notifications.dispatch import dispatch_due
from tickets.choices import OutboxState
from tickets.models import OutboundEmail
from tickets.services.outgoing.delivery import deliver_due

Act = Callable[[datetime], None]
SWEEP_SECOND = 4  # the minute task starts a few seconds after the full minute
DELIVERY_TAKES = timedelta(seconds=3)


class Agenda:
    """Acts sorted by time. Acts after the end of the story never run."""

    def __init__(self) -> None:
        self._acts: list[tuple[datetime, int, Act]] = []
        self._numbers = count()

    def add(self, at: datetime, act: Act) -> None:
        heapq.heappush(self._acts, (at, next(self._numbers), act))

    def run_until(self, end: datetime) -> None:
        """Run the acts before ``end``, and the sweep at each minute at which something falls due."""
        while self._acts and self._acts[0][0] < end:
            at, _number, act = heapq.heappop(self._acts)
            enforce_until(at)
            act(at)
            deliver_outbox(at)
        enforce_until(end)


def enforce_until(end: datetime) -> None:
    """Run the sweep at each minute before ``end`` that has something to do."""
    while (moment := next_sweep()) is not None and moment < end:
        report = sweep(now=moment)
        if not report.acted:
            raise RuntimeError(f"The sweep at {moment} found work and did none: {report}")
        deliver_outbox(moment)


def next_sweep() -> datetime | None:
    """The minute task's first run after the next step falls due."""
    due: datetime | None = Clock.objects.open().aggregate(at=Min("next_step_at"))["at"]
    if due is None:
        return None
    swept = due.replace(second=SWEEP_SECOND, microsecond=0)
    return swept if swept >= due else swept + timedelta(minutes=1)


def deliver_outbox(at: datetime) -> None:
    """Send notifications and deliver the outbox as of ``at``; the demo's mail is written into a folder."""
    if Notification.objects.to_send(at).exists():
        dispatch_due(read_clock=lambda: at)
    waiting = OutboundEmail.objects.filter(state=OutboxState.QUEUED).count()
    if waiting:
        deliver_due(read_clock=lambda: at + DELIVERY_TAKES, most=waiting)
