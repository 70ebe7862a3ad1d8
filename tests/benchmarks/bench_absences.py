"""Measures an absence that begins beside raw SQL of the same run: what is owed moves to the deputy.

    DATABASE_URL=postgres://... python tests/benchmarks/bench_absences.py --tickets 1000

The raw equivalents: one statement for each kind of row over all that moves, rolled back. Works in a test database of
its own.
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
from typing import Any

import django

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - after django.setup()
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from customers.models import Absence  # noqa: E402
from escalation.absences.moving import move_from_absent  # noqa: E402
from escalation.absences.returning import offer_back  # noqa: E402
from escalation.models import AbsenceMove, Notification  # noqa: E402
from tests import factories as make  # noqa: E402
from tests.crowd import Crowd  # noqa: E402

DAY = timedelta(days=1)
COUNTED = 100  # moves whose queries are counted
CONTROL = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
OWED = "(SELECT id FROM tickets_ticket WHERE owner_id = %(away)s AND unanswered_since IS NOT NULL)"
# What moved, the new owner, the timeline, the change of hands in the ledger, the note, who is told.
RAW = [
    "INSERT INTO escalation_absencemove (absence_id, ticket_id, from_owner_id, to_owner_id, moved_at, settled_as) "
    f"SELECT %(absence)s, id, %(away)s, %(deputy)s, %(now)s, '' FROM tickets_ticket WHERE id IN {OWED}",
    "INSERT INTO tickets_timelineentry (ticket_id, at, fact, data, reason) "
    f"SELECT id, %(now)s, 'owner', '{{}}', 'away' FROM tickets_ticket WHERE id IN {OWED}",
    "INSERT INTO escalation_clockevent (clock_id, change, at, recorded_at, holder_id, state_before, state_after, "
    "due_before, due_after, cause, data) SELECT id, 'handed_over', %(now)s, %(now)s, %(deputy)s, state, state, due_at, "
    f"due_at, 'away', '{{}}' FROM escalation_clock WHERE stopped_at IS NULL AND ticket_id IN {OWED}",
    "INSERT INTO tickets_message (ticket_id, kind, channel, at, created_at, body, sender_name, sender_address, quoted, "
    "html, reached, is_automatic, is_unconfirmed, rfc_message_id, failure, void_reason) SELECT id, 'note', 'email', "
    f"%(now)s, %(now)s, %(note)s, '', '', '', '', '', true, false, '', '', '' FROM tickets_ticket WHERE id IN {OWED}",
    "INSERT INTO escalation_notification (recipient_id, kind, ticket_id, created_at, next_try_at, detail, channels, "
    "is_urgent, state) SELECT %(deputy)s, 'away_to_you', id, %(now)s, %(now)s, '', '[\"mail\"]', false, 'pending' "
    f"FROM tickets_ticket WHERE id IN {OWED}",
    f"UPDATE tickets_ticket SET owner_id = %(deputy)s, updated_at = %(now)s WHERE id IN {OWED}",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=1_000)
    tickets = parser.parse_args().tickets
    logging.disable(logging.CRITICAL)
    name = connection.settings_dict["NAME"]
    with TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        connection.creation.create_test_db(verbosity=0, serialize=False)
        try:
            report(tickets)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)


def report(tickets: int) -> None:
    crowd, deputy = Crowd(), make.staff("deputy")
    crowd.ann.staff_profile.deputy = deputy
    crowd.ann.staff_profile.save()
    crowd.promises(tickets)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    absence = make.AbsenceFactory(user=crowd.ann, starts_at=make.NOW, ends_at=make.NOW + DAY)
    raw = raw_move(absence, deputy)
    spent, done = timed(lambda: move_from_absent(now=make.NOW, seconds=3_600))
    assert (done.moved, Notification.objects.count()) == (tickets, tickets), done
    crowd.promises(COUNTED)
    with CaptureQueriesContext(connection) as captured:
        move_from_absent(now=make.NOW)
    queries = sum(not query["sql"].startswith(CONTROL) for query in captured.captured_queries)
    back, offered = timed(lambda: offer_back(now=make.NOW + DAY))
    assert offered == tickets + COUNTED == AbsenceMove.objects.offered().count(), offered
    print(f"{tickets:,} tickets of somebody who goes away on {connection.vendor}")
    print(
        f"  moved and told   {spent:7.2f} s  {tickets / spent:>9,.0f} a second  {queries / COUNTED:.1f} queries each"
    )
    print(f"  the rows raw     {raw:7.2f} s  {tickets / raw:>9,.0f} a second")
    print(f"  offered back     {back:7.2f} s  {offered / back:>9,.0f} a second")


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = call()
    return time.perf_counter() - begin, result


def raw_move(absence: Absence, deputy: User) -> float:
    """The same rows by one statement of each kind, and everything taken back."""
    values = {
        "absence": absence.pk,
        "away": absence.user_id,
        "deputy": deputy.pk,
        "now": make.NOW,
        "note": "Away. " * 60,
    }
    begin = time.perf_counter()
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in RAW:
            cursor.execute(statement, values)
        transaction.set_rollback(True)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
