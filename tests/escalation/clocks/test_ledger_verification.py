"""Proving the ledger: every promise replays, and what somebody changed by SQL is named."""

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from escalation.choices import ClockChange
from escalation.clocks.ledger import NOTHING, ChangeContext, append_event
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.waivers import waive_promise
from escalation.models import Clock, Heartbeat
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import health
from tests.factories import (
    AdminFactory,
    ClockFactory,
    ContactFactory,
    ContractWindowFactory,
    PolicyVersionFactory,
    StaffProfileFactory,
    TicketFactory,
    office_calendar,
    staff,
)
from tests.talk import answered, asked, minute, opened
from tickets.choices import Priority, Status
from tickets.models import Ticket
from tickets.services.merging import merge
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept_ticket():
    """A ticket with a kept and a running promise, both written by the services."""
    StaffProfileFactory(user=AdminFactory())
    ticket = opened(priority=Priority.P2)
    answered(ticket, 20)
    asked(ticket, 40)
    return ticket


@pytest.fixture
def raised():
    """A promise under a contract with a window of its own, raised from P2 to P1 after ten minutes."""
    StaffProfileFactory(user=AdminFactory())
    own_window = ContractWindowFactory(
        priority=Priority.P1, contract__customer=(contact := ContactFactory()).customer
    )
    ticket = opened(priority=Priority.P2, contact=contact)
    change_priority(ticket=ticket, priority=Priority.P1, actor=staff(), at=minute(10), reason="All rooms.")
    clock = Clock.objects.get(ticket=ticket, kind="first_response")
    assert (clock.contract_window, clock.raised_at) == (own_window, minute(10))
    return clock


def tamper(clock: Clock, column: str, value: object) -> None:
    if isinstance(value, datetime):
        value = connection.ops.adapt_datetimefield_value(value)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE escalation_clock SET {column} = %s WHERE id = %s", [value, clock.pk])


def run(**options: object) -> str:
    out = StringIO()
    call_command("verify_ledger", stdout=out, **options)
    return out.getvalue()


def test_clocks_written_by_the_services_match_their_ledger(kept_ticket):
    opened(priority=Priority.P2)
    assert (verify().clocks, verify().mismatches) == (3, ())
    assert verify(ticket=kept_ticket.pk).clocks == 2
    assert "All 3 SLAs" in run()


@pytest.mark.parametrize("column", ["due_at", "stopped_at"])
def test_a_row_changed_by_sql_is_named_with_its_ticket_and_field(kept_ticket, column):
    untouched = Clock.objects.get(ticket=kept_ticket, kind="first_response")
    tamper(untouched, column, minute(25))
    (mismatch,) = verify().mismatches
    assert (mismatch.clock, mismatch.ticket) == (untouched.pk, kept_ticket.pk)
    assert column in str(mismatch)
    assert kept_ticket.number in str(mismatch)


def test_every_term_of_a_promise_is_proven(raised):
    """What it was promised by: window, policy version, calendar version, contract, and since when it is raised."""
    assert verify().mismatches == ()
    other = ContractWindowFactory(calendar=office_calendar("UTC"))
    version = PolicyVersionFactory()
    wrong = {
        "minutes": 999, "kind": "update", "ticket_id": TicketFactory().pk, "started_by_id": answered(opened(2), 3).pk,
        "policy_version_id": version.pk, "calendar_id": other.calendar.pk, "calendar_version": 99,
        "contract_id": other.contract.pk, "contract_window_id": other.pk, "raised_at": minute(11),
        "paused_before_raise": 60, "waived_by_id": AdminFactory().pk, "waive_reason": "They agreed.",
    }  # fmt: skip
    for column, value in wrong.items():
        right = Clock.objects.filter(pk=raised.pk).values_list(column, flat=True).get()
        tamper(raised, column, value)
        (mismatch,) = verify().mismatches
        assert mismatch.clock == raised.pk
        assert str(mismatch).endswith(f": {column.removesuffix('_id')}.")
        tamper(raised, column, right)
    assert verify().mismatches == ()


def test_terms_that_an_old_ledger_line_does_not_name_are_not_verified(raised):
    """No false alarm: an old ledger speaks of less, and what it does say is still compared."""
    old = ClockFactory(minutes=480, policy_version=raised.policy_version, calendar=raised.calendar)
    context = ChangeContext(old.started_at, None)
    terms = {"priority": old.priority, "minutes": 480}
    append_event(old, ClockChange.STARTED, context, before=NOTHING, message=old.started_by, **terms)
    assert verify().mismatches == ()
    tamper(old, "calendar_version", 99)
    assert verify().mismatches == ()
    tamper(old, "minutes", 10)
    assert [mismatch.clock for mismatch in verify().mismatches] == [old.pk]


def test_what_leads_and_directors_decide_is_proven(raised):
    waive_promise(clock=raised, actor=staff(groups=["Team lead"]), at=minute(12), reason="Their own outage.")
    assert verify().mismatches == ()
    tamper(raised, "waive_reason", "Nobody noticed.")
    assert "waive_reason" in str(verify().mismatches[0])


def test_a_merged_promise_is_proven_on_its_new_ticket(raised):
    other = opened(1, contact=raised.ticket.contact)
    merge(ticket=raised.ticket, into=other, actor=staff(), at=minute(15), reason="The same matter.")
    assert verify().mismatches == ()


def test_a_promise_without_a_ledger_is_named(kept_ticket):
    bare = ClockFactory()
    assert [mismatch.clock for mismatch in verify().mismatches] == [bare.pk]
    assert verify(ticket=kept_ticket.pk).mismatches == ()


def test_the_command_ends_with_a_sentence_when_something_is_wrong(kept_ticket):
    tamper(kept_ticket.clocks.first(), "state", "cancelled")
    with pytest.raises(CommandError, match="1 of 2 SLAs"):
        run(ticket=kept_ticket.pk)


def test_an_unknown_ticket_number_is_reported():
    with pytest.raises(CommandError, match="SD#4711"):
        run(ticket=4711)


def test_health_shows_what_the_last_proof_found(kept_ticket):
    run()
    assert Check.LEDGER not in {finding.check for finding in health(now=minute(60)).problems}
    tamper(kept_ticket.clocks.first(), "state", "cancelled")
    with pytest.raises(CommandError):
        run()
    assert Heartbeat.objects.get(name="ledger").detail.startswith("1 of 2")
    assert Check.LEDGER in {finding.check for finding in health(now=minute(60)).problems}


def test_the_number_of_queries_does_not_grow_with_the_promises(kept_ticket, django_assert_num_queries):
    for number in range(5):
        asked(opened(number), number + 1)
    with django_assert_num_queries(6):
        verify()


def test_what_a_closed_ticket_still_owes_is_named(kept_ticket):
    Ticket.objects.filter(pk=kept_ticket.pk).update(status=Status.CLOSED)
    running = kept_ticket.clocks.get(stopped_at=None)
    [mismatch] = verify().mismatches
    assert (mismatch.clock, mismatch.ticket) == (running.pk, kept_ticket.pk)
    assert "its ticket has ended" in str(mismatch)
    assert verify(ticket=kept_ticket.pk).mismatches == (mismatch,)
