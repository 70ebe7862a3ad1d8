"""Measures the proof of the ledger beside fetching the same rows raw in the same run.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_ledger.py --clocks 100000

Each clock has three lines: started, breached, done after the breach. Works in a test database of its own.
"""

import argparse
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

from django.db import connection  # noqa: E402 - after django.setup()

from escalation.choices import ClockChange, ClockKind, ClockState  # noqa: E402
from escalation.clocks.ledger_verification import verify  # noqa: E402
from escalation.clocks.lifecycle import window_data  # noqa: E402
from escalation.models import Clock, ClockEvent, PolicyTarget  # noqa: E402
from tests import factories as make  # noqa: E402
from tickets.models import Ticket  # noqa: E402

BATCH = 5_000
RAW = "SELECT * FROM escalation_clockevent ORDER BY clock_id, id"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clocks", type=int, default=100_000)
    clocks = parser.parse_args().clocks
    name = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            seed(clocks)
            report(clocks)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def report(clocks: int) -> None:
    verification, own_seconds = timed(verify)
    assert (verification.clocks, verification.mismatches) == (clocks, ())
    _rows, raw = timed(fetch)
    print(f"{clocks:,} promises with {clocks * 3:,} ledger lines on {connection.vendor}")
    print(f"  replayed and verified  {own_seconds:7.2f} s  {clocks / own_seconds:>10,.0f} promises/s")
    print(f"  the lines fetched raw  {raw:7.2f} s  the proof takes {own_seconds / raw:.1f} times as long")


def timed(call: Callable[[], object]) -> tuple[object, float]:
    begin = time.perf_counter()
    result = call()
    return result, time.perf_counter() - begin


def fetch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(RAW)
        return len(cursor.fetchall())


def seed(clocks: int) -> None:
    ticket = make.TicketFactory()
    target = PolicyTarget.objects.select_related("version", "calendar").get(
        version__policy__is_default=True, kind=ClockKind.FIRST_RESPONSE, priority=2
    )
    for begin in range(0, clocks, BATCH):
        made = Clock.objects.bulk_create(
            _clock(ticket, target) for _number in range(begin, min(begin + BATCH, clocks))
        )
        ClockEvent.objects.bulk_create(line for clock in made for line in _lines(clock, ticket))


def _clock(ticket: Ticket, target: PolicyTarget) -> Clock:
    due = make.NOW + timedelta(hours=8)
    return Clock(
        ticket=ticket,
        kind=ClockKind.FIRST_RESPONSE,
        state=ClockState.BREACHED,
        priority=2,
        started_at=make.NOW,
        due_at=due,
        stopped_at=due + timedelta(hours=1),
        breached_at=due,
        detected_at=due,
        minutes=480,
        policy_version=target.version,
        calendar=target.calendar,
        calendar_version=1,
    )


def _lines(clock: Clock, ticket: Ticket) -> list[ClockEvent]:
    started = {"ticket": ticket.pk, "kind": str(clock.kind), **window_data(clock)}
    steps = (
        (ClockChange.STARTED, "", ClockState.RUNNING, clock.started_at, started),
        (ClockChange.BREACHED, ClockState.RUNNING, ClockState.BREACHED, clock.due_at, {}),
        (ClockChange.ANSWERED_LATE, ClockState.BREACHED, ClockState.BREACHED, clock.stopped_at, {}),
    )
    return [
        ClockEvent(
            clock=clock,
            change=change,
            at=at,
            recorded_at=at,
            holder=ticket.owner,
            state_before=before,
            state_after=after,
            due_before=clock.due_at if before else None,
            due_after=clock.due_at,
            data=data,
        )
        for change, before, after, at, data in steps
    ]


if __name__ == "__main__":
    main()
