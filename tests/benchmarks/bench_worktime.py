"""Measures the due time of one promise, holidays and make-up days included, beside an oracle minute by minute.

python tests/benchmarks/bench_worktime.py
"""

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from escalation.chains.step_times import due_time  # noqa: E402
from escalation.models import Calendar  # noqa: E402
from escalation.working_time.definitions import CalendarDefinition, as_json, with_holidays  # noqa: E402
from escalation.working_time.due_time import add_working, working_between  # noqa: E402
from escalation.working_time.lookup import hours_from  # noqa: E402 - after django.setup()
from escalation.working_time.month_table import month_table  # noqa: E402

ZONE = ZoneInfo("Asia/Shanghai")
OFFICE = (((540, 720), (780, 1080)),) * 5 + ((), ())
DEFINITION = with_holidays(CalendarDefinition("Asia/Shanghai", weekly=OFFICE, country="CN"), 2026)
CALENDAR = Calendar(name="China", version=1, definition=as_json(DEFINITION))
HOURS = DEFINITION.hours()
START = datetime(2026, 9, 18, 9, 30, tzinfo=UTC)  # before National Day and the make-up days around it
MINUTES = 140 * 60  # about a month of working days
WINDOW = timedelta(minutes=MINUTES)


def main() -> None:
    due = add_working(HOURS, START, WINDOW)
    figures = [
        ("due time, hours at hand", micros(lambda: add_working(HOURS, START, WINDOW))),
        ("due time, from a calendar's row", micros(lambda: due_time(CALENDAR, START, MINUTES))),
        ("due time, row read anew, months cached", micros(from_text, runs=200)),
        ("due time, nothing cached", micros(uncached, runs=200)),
        ("working time between", micros(lambda: working_between(HOURS, START, due))),
        ("oracle, minute by minute", micros(lambda: oracle(START, WINDOW), runs=1)),
    ]
    for name, cost in figures:
        print(f"  {name:<46} {cost:>12,.1f} µs")
    print(f"  the oracle agrees: {oracle(START, WINDOW) == due}")


def micros(work: Callable[[], object], *, runs: int = 20_000) -> float:
    """Microseconds a call, the best of three rounds."""
    best = float("inf")
    for _round in range(3):
        started = time.perf_counter()
        for _run in range(runs):
            work()
        best = min(best, time.perf_counter() - started)
    return best / runs * 1e6


def from_text() -> datetime:
    hours_from.cache_clear()
    return due_time(CALENDAR, START, MINUTES)


def uncached() -> datetime:
    month_table.cache_clear()
    return add_working(HOURS, START, WINDOW)


def oracle(start: datetime, window: timedelta) -> datetime:
    at, minutes_left = start, window
    while minutes_left:
        wall = at.astimezone(ZONE)
        minute = wall.hour * 60 + wall.minute
        if any(begin <= minute < end for begin, end in HOURS.intervals_on(wall.date())):
            minutes_left -= timedelta(minutes=1)
        at += timedelta(minutes=1)
    return at


if __name__ == "__main__":
    main()
