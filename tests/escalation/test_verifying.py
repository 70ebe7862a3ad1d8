"""Proving the ledger: every promise replays, and what somebody changed by SQL is named."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from escalation.models import Clock, Heartbeat
from escalation.services.verifying import verify
from supportdesk.findings import Check
from supportdesk.health import health
from tests.factories import AdminFactory, ClockFactory, StaffProfileFactory
from tests.talk import answered, asked, minute, opened
from tickets.choices import Priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def told():
    """A ticket with a kept and a running promise, both written by the services."""
    StaffProfileFactory(user=AdminFactory())
    ticket = opened(priority=Priority.P2)
    answered(ticket, 20)
    asked(ticket, 40)
    return ticket


def tamper(clock: Clock, column: str, value: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE escalation_clock SET {column} = %s WHERE id = %s", [value, clock.pk])


def run(**options: object) -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out, **options)
    return out.getvalue()


def test_what_the_services_wrote_is_proven(told):
    opened(priority=Priority.P2)
    assert (verify().clocks, verify().mismatches) == (3, ())
    assert verify(ticket=told.pk).clocks == 2
    assert "All 3 promises" in run()


@pytest.mark.parametrize("column", ["due_at", "stopped_at"])
def test_a_row_changed_by_sql_is_named_with_its_ticket_and_field(told, column):
    kept = Clock.objects.get(ticket=told, kind="first_response")
    tamper(kept, column, minute(25))
    (mismatch,) = verify().mismatches
    assert (mismatch.clock, mismatch.ticket) == (kept.pk, told.pk)
    assert column in str(mismatch)
    assert told.number in str(mismatch)


def test_a_promise_without_a_ledger_is_named(told):
    bare = ClockFactory()
    assert [mismatch.clock for mismatch in verify().mismatches] == [bare.pk]
    assert verify(ticket=told.pk).mismatches == ()


def test_the_command_ends_with_a_sentence_when_something_is_wrong(told):
    tamper(told.clocks.first(), "state", "cancelled")
    with pytest.raises(CommandError, match="1 of 2 promises"):
        run(ticket=told.pk)


def test_a_ticket_that_is_not_there_is_said_so():
    with pytest.raises(CommandError, match="SD#4711"):
        run(ticket=4711)


def test_health_shows_what_the_last_proof_found(told):
    run()
    assert Check.LEDGER not in {finding.check for finding in health(now=minute(60)).problems}
    tamper(told.clocks.first(), "state", "cancelled")
    with pytest.raises(CommandError):
        run()
    assert Heartbeat.objects.get(name="ledger").detail.startswith("1 of 2")
    assert Check.LEDGER in {finding.check for finding in health(now=minute(60)).problems}


def test_the_number_of_queries_does_not_grow_with_the_promises(told, django_assert_num_queries):
    for number in range(5):
        asked(opened(number), number + 1)
    with django_assert_num_queries(2):
        verify()
