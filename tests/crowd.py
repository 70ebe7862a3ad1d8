"""Tickets and promises by the thousand, written in bulk: for benchmarks, and for races that need many."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.models import Clock, ClockEvent, PolicyTarget
from tests import factories as make
from tickets.choices import Priority
from tickets.models import Message, Ticket

BATCH = 2_000


class Crowd:
    """People above each other, customers, and first answers owed to them under the shipped promise."""

    def __init__(self, *, priority: int = Priority.P2, customers: int = 50) -> None:
        self.boss = make.staff("boss", reports_to=make.staff("top"))
        self.ann, backup = make.staff("ann", reports_to=self.boss), make.staff("backup")
        make.set_desk(duty_manager=make.staff("duty"))
        self.customers = [
            make.CustomerFactory(account_manager=self.ann, backup_account_manager=backup)
            for _each in range(customers)
        ]
        targets = PolicyTarget.objects.select_related("version", "calendar")
        self.target = targets.get(kind=ClockKind.FIRST_RESPONSE, priority=priority)

    def promises(
        self, number: int, *, due_in: timedelta = timedelta(0), state: str = ClockState.RUNNING
    ) -> list[Ticket]:
        """As many tickets of ann's, whose promise falls due so long after `NOW`."""
        made: list[Ticket] = []
        for batch in range(0, number, BATCH):
            made += self._batch(
                min(BATCH, number - batch), make.NOW + due_in - timedelta(minutes=self.target.minutes), state
            )
        return made

    def finished(self, number: int, *, due_in: timedelta) -> None:
        """Kept promises; beyond the first batch they are copies of it, on the same tickets."""
        first = self.promises(min(number, BATCH), due_in=due_in, state=ClockState.MET)
        columns = ", ".join(
            connection.ops.quote_name(str(field.column))
            for field in Clock._meta.concrete_fields
            if not field.primary_key
        )
        wanted = (number - len(first)) // BATCH
        with connection.cursor() as cursor:
            for _copy in range(wanted):
                cursor.execute(
                    f"INSERT INTO escalation_clock ({columns}) SELECT {columns} FROM escalation_clock "
                    "WHERE state = 'met' ORDER BY id LIMIT %s",
                    [BATCH],
                )

    def _batch(self, size: int, started: datetime, state: str) -> Sequence[Ticket]:
        tickets = Ticket.objects.bulk_create(self._ticket(each, started) for each in range(size))
        messages = Message.objects.bulk_create(
            Message(
                ticket=ticket,
                kind="inbound",
                at=started,
                created_at=started,
                body="Black screen.",
                sender_address="li@company.example",
            )
            for ticket in tickets
        )
        pairs = zip(tickets, messages, strict=True)
        rows = Clock.objects.bulk_create(self._clock(ticket, message, state) for ticket, message in pairs)
        ClockEvent.objects.bulk_create(self._started(clock) for clock in rows)
        return tickets

    def _ticket(self, number: int, at: datetime) -> Ticket:
        customer = self.customers[number % len(self.customers)]
        return Ticket(
            subject="Black", customer=customer, owner=self.ann, opened_at=at, updated_at=at,
            priority=self.target.priority, unanswered_since=at,
        )  # fmt: skip

    def _clock(self, ticket: Ticket, message: Message, state: str) -> Clock:
        started = ticket.opened_at
        due = started + timedelta(minutes=self.target.minutes)
        stopped = due if state == ClockState.MET else None
        return Clock(
            ticket=ticket, kind=ClockKind.FIRST_RESPONSE, state=state, priority=self.target.priority,
            started_at=started, due_at=due, stopped_at=stopped, next_step_at=None if stopped else due,
            minutes=self.target.minutes, policy_version=self.target.version, calendar=self.target.calendar,
            calendar_version=1, started_by=message,
        )  # fmt: skip

    def _started(self, clock: Clock) -> ClockEvent:
        return ClockEvent(
            clock=clock, change=ClockChange.STARTED, at=clock.started_at, recorded_at=clock.started_at,
            holder=self.ann, state_after=ClockState.RUNNING, due_after=clock.due_at, message=clock.started_by,
            data={"priority": clock.priority, "minutes": clock.minutes},
        )  # fmt: skip
