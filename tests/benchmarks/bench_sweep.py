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

from escalation.enforcement.sweep import PAGE, sweep  # noqa: E402
from escalation.models import Clock, Escalation, Notification  # noqa: E402
from tests import factories as make  # noqa: E402
from tests.crowd import Crowd  # noqa: E402

COUNTED = 100  # escalations whose queries are counted
FOUND = """
    SELECT id, ticket_id FROM escalation_clock
    WHERE stopped_at IS NULL AND next_step_at <= %s ORDER BY priority, next_step_at, id LIMIT 1000
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
    "INSERT INTO escalation_escalation (clock_id, step_id, round, reason, due_at, fired_at, from_owner_id, "
    "to_owner_id, route) "
    f"SELECT id, %(step)s, 0, '', due_at, %(now)s, %(ann)s, %(boss)s, '[]' FROM escalation_clock WHERE id IN {DUE}",
    "INSERT INTO tickets_timelineentry (ticket_id, at, fact, data, reason) "
    f"SELECT ticket_id, %(now)s, 'owner', '{{}}', '' FROM escalation_clock WHERE id IN {DUE}",
    *3 * [
        "INSERT INTO escalation_notification (recipient_id, kind, ticket_id, clock_id, created_at, next_try_at, "
        "detail, channels, is_urgent, state) SELECT %(boss)s, 'escalated', ticket_id, id, %(now)s, %(now)s, '', "
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
            report(Crowd(), options)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def report(crowd: Crowd, options: argparse.Namespace) -> None:
    crowd.promises(options.running, due_in=timedelta(days=2))
    nothing = (
        measured(lambda: sweep(now=make.NOW)),
        queries(lambda: sweep(now=make.NOW)),
        measured(raw_find),
    )
    crowd.promises(options.due, due_in=timedelta(0))
    few_finished = (measured(find), measured(raw_find))
    crowd.finished(options.finished, due_in=-timedelta(days=30))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    many_finished = (measured(find), measured(raw_find))
    raw = measured(lambda: raw_sweep(crowd), runs=1)
    started = time.perf_counter()
    done = sweep(now=make.NOW, seconds=3_600)
    spent = time.perf_counter() - started
    assert done.acted == options.due == Escalation.objects.count(), done
    notifications = Notification.objects.count() / options.due
    crowd.promises(COUNTED, due_in=timedelta(0))
    with CaptureQueriesContext(connection) as captured:
        sweep(now=make.NOW)
    each = sum(not query["sql"].startswith(CONTROL) for query in captured.captured_queries) / COUNTED

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
    print(f"{notifications:.1f} people told for each")


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
    return list(Clock.objects.step_due(make.NOW).values_list("pk", "ticket_id")[:PAGE])


def raw_find() -> list[tuple[int, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [make.NOW])
        return list(cursor.fetchall())


def raw_sweep(crowd: Crowd) -> None:
    """The same rows by one statement of each kind, and everything taken back."""
    step = make.EscalationStep.objects.get(
        policy=crowd.target.version.policy, percent=100, lowest_priority=3, retired_at=None
    )
    values = {"now": make.NOW, "boss": crowd.boss.pk, "ann": crowd.ann.pk, "step": step.pk}
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement, values)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
