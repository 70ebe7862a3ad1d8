"""Measures the sweep beside raw SQL of the same run: finding what is due, nothing due, many due at once.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_sweep.py --finished 100000 --running 20000 --due 1000

The raw equivalents: the same SELECT, and one statement for each kind of row over all that is due, rolled back. Works
in a test database of its own.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402 - after django.setup()
from django.test.utils import CaptureQueriesContext  # noqa: E402

from escalation.choices import ClockChange, ClockKind, ClockState  # noqa: E402
from escalation.models import Clock, ClockEvent, Escalation, Notification, PolicyTarget  # noqa: E402
from escalation.services.sweep import MOST_IN_A_SWEEP, sweep  # noqa: E402
from tests import factories as make  # noqa: E402
from tickets.models import Message, Ticket  # noqa: E402

BATCH = 2_000
COUNTED = 100  # escalations whose queries are counted
FOUND = """
    SELECT id, ticket_id FROM escalation_clock WHERE stopped_at IS NULL AND next_step_at <= %s
    ORDER BY priority, next_step_at, id LIMIT 20000
"""
DUE = "(SELECT id FROM escalation_clock WHERE stopped_at IS NULL AND next_step_at <= %(now)s)"
# A breach, a step and a change of hands in the ledger, the escalation, a note, three notifications with their mails.
RAW = [
    f"UPDATE tickets_ticket SET owner_id = %(boss)s, updated_at = %(now)s WHERE id IN "
    f"(SELECT ticket_id FROM escalation_clock WHERE id IN {DUE})",
    *3 * [
        "INSERT INTO escalation_clockevent (clock_id, change, at, recorded_at, holder_id, state_before, state_after, "
        "due_before, due_after, cause, data) SELECT id, 'step', due_at, %(now)s, %(boss)s, state, 'breached', due_at, "
        f"due_at, '', '{{}}' FROM escalation_clock WHERE id IN {DUE}"
    ],
    "INSERT INTO escalation_escalation (clock_id, step_id, round, reason, due_at, fired_at, from_owner_id, to_owner_id, route) "
    f"SELECT id, %(step)s, 0, '', due_at, %(now)s, %(ann)s, %(boss)s, '[]' FROM escalation_clock WHERE id IN {DUE}",
    "INSERT INTO tickets_timelineentry (ticket_id, at, fact, data, reason) "
    f"SELECT ticket_id, %(now)s, 'owner', '{{}}', '' FROM escalation_clock WHERE id IN {DUE}",
    *3 * [
        "INSERT INTO escalation_notification (recipient_id, kind, ticket_id, clock_id, created_at, next_try_at, detail, "
        "channels, is_urgent, state) SELECT %(boss)s, 'escalated', ticket_id, id, %(now)s, %(now)s, '', "
        f"'[\"mail\"]', false, 'pending' FROM escalation_clock WHERE id IN {DUE}"
    ],
    f"UPDATE escalation_clock SET state = 'breached', breached_at = due_at, detected_at = %(now)s WHERE id IN {DUE}",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("finished", 100_000), ("running", 20_000), ("due", 1_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    name = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            report(Seed(), options)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


class Seed:
    """People above each other, customers, and clocks in bulk. Every clock's window is the P2's eight hours."""

    def __init__(self) -> None:
        self.boss = make.staff(reports_to=make.staff())
        self.ann, backup = make.staff(reports_to=self.boss), make.staff()
        make.set_desk(duty_manager=make.staff())
        self.customers = [
            make.CustomerFactory(account_manager=self.ann, backup_account_manager=backup)
            for _each in range(50)
        ]
        targets = PolicyTarget.objects.select_related("version", "calendar")
        self.target = targets.get(kind=ClockKind.FIRST_RESPONSE, priority=2)

    def clocks(self, number: int, *, due_in: timedelta, state: str = ClockState.RUNNING) -> None:
        for _batch in range(0, number, BATCH):
            size = min(BATCH, number - _batch)
            started = make.NOW + due_in - timedelta(minutes=self.target.minutes)
            tickets = Ticket.objects.bulk_create(self._ticket(each, started) for each in range(size))
            Message.objects.bulk_create(
                Message(ticket=ticket, kind="inbound", at=started, created_at=started, body="Black screen.")
                for ticket in tickets
            )
            rows = Clock.objects.bulk_create(self._clock(ticket, started, state) for ticket in tickets)
            ClockEvent.objects.bulk_create(self._started(clock) for clock in rows)

    def _ticket(self, number: int, at: object) -> Ticket:
        customer = self.customers[number % len(self.customers)]
        return Ticket(subject="Black", customer=customer, owner=self.ann, opened_at=at, updated_at=at)

    def _clock(self, ticket: Ticket, started: object, state: str) -> Clock:
        due = started + timedelta(minutes=self.target.minutes)
        stopped = due if state == ClockState.MET else None
        return Clock(
            ticket=ticket, kind=ClockKind.FIRST_RESPONSE, state=state, priority=2, started_at=started, due_at=due,
            stopped_at=stopped, next_step_at=None if stopped else due, minutes=self.target.minutes,
            policy_version=self.target.version, calendar=self.target.calendar, calendar_version=1,
        )  # fmt: skip

    def _started(self, clock: Clock) -> ClockEvent:
        return ClockEvent(
            clock=clock, change=ClockChange.STARTED, at=clock.started_at, recorded_at=clock.started_at,
            holder=self.ann, state_after=ClockState.RUNNING, due_after=clock.due_at, data={"priority": 2},
        )  # fmt: skip


def report(seed: Seed, options: argparse.Namespace) -> None:
    seed.clocks(options.running, due_in=timedelta(days=2))
    nothing = (
        measured(lambda: sweep(now=make.NOW)),
        queries(lambda: sweep(now=make.NOW)),
        measured(raw_find),
    )
    seed.clocks(options.due, due_in=timedelta(0))
    few_finished = (measured(find), measured(raw_find))
    seed.clocks(options.finished, due_in=-timedelta(days=30), state=ClockState.MET)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    many_finished = (measured(find), measured(raw_find))
    raw = measured(lambda: raw_sweep(seed), runs=1)
    started = time.perf_counter()
    done = sweep(now=make.NOW, seconds=3_600)
    spent = time.perf_counter() - started
    assert done.acted == options.due == Escalation.objects.count(), done
    told = Notification.objects.count() / options.due
    seed.clocks(COUNTED, due_in=timedelta(0))
    with CaptureQueriesContext(connection) as captured:
        sweep(now=make.NOW)
    each = sum(not one["sql"].startswith(CONTROL) for one in captured.captured_queries) / COUNTED

    print(
        f"{connection.vendor}: {options.due:,} due, {options.running:,} running, {options.finished:,} finished"
    )
    print(f"{'':44}{'here':>12}{'plain SQL':>12}")
    line("nothing due, ms", nothing[0] * 1e3, nothing[2] * 1e3, f"{nothing[1]} queries")
    line("find what is due, ms, no clock finished", *(each * 1e3 for each in few_finished))
    line(f"find what is due, ms, {options.finished:,} finished", *(each * 1e3 for each in many_finished))
    line(
        "escalated, reassigned and told, per second",
        done.acted / spent,
        done.acted / raw,
        f"{each:.1f} queries each",
    )
    print(f"{told:.1f} people told for each")


CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def line(what: str, here: float, plain: float, remark: str = "") -> None:
    print(f"{what:44}{here:>12,.2f}{plain:>12,.2f}  {remark}")


def measured(work: Callable[[], object], runs: int = 20) -> float:
    """The median of some runs, in seconds."""
    spent = []
    for _run in range(runs):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return sorted(spent)[len(spent) // 2]


def queries(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def find() -> list[tuple[int, int]]:
    return list(Clock.objects.step_due(make.NOW).values_list("pk", "ticket_id")[:MOST_IN_A_SWEEP])


def raw_find() -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [make.NOW])
        return list(cursor.fetchall())


def raw_sweep(seed: Seed) -> None:
    """The same rows by one statement of each kind, and everything taken back."""
    step = make.EscalationStep.objects.get(policy=seed.target.version.policy, percent=100, lowest_priority=3, retired_at=None)
    values = {"now": make.NOW, "boss": seed.boss.pk, "ann": seed.ann.pk, "step": step.pk}
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement, values)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
