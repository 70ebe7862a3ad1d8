"""Measures the weekly pack and the download of a list beside raw equivalents of the same run.

The equivalents are COPY (PostgreSQL) and a plain csv.writer.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_export.py --rows 100000

Half of the rows are tickets and half are promises, all of one week. Works in a test database of its own.
"""

import argparse
import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import django
from psycopg import ClientCursor

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.db import connection  # noqa: E402 - after django.setup()
from django.db.models import QuerySet  # noqa: E402

from escalation.choices import ClockChange, ClockState  # noqa: E402
from escalation.exports import clock_rows, tickets_csv  # noqa: E402
from escalation.exports.pack import build_pack  # noqa: E402
from escalation.exports.ticket_list_csv import tickets_response  # noqa: E402
from escalation.lib.weeks import Period, Week  # noqa: E402
from escalation.models import Clock, ClockEvent  # noqa: E402
from tests import factories as make  # noqa: E402
from tickets.choices import MessageKind  # noqa: E402
from tickets.models import Message, Ticket  # noqa: E402

PERIOD = Period.of(Week(2026, 47), zone=ZoneInfo("Asia/Shanghai"))
BATCH = 2000  # PostgreSQL takes 65,535 parameters of a statement
MINUTE = timedelta(minutes=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--peak-of", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak_of:
        print(peak_of_pack(options.peak_of))
        return
    with test_database():
        seed(options.rows // 2)
        report(options.rows // 2 * 2)


@contextmanager
def test_database() -> Iterator[None]:
    """On SQLite a file, not memory, so that a second process can read it."""
    name = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            yield
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def report(rows: int) -> None:
    lines = [("pack: all sheets and manifest", measured(whole_pack, rows))]
    lines.append(("plain csv.writer, same two queries", measured(plain_csv, rows)))
    if connection.vendor == "postgresql":
        lines.append(("COPY, same two queries", measured(raw_copy, rows)))
    own_seconds = lines[0][1]
    listed = measured(whole_list, rows // 2)
    print(f"{rows:,} rows on {connection.vendor}: half tickets, half promises with two ledger lines each")
    for name, speed in lines:
        print(f"  {name:<42} {speed:>9,.0f} rows/s   the pack is {own_seconds / speed:.2f} of it")
    print(f"  filtered list, with its promises: {listed:,.0f} tickets/s, first byte in {first_byte():.0f} ms")
    peaks = ", ".join(f"{share:.0%} of the week {peak_in_a_new_process(share)} MB" for share in (0.1, 1))
    print(f"  memory that the pack adds at its peak: {peaks}")


def measured(work: Callable[[], None], rows: int) -> float:
    """Rows a second, the best of three."""
    best = float("inf")
    for _round in range(3):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return rows / best


def whole_pack() -> None:
    with TemporaryDirectory() as folder:
        build_pack(PERIOD, folder=Path(folder))


def whole_list() -> None:
    for _chunk in a_list():
        pass


def first_byte() -> float:
    """Milliseconds until the first rows leave."""
    started = time.perf_counter()
    next(iter(a_list()))
    return 1000 * (time.perf_counter() - started)


def a_list() -> Iterator[bytes]:
    response = tickets_response(Ticket.objects.order_by("-opened_at"), zone=PERIOD.zone)
    return iter(response)


def plain_csv() -> None:
    for query in queries():
        writer = csv.writer(io.StringIO())
        for row in query.iterator(chunk_size=2000):
            writer.writerow(row)


def raw_copy() -> None:
    with connection.cursor() as cursor:
        for query in queries():
            sql, params = query.query.sql_with_params()
            statement = ClientCursor(connection.connection).mogrify(sql, params)
            with cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)") as copy:
                for _block in copy:
                    pass


def queries() -> list[QuerySet]:
    return [
        tickets_csv.tickets_of(PERIOD).values_list(*tickets_csv.PATHS, *tickets_csv.TIMES),
        clock_rows.clocks_of(PERIOD).values_list(*clock_rows.PATHS, *clock_rows.TIMES),
    ]


def peak_in_a_new_process(share: float) -> str:
    """A process that has held no test data: what it grows by is the pack's."""
    command = [sys.executable, __file__, "--peak-of", str(share)]
    environment = os.environ | {"BENCH_DATABASE": str(connection.settings_dict["NAME"])}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def peak_of_pack(share: float) -> str:
    """Megabytes above the start while the first part of the week is exported; a tiny pack warms up before."""
    connection.settings_dict["NAME"] = os.environ["BENCH_DATABASE"]
    export_until(0.001)
    before = resident("VmRSS")
    export_until(share)
    return f"{resident('VmHWM') - before:.1f}"


def export_until(share: float) -> None:
    until = PERIOD.start + (PERIOD.end - PERIOD.start) * share
    with TemporaryDirectory() as folder:
        build_pack(Period.of(PERIOD.week, zone=PERIOD.zone, until=until), folder=Path(folder))


def resident(field: str) -> float:
    """VmRSS is now, VmHWM the peak of this process (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(field))) / 1024


def seed(number: int) -> None:
    """Tickets over the whole week for 200 customers, each with an answered or broken first response."""
    owners = [make.staff(f"bench{index}") for index in range(20)]
    customers = [make.CustomerFactory(account_manager=owners[index % 20]) for index in range(200)]
    calendar, version = make.CalendarFactory(), make.PolicyVersionFactory()
    step = (PERIOD.end - PERIOD.start - timedelta(hours=9)) / number
    for first in range(0, number, BATCH):
        indexes = range(first, min(first + BATCH, number))
        tickets = Ticket.objects.bulk_create(
            Ticket(
                subject=f"直播间黑屏 room {index} is black",
                customer=customers[index % 200],
                owner=owners[index % 20],
                priority=index % 4,
                opened_at=PERIOD.start + step * index,
                updated_at=PERIOD.start + step * index,
            )
            for index in indexes
        )
        seed_promises(tickets, calendar, version)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def seed_promises(tickets: list[Ticket], calendar: object, version: object) -> None:
    answers = Message.objects.bulk_create(
        Message(ticket=ticket, kind=MessageKind.OUTBOUND, author_id=ticket.owner_id, at=at, created_at=at)
        for ticket, at in ((ticket, answer_time(ticket)) for ticket in tickets)
    )
    clocks = Clock.objects.bulk_create(
        Clock(
            ticket=answer.ticket,
            kind="first_response",
            state=ClockState.MET if answer.at <= due(answer.ticket) else ClockState.BREACHED,
            priority=answer.ticket.priority,
            minutes=480,
            started_at=answer.ticket.opened_at,
            due_at=due(answer.ticket),
            stopped_at=answer.at,
            answered_by=answer,
            policy_version=version,
            calendar=calendar,
            calendar_version=1,
        )
        for answer in answers
    )
    ClockEvent.objects.bulk_create(line for clock in clocks for line in ledger(clock))


def answer_time(ticket: Ticket) -> object:
    return ticket.opened_at + (10 + ticket.pk * 37 % 520) * MINUTE


def due(ticket: Ticket) -> object:
    return ticket.opened_at + 480 * MINUTE


def ledger(clock: Clock) -> Iterator[ClockEvent]:
    for change, at in ((ClockChange.STARTED, clock.started_at), (ClockChange.MET, clock.stopped_at)):
        yield ClockEvent(
            clock=clock,
            change=change,
            at=at,
            recorded_at=at,
            holder_id=clock.ticket.owner_id,
            message=clock.answered_by if change == ClockChange.MET else None,
            state_after=clock.state if change == ClockChange.MET else ClockState.RUNNING,
            due_after=clock.due_at,
            data={"priority": clock.priority, "minutes": clock.minutes},
        )


if __name__ == "__main__":
    main()
