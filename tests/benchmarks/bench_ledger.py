"""Measures the seals and the proof of the ledger beside fetching the same rows raw in the same run.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_ledger.py --clocks 100000

Each clock has three lines: started, breached, done after the breach; two of them rest on messages.
Works in a test database of its own.
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
from escalation.clocks.ledger import NOTHING, Before, ChangeContext, append_all, event_row  # noqa: E402
from escalation.clocks.lifecycle import window_data  # noqa: E402
from escalation.models import Clock, ClockEvent, PolicyTarget  # noqa: E402
from escalation.proof.sealing import seal_ledger  # noqa: E402
from escalation.proof.whole_proof import prove_all, prove_new  # noqa: E402
from tests import factories as make  # noqa: E402
from tickets.choices import MessageKind  # noqa: E402
from tickets.lib.bulk_insert import NewRow  # noqa: E402
from tickets.models import Message, Ticket  # noqa: E402

BATCH = 1_000
RAW = (
    "SELECT * FROM escalation_clock ORDER BY id",
    "SELECT * FROM escalation_clockevent ORDER BY clock_id, id",
    "SELECT e.id, m.* FROM escalation_clockevent e JOIN tickets_message m ON m.id = e.message_id",
    "SELECT * FROM escalation_sealedline ORDER BY seal_id, position",
)
TEXT = "The live room in Shanghai stays black for everybody since this morning. " * 6
DUE = make.NOW + timedelta(hours=8)
DONE = DUE + timedelta(hours=1)


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
    _seals, sealing = timed(lambda: seal_ledger(at=make.NOW + timedelta(days=2)))
    _answer, raw = timed(fetch)
    proof, whole = timed(prove_all)
    assert (proof.clocks, proof.mismatches, proof.unsealed) == (clocks, (), 0)
    new, nightly = timed(lambda: prove_new(now=make.NOW + timedelta(days=4)))
    assert (new.clocks, new.mismatches) == (0, ())
    print(f"{clocks:,} promises with {clocks * 3:,} ledger lines on {connection.vendor}")
    print(f"  lines and words fetched raw {raw:7.2f} s")
    print(f"  all sealed                  {sealing:7.2f} s  {clocks * 3 / sealing:>10,.0f} lines/s")
    print(
        f"  all proven                  {whole:7.2f} s  {clocks / whole:>10,.0f} promises/s  {whole / raw:.1f} x raw"
    )
    print(f"  what is new: nothing        {nightly:7.2f} s")


def timed(call: Callable[[], object]) -> tuple[object, float]:
    begin = time.perf_counter()
    result = call()
    return result, time.perf_counter() - begin


def fetch() -> None:
    with connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement)
            cursor.fetchall()


def seed(clocks: int) -> None:
    ticket = make.TicketFactory()
    target = PolicyTarget.objects.select_related("version", "calendar").get(
        version__policy__is_default=True, kind=ClockKind.FIRST_RESPONSE, priority=2
    )
    for begin in range(0, clocks, BATCH):
        numbers = range(begin, min(begin + BATCH, clocks))
        asked = Message.objects.bulk_create(_message(ticket, MessageKind.INBOUND) for _number in numbers)
        answered = Message.objects.bulk_create(_message(ticket, MessageKind.OUTBOUND) for _number in numbers)
        pairs = list(zip(asked, answered, strict=True))
        made = Clock.objects.bulk_create(_clock(ticket, target, *pair) for pair in pairs)
        append_all([line for clock in made for line in _lines(clock)])
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _message(ticket: Ticket, kind: str) -> Message:
    at = make.NOW if kind == MessageKind.INBOUND else DONE
    return Message(ticket=ticket, kind=kind, at=at, created_at=at, body=TEXT)


def _clock(ticket: Ticket, target: PolicyTarget, asked: Message, answered: Message) -> Clock:
    return Clock(
        ticket=ticket,
        kind=ClockKind.FIRST_RESPONSE,
        state=ClockState.BREACHED,
        priority=2,
        started_at=asked.at,
        due_at=DUE,
        stopped_at=answered.at,
        breached_at=DUE,
        detected_at=DUE,
        minutes=480,
        policy_version=target.version,
        calendar=target.calendar,
        calendar_version=1,
        started_by=asked,
        answered_by=answered,
    )


def _lines(clock: Clock) -> list[NewRow[ClockEvent]]:
    """As the services write them: started, breached, done after the breach."""
    begun = {"ticket": clock.ticket_id, "kind": str(clock.kind), **window_data(clock)}
    running, breached = Before(ClockState.RUNNING, clock.due_at), Before.of(clock)
    lines = (
        (ClockChange.STARTED, ClockState.RUNNING, NOTHING, clock.started_at, clock.started_by, begun),
        (ClockChange.BREACHED, ClockState.BREACHED, running, clock.due_at, None, {}),
        (ClockChange.ANSWERED_LATE, ClockState.BREACHED, breached, clock.stopped_at, clock.answered_by, {}),
    )
    rows = []
    for change, clock.state, before, at, message, data in lines:
        context = ChangeContext(at or make.NOW, None)
        rows.append(event_row(clock, change, context, before=before, message=message, **data))
    return rows


if __name__ == "__main__":
    main()
