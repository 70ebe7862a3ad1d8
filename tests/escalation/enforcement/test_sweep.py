"""The sweep: everything due, once, P0 and oldest first, whatever else happens."""

from collections import Counter
from datetime import timedelta
from itertools import count

import psycopg
import pytest
from django.db import DataError, OperationalError, transaction
from django.db.models import QuerySet

from escalation.choices import ClockState
from escalation.enforcement import firing
from escalation.enforcement import sweep as sweeping
from escalation.enforcement.sweep import SweepReport, revisit_unplanned, sweep
from escalation.management.commands import sweep as command
from escalation.models import Clock, Escalation, Heartbeat, Notification
from escalation.tasks import SWEEP, run_sweep
from tests.factories import (
    NOW,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    HeartbeatFactory,
    set_desk,
    staff,
)
from tests.talk import answered, clock_of, minute, opened
from tickets.choices import Priority
from tickets.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    set_desk(duty_manager=staff("duty"))
    return ContactFactory(customer=CustomerFactory(account_manager=staff("ann", reports_to=staff("boss"))))


@pytest.fixture
def ticket(contact) -> Ticket:
    return opened(contact=contact)


def fired() -> QuerySet[Escalation]:
    """What fired after the tickets were opened and paged."""
    return Escalation.objects.exclude(step__percent=0).order_by("pk")


def test_a_sweep_with_nothing_due_does_nothing(ticket):
    assert sweep(now=minute(14)) == SweepReport()


def test_a_second_sweep_does_not_fire_a_step_again(ticket):
    assert sweep(now=minute(30)).acted == 1
    notified_before = Notification.objects.count()
    assert sweep(now=minute(30)) == SweepReport()
    assert fired().count() == 1
    assert Notification.objects.count() == notified_before


def test_a_ticket_answered_before_it_is_locked_fires_no_step(ticket, monkeypatch):
    """An answer that commits between finding the ticket and locking it settles the matter."""
    lock = sweeping.lock_tickets_unless_busy

    def answered_meanwhile(pks):
        answered(ticket, 30)
        return lock(pks)

    monkeypatch.setattr(sweeping, "lock_tickets_unless_busy", answered_meanwhile)
    assert sweep(now=minute(30)) == SweepReport(settled=1)
    assert clock_of(ticket).state == ClockState.MET
    assert not fired().exists()


def test_a_locked_ticket_is_left_for_the_next_sweep(ticket, monkeypatch):
    with monkeypatch.context() as held:
        held.setattr(sweeping, "lock_tickets_unless_busy", lambda pks: {})
        assert sweep(now=minute(30)) == SweepReport(busy=1)
    assert sweep(now=minute(31)) == SweepReport(acted=1)


@pytest.mark.parametrize("error", [ValueError("odd"), DataError("too long")])
def test_a_ticket_that_fails_spoils_no_other(contact, ticket, monkeypatch, caplog, error):
    act_on_all = firing.act_on_all
    healthy = opened(1, contact=contact)

    def fail_on_one(clocks, people, *, now):
        report = act_on_all(clocks, people, now=now)
        if any(clock.ticket == ticket for clock in clocks):
            raise error
        return report

    monkeypatch.setattr(sweeping, "act_on_all", fail_on_one)
    assert sweep(now=minute(31)) == SweepReport(acted=1, failed=1)
    assert clock_of(ticket).state == ClockState.RUNNING
    assert clock_of(healthy).state == ClockState.BREACHED
    assert f"failed on ticket {ticket.pk}" in caplog.text


def test_a_failing_ticket_costs_its_batch_only_a_few_extra_tries(contact, monkeypatch):
    tickets = [opened(contact=contact) for _each in range(16)]
    act, tried = sweeping.act_on_all, []

    def fail_on_one(clocks, people, *, now):
        tried.append(len(clocks))
        if any(clock.ticket_id == tickets[5].pk for clock in clocks):
            raise ValueError
        return act(clocks, people, now=now)

    monkeypatch.setattr(sweeping, "act_on_all", fail_on_one)
    assert sweep(now=minute(31)) == SweepReport(acted=15, failed=1)
    assert tried == [16, 8, 4, 4, 2, 1, 1, 2, 8]


def test_tickets_that_keep_failing_are_swept_last(contact, monkeypatch):
    """A sweep that has time for some of those that fail comes to the others all the same, one round later."""
    broken = {opened(contact=contact).pk for _each in range(3)}
    healthy = opened(-10, contact=contact, priority=Priority.P1)
    act, clock, failed = sweeping.act_on_all, [0], Counter()

    def fails(clocks, people, *, now):
        clock[0] += 1
        if any(clock.ticket_id in broken for clock in clocks):
            raise ValueError
        return act(clocks, people, now=now)

    monkeypatch.setattr(sweeping, "act_on_all", fails)
    monkeypatch.setattr(sweeping, "BATCH", 1)
    monkeypatch.setattr(sweeping.time, "monotonic", lambda: clock[0])
    for _round in range(2):
        sweep(now=minute(300), seconds=2, failed=failed)
    assert clock_of(healthy).state == ClockState.BREACHED
    assert len(failed) == 3


def test_a_database_in_trouble_ends_the_sweep(ticket, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(sweeping, "act_on_all", gone)
    with pytest.raises(OperationalError):
        sweep(now=minute(30))


def locked_row() -> OperationalError:
    """What a wait for another row than the ticket's ends with."""
    error = OperationalError("canceling statement due to lock timeout")
    error.__cause__ = psycopg.errors.LockNotAvailable()
    return error


@pytest.fixture
def needs_a_locked_row(ticket, monkeypatch):
    """The first ticket does, whatever else is in its batch."""
    act = sweeping.act_on_all

    def wait(clocks, people, *, now):
        if any(clock.ticket_id == ticket.pk for clock in clocks):
            raise locked_row()
        return act(clocks, people, now=now)

    monkeypatch.setattr(sweeping, "act_on_all", wait)


def test_a_ticket_that_needs_a_locked_row_holds_up_no_other(contact, ticket, needs_a_locked_row):
    others = [opened(1, contact=contact) for _each in range(5)]
    failed = Counter()
    for _round in range(2):
        sweep(now=minute(40), failed=failed)
    assert {clock_of(other).state for other in others} == {ClockState.BREACHED}
    assert failed == {clock_of(ticket).pk: 2}


def test_a_batch_that_has_no_time_to_find_the_locked_one_comes_last(
    contact, ticket, needs_a_locked_row, monkeypatch
):
    """Being put off is no try, so that the others of its part are not given up with it."""
    monkeypatch.setattr(sweeping, "BATCH", 2)
    beside, behind = opened(1, contact=contact), opened(2, contact=contact)
    ticks = count()
    failed = Counter()
    with monkeypatch.context() as slow:
        slow.setattr(sweeping.time, "monotonic", lambda: next(ticks))
        assert sweep(now=minute(40), seconds=2, failed=failed) == SweepReport(busy=2, left=3)
    assert failed == {clock_of(ticket).pk: 1, clock_of(beside).pk: 1}
    with monkeypatch.context() as slow:
        slow.setattr(sweeping.time, "monotonic", lambda: next(ticks))
        assert sweep(now=minute(40), seconds=2, failed=failed) == SweepReport(acted=1, left=2)
    assert clock_of(behind).state == ClockState.BREACHED
    assert sweep(now=minute(40), failed=failed) == SweepReport(acted=1, failed=1)
    assert clock_of(beside).state == ClockState.BREACHED


def test_a_sweep_handles_p0_first_and_then_the_oldest(contact):
    late = opened(-1440, contact=contact, priority=Priority.P3)
    young, old = opened(5, contact=contact), opened(0, contact=contact)
    sweep(now=minute(40))
    order = fired().values_list("clock__ticket", flat=True)
    assert list(order) == [old.pk, young.pk, late.pk]


def test_a_flood_is_found_page_by_page_and_nothing_twice(contact, monkeypatch):
    monkeypatch.setattr(sweeping, "PAGE", 2)
    urgent = opened(-10, contact=contact, priority=Priority.P1)
    at_once = [opened(0, contact=contact) for _each in range(4)]
    broken = at_once[1]
    act = sweeping.act_on_all

    def fails(clocks, people, *, now):
        if any(clock.ticket_id == broken.pk for clock in clocks):
            raise ValueError
        return act(clocks, people, now=now)

    monkeypatch.setattr(sweeping, "act_on_all", fails)
    assert sweep(now=minute(300)) == SweepReport(acted=4, failed=1)
    order = list(fired().values_list("clock__ticket", flat=True))
    assert order == [ticket.pk for ticket in (at_once[0], *at_once[2:], urgent)]


def test_a_sweep_out_of_time_leaves_the_rest_to_the_next(contact, ticket):
    opened(1, contact=contact)
    assert sweep(now=minute(40), seconds=0) == SweepReport(left=2)
    assert sweep(now=minute(40)) == SweepReport(acted=2)


@pytest.mark.parametrize("customers", [1, 30])
def test_nothing_due_costs_one_query_and_its_heartbeat_another_whatever_the_number_of_customers(
    customers, frozen, django_assert_num_queries
):
    for _each in range(customers):
        ClockFactory(next_step_at=NOW + timedelta(minutes=1))
    ClockFactory(stopped_at=NOW, state=ClockState.MET)
    HeartbeatFactory(at=NOW - timedelta(minutes=1))
    with django_assert_num_queries(1):
        sweep(now=NOW)
    with django_assert_num_queries(2):
        run_sweep()


def test_the_people_are_looked_up_once_for_all_tickets(contact, count_queries):
    def costs(number: int) -> int:
        for at in range(number):
            opened(at, contact=contact)
        return count_queries(lambda: sweep(now=minute(30 + number)))

    first = costs(1)
    Clock.objects.update(stopped_at=minute(99))
    assert costs(3) == first == 30


def test_an_escalation_that_tells_two_people_costs_few_queries(contact, count_queries):
    opened(contact=contact, priority=Priority.P2)
    sweep(now=minute(470))
    opened(1, contact=contact, priority=Priority.P2)
    sweep(now=minute(471))
    alone = count_queries(lambda: sweep(now=minute(480)))
    opened(2, contact=contact, priority=Priority.P2)
    opened(3, contact=contact, priority=Priority.P2)
    sweep(now=minute(473))
    three = count_queries(lambda: sweep(now=minute(483)))
    assert three == alone == 30


def test_a_sweep_leaves_its_heartbeat_and_says_what_it_did(frozen, ticket):
    frozen.move_to(minute(30))
    assert run_sweep() == "acted=1 busy=0 settled=0 failed=0 left=0"
    beat = Heartbeat.objects.get(name=SWEEP)
    assert (beat.at, beat.detail) == (minute(30), "acted=1 busy=0 settled=0 failed=0 left=0")


def test_a_promise_without_a_next_step_is_looked_at_again(ticket):
    """As a chain revised in the very moment may leave it."""
    Clock.objects.update(next_step_at=None)
    assert sweep(now=minute(30)) == SweepReport()
    revisit_unplanned(now=minute(31))
    assert sweep(now=minute(31)).acted == 1
    assert clock_of(ticket).state == ClockState.BREACHED


@pytest.mark.parametrize("moment", [5, 15])
def test_looking_again_fires_no_step_early(ticket, moment):
    sweep(now=minute(moment))
    before = list(fired())
    Clock.objects.update(next_step_at=None)
    revisit_unplanned(now=minute(moment))
    sweep(now=minute(moment))
    assert list(fired()) == before
    assert clock_of(ticket).next_step_at == minute(15 if moment == 5 else 24)


def test_the_sweep_command_enforces_what_is_due(frozen, ticket, capsys):
    frozen.move_to(minute(30))
    command.Command().execute(no_color=True, force_color=False, skip_checks=True)
    assert "acted=1" in capsys.readouterr().out
    assert clock_of(ticket).state == ClockState.BREACHED


def test_a_failure_at_the_commit_counts_each_try(ticket, monkeypatch):
    """The end of the transaction is what checks references."""
    together = sweeping.Sweep._act_on_batch

    def lost(self, batch):
        together(self, batch)
        raise DataError

    monkeypatch.setattr(sweeping.Sweep, "_act_on_batch", transaction.atomic(lost))
    failed = Counter()
    for second in range(3):
        sweep(now=minute(40 + second), failed=failed)
    assert failed == {clock_of(ticket).pk: sweeping.TRIES}
