"""Measures every page and job of a filled desk, for each role, beside raw equivalents of the same run.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_desk.py --tickets 100000 --json report.json

Requests go through all middlewares by the test client. Kilobytes are those before compression; database time is what
statements took, as seen from here; processor time is this process's and the server's, which others on the machine
change little. A budget is that of the 95th percentile, or of rows a second. The desk is filled in a test database of
its own; `--keep` leaves it there and measures the one left there, `--here` measures the desk in DATABASE_URL itself.
"""

import argparse
import json
import logging
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.conf import settings  # noqa: E402 - after django.setup()
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext, setup_test_environment  # noqa: E402
from psycopg import ClientCursor  # noqa: E402

from customers import time_of_record  # noqa: E402
from escalation.enforcement.heartbeats import beat  # noqa: E402
from escalation.exports import clock_rows, tickets_csv  # noqa: E402
from escalation.exports.pack import build_pack  # noqa: E402
from escalation.exports.ticket_list_csv import tickets_response  # noqa: E402
from escalation.lib.weeks import Period, week_of  # noqa: E402
from escalation.models import Clock  # noqa: E402
from escalation.proof.whole_proof import prove_all, prove_new  # noqa: E402
from supportdesk.demo.filling import fill_desk  # noqa: E402
from tests.deskpages import METRICS_TOKEN, Page, pages, the_people  # noqa: E402
from tests.queryplans import large_tables_of, queries_of, whole_scans  # noqa: E402
from tickets.access import visible_tickets  # noqa: E402
from tickets.models import Message, Ticket  # noqa: E402

ZONE = ZoneInfo("Asia/Shanghai")
MOST_SCANNED = 10_000  # rows of a table that may be read through


@dataclass
class Measured:
    """One line of the report; times in milliseconds, ``raw`` and ``budget`` in the unit of the job."""

    job: str
    role: str
    p50_ms: float | None = None
    p95_ms: float | None = None
    queries: int | None = None
    kilobytes: float | None = None
    per_second: float | None = None
    raw: float | None = None
    budget: float | None = None
    database_ms: float | None = None
    cpu_ms: float | None = None

    @property
    def is_missed(self) -> bool:
        if self.budget is None:
            return False
        if self.per_second is not None:
            return self.per_second < self.budget
        return (self.p95_ms or 0) > self.budget


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help="jobs whose name has this")
    parser.add_argument(
        "--plans", action="store_true", help="name the large tables that a page reads through"
    )
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--here", action="store_true")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.filterwarnings("ignore", message="No directory at")
    setup_test_environment()
    settings.METRICS_TOKEN = METRICS_TOKEN
    with filled_desk(options), TemporaryDirectory() as folder:
        settings.MEDIA_ROOT = folder
        beat("sweep", at=time_of_record.now())
        if options.plans:
            print_whole_scans()
        report = list(measure_all(options))
    if options.json:
        options.json.write_text(json.dumps([asdict(line) for line in report], indent=1))
    missed = [line for line in report if line.is_missed]
    print(f"{len(report)} measured, {len(missed)} above their budget")


@contextmanager
def filled_desk(options: argparse.Namespace) -> Iterator[None]:
    if options.here:
        yield
        return
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False, keepdb=options.keep)
    try:
        if not Ticket.objects.exists():
            fill_desk(tickets=options.tickets, now=time_of_record.now(), say=print)
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0, keepdb=options.keep)


def print_whole_scans() -> None:
    """On PostgreSQL. What is left can be seen by EXPLAIN."""
    large = large_tables_of(MOST_SCANNED)
    for role, user in the_people().items():
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        for page in pages(user):
            for sql in queries_of(client, page.urls[0], page.headers) if role in page.roles else ():
                for scan in whole_scans(page.job, sql, large):
                    print(
                        f"{role}: {scan.job} reads {scan.rows:,} rows of {scan.table}: {scan.sql[:90]}",
                        flush=True,
                    )


def measure_all(options: argparse.Namespace) -> Iterator[Measured]:
    people = the_people()
    print(f"{Ticket.objects.count():,} tickets, {Message.objects.count():,} messages on {connection.vendor}")
    print(
        f"{'':42}{'role':>16}{'p50':>8}{'p95':>8}{'cpu':>8}{'db':>8}{'queries':>8}{'KB':>7}"
        f"{'a second':>10}{'raw':>9}{'budget':>8}"
    )
    for role, user in people.items():
        for page in pages(user):
            if options.only in page.job and role in page.roles:
                yield from told(visit(page, role, user, options.runs))
    for job, work in jobs(people["director"]).items():
        if options.only in job:
            yield from told(work(job))


def told(line: Measured | None) -> Iterator[Measured]:
    if line is None:
        return
    times = "".join(
        f"{value:>8.1f}" if value is not None else " " * 8
        for value in (line.p50_ms, line.p95_ms, line.cpu_ms, line.database_ms)
    )
    counts = (line.queries, line.kilobytes, line.per_second, line.raw, line.budget)
    figures = "".join(
        f"{value:>{width},.{digits}f}" if value is not None else " " * width
        for value, width, digits in zip(counts, (8, 7, 10, 9, 8), (0, 0, 0, 1, 0), strict=True)
    )
    print(f"{line.job:42}{line.role:>16}{times}{figures}{'  MISSED' if line.is_missed else ''}", flush=True)
    yield line


def visit(page: Page, role: str, user: User, runs: int) -> Measured | None:
    client = Client(headers={"host": "localhost", **dict(page.headers)})
    client.force_login(user)
    first = client.get(page.urls[0])
    if first.status_code in (302, 403, 404):  # not for this role
        return None
    assert first.status_code == 200, (page.urls[0], first.status_code)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(page.urls[0])
    times = [float(query["time"]) for query in captured.captured_queries]
    turn = iter(page.urls * (runs + 1))
    cpu = cpu_seconds()
    p50, p95 = timed(lambda: client.get(next(turn)), runs)
    cpu = 1_000 * (cpu_seconds() - cpu) / (runs + 1)
    raw = timed(partial(fetched, page.raw), 10)[0] if page.raw else None
    return Measured(
        page.job, role, p50, p95, len(times), len(response.content) / 1024, None, raw, page.budget,
        1_000 * sum(times), cpu,
    )  # fmt: skip


def cpu_seconds() -> float:
    """Of this process and of the server's for its connection, if it runs on this machine."""
    ours = time.process_time()
    if connection.vendor != "postgresql":
        return ours
    connection.ensure_connection()
    statistics_of = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return ours + (int(statistics_of.read_text().split()[0]) / 1e9 if statistics_of.exists() else 0)


def fetched(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return len(cursor.fetchall())


def timed(call: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median and 95th percentile in milliseconds."""
    call()
    spent = []
    for _run in range(runs):
        started = time.perf_counter()
        call()
        spent.append(1e3 * (time.perf_counter() - started))
    return statistics.median(spent), statistics.quantiles(spent, n=20)[-1]


def jobs(director: User) -> dict[str, Callable[[str], Measured]]:
    return {
        "weekly pack": pack,
        "filtered CSV": partial(csv_of_closed, director),
        "filtered CSV, first byte": partial(first_byte, director),
        "verify_ledger, whole": whole_proof,
        "verify_ledger, new": new_proof,
    }


def pack(job: str) -> Measured:
    """Of the busiest week, the one before this one."""
    week = week_of(time_of_record.now() - timedelta(days=60), ZONE)
    period = Period.of(week, zone=ZONE)
    queries = [
        tickets_csv.tickets_of(period).values_list(*tickets_csv.PATHS, *tickets_csv.TIMES),
        clock_rows.clocks_of(period).values_list(*clock_rows.PATHS, *clock_rows.TIMES),
    ]
    rows = sum(query.count() for query in queries)

    def build() -> None:
        with TemporaryDirectory() as folder:
            build_pack(period, folder=Path(folder))

    spent = min(seconds(build) for _round in range(3))
    return Measured(job, "director", per_second=rows / spent, raw=copied_rows(queries, rows), budget=60_000)


def copied_rows(queries: Sequence[Any], rows: int) -> float | None:
    if connection.vendor != "postgresql":
        return None

    def copy_all() -> None:
        with connection.cursor() as cursor:
            for query in queries:
                sql, params = query.query.sql_with_params()
                statement = ClientCursor(connection.connection).mogrify(sql, params)
                with cursor.copy(f"COPY ({statement}) TO STDOUT WITH (FORMAT csv)") as copy:
                    for _block in copy:
                        pass

    return rows / min(seconds(copy_all) for _round in range(3))


def csv_of_closed(director: User, job: str) -> Measured:
    tickets = closed(director)
    rows = tickets.count()
    spent = seconds(lambda: sum(len(chunk) for chunk in iter(tickets_response(tickets, zone=ZONE))))
    raw = copied_rows([tickets.values_list(*tickets_csv.PATHS, *tickets_csv.TIMES)], rows)
    return Measured(job, "director", per_second=rows / spent, raw=raw, budget=90_000)


def closed(director: User) -> Any:
    newest = visible_tickets(director).filter(status="closed").order_by("-pk").values_list("pk", flat=True)
    lowest = newest[min(190_000, newest.count()) - 1]
    return visible_tickets(director).filter(status="closed", pk__gte=lowest).order_by("-opened_at")


def first_byte(director: User, job: str) -> Measured:
    p50, p95 = timed(lambda: next(iter(tickets_response(closed(director), zone=ZONE))), 5)
    return Measured(job, "director", p50, p95, budget=50)


def whole_proof(job: str) -> Measured:
    clocks = Clock.objects.count()
    spent = seconds(prove_all)
    return Measured(job, "director", per_second=clocks / spent, budget=15_000)


def new_proof(job: str) -> Measured:
    later = time_of_record.now() + timedelta(days=2)  # when everything is older than the last day
    p50, p95 = timed(lambda: prove_new(now=later), 3)
    return Measured(job, "director", p50, p95, budget=2_000)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
