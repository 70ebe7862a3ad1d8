"""The sweep: finds every promise on which something is due, and acts on each in a transaction of its own.

1. ``now`` is taken once by the caller. 2. One query finds what is due, P0 and oldest first. 3. Each ticket row is
locked, or passed over while somebody else holds it: the next sweep finds it again. 4. The clock is read again under
the lock, for it may have been answered meanwhile. 5. A ticket that fails spoils no other. 6. After its time it stops
between two tickets, so that heartbeats come; the next sweep goes on.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import cached_property

from django.db import InterfaceError, OperationalError, connection, transaction

from escalation.models import Clock
from escalation.services.people import People
from escalation.services.steps import act_on
from tickets.models import Ticket
from tickets.services.mailboxes import remembered

logger = logging.getLogger(__name__)
MOST_IN_A_SWEEP = 20_000
SECONDS = 45.0  # within its minute


class Outcome(Enum):
    ACTED = auto()
    BUSY = auto()
    SETTLED = auto()
    FAILED = auto()


@dataclass
class SweepReport:
    """What one sweep found: acted on, left to whoever holds the row, settled meanwhile, failed, left for the next."""

    acted: int = 0
    busy: int = 0
    settled: int = 0
    failed: int = 0
    left: int = 0

    def count(self, outcome: Outcome) -> None:
        name = outcome.name.lower()
        setattr(self, name, getattr(self, name) + 1)

    def __str__(self) -> str:
        counts = f"acted={self.acted} busy={self.busy} settled={self.settled} failed={self.failed}"
        return f"{counts} left={self.left}"


class Sweep:
    """One pass at one moment; the picture of the people is loaded when the first promise needs it."""

    def __init__(self, now: datetime, seconds: float) -> None:
        self.now = now
        self.stop_at = time.monotonic() + seconds

    @cached_property
    def people(self) -> People:
        return People.at(self.now)

    def run(self) -> SweepReport:
        due = list(Clock.objects.step_due(self.now).values_list("pk", "ticket_id")[:MOST_IN_A_SWEEP])
        if not due:
            return SweepReport()
        with remembered():  # the mailboxes, for everybody who is told
            return self._each(due)

    def _each(self, due: Sequence[tuple[int, int]]) -> SweepReport:
        report = SweepReport()
        for done, (clock, ticket) in enumerate(due):
            if time.monotonic() >= self.stop_at:
                report.left = len(due) - done
                break
            report.count(self._guarded(clock, ticket))
        return report

    def _guarded(self, clock: int, ticket: int) -> Outcome:
        try:
            return self._one(clock, ticket)
        except (InterfaceError, OperationalError):
            raise  # the database itself is in trouble: the next minute tries again
        except Exception:  # whatever is wrong with this ticket, the others' promises are enforced
            logger.exception("The sweep failed on ticket %s", ticket)
            return Outcome.FAILED

    @transaction.atomic
    def _one(self, clock_pk: int, ticket_pk: int) -> Outcome:
        ticket = _lock_unless_busy(ticket_pk)
        if ticket is None:
            return Outcome.BUSY
        clock = _still_due(clock_pk, self.now)
        if clock is None:
            return Outcome.SETTLED
        clock.ticket = ticket
        act_on(clock, self.people, now=self.now)
        return Outcome.ACTED


def sweep(*, now: datetime, seconds: float = SECONDS) -> SweepReport:
    """Enforce every promise as of ``now`` (UTC). Any number may overlap; each step fires once."""
    return Sweep(now, seconds).run()


def _lock_unless_busy(pk: int) -> Ticket | None:
    skip = connection.features.has_select_for_update_skip_locked
    rows = Ticket.objects.select_for_update(skip_locked=skip, of=("self",) if skip else ())
    return rows.select_related("customer", "owner__staff_profile").filter(pk=pk).first()


def _still_due(pk: int, now: datetime) -> Clock | None:
    clocks = Clock.objects.step_due(now).select_related("calendar", "policy_version__policy__duty_rota")
    return clocks.filter(pk=pk).first()
