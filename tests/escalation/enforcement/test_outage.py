"""Nobody enforced anything for three hours: `manage.py sweep` makes one jump, and the record keeps the true times."""

from collections import Counter
from datetime import timedelta

import pytest
from django.core.management import call_command

from escalation.choices import ClockChange, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.lag import catch_ups
from escalation.models import ClockEvent, Escalation, Notification
from tests.factories import NOW, ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import clock_of, minute, opened
from tickets.choices import MessageKind, Priority
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

STOPPED, BACK = 100, 280  # minutes: three hours


@pytest.fixture
def tickets(frozen) -> dict[int, Ticket]:
    """A P1 whose 50, 80 and 100% fall into the outage, and a P0 whose whole chain does; swept until it began."""
    set_desk(duty_manager=staff("duty"))
    ann = staff("ann", reports_to=staff("boss", reports_to=staff("top")))
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    ticket_by_priority = {
        Priority.P1: opened(0, priority=Priority.P1, contact=contact),
        Priority.P0: opened(95, priority=Priority.P0, contact=contact),
    }
    Notification.objects.all().delete()  # of their opening
    for at in range(0, STOPPED + 1, 10):
        swept(frozen, at)
    assert not fired()
    return ticket_by_priority


def swept(frozen, at: float) -> None:
    frozen.move_to(minute(at))
    call_command("sweep")


def fired() -> list[Escalation]:
    """In their order, the page at the opening of a P0 left out."""
    return list(Escalation.objects.exclude(step__percent=0).order_by("pk"))


def test_after_a_three_hour_outage_each_ticket_moves_once_and_the_most_urgent_first(frozen, tickets):
    swept(frozen, BACK)
    swept(frozen, BACK)
    jumps = [
        (
            escalation.clock.ticket_id,
            escalation.step.percent,
            escalation.to_owner.username,
            escalation.fired_at,
        )
        for escalation in fired()
    ]
    assert jumps == [
        (tickets[Priority.P0].pk, 200, "duty", minute(BACK)),
        (tickets[Priority.P1].pk, 100, "boss", minute(BACK)),
    ]
    notified = Counter(Notification.objects.values_list("recipient__username", "ticket"))
    assert set(notified.values()) == {1}
    assert {ticket: name for name, ticket in notified if name in ("boss", "duty")} == {
        tickets[Priority.P1].pk: "boss",
        tickets[Priority.P0].pk: "duty",
    }


def test_the_record_keeps_the_times_of_breach_and_of_detection(frozen, tickets):
    swept(frozen, BACK)
    due = {Priority.P1: minute(240), Priority.P0: minute(125)}
    for priority, ticket in tickets.items():
        clock = clock_of(ticket)
        assert clock.state == ClockState.BREACHED
        assert (clock.breached_at, clock.detected_at) == (due[priority], minute(BACK))
        line = ClockEvent.objects.get(clock=clock, change=ClockChange.BREACHED)
        assert (line.at, line.recorded_at) == (due[priority], minute(BACK))
        assert ticket.messages.filter(kind=MessageKind.NOTE).count() == 1
    assert verify().mismatches == ()
    [outage] = catch_ups(now=NOW + timedelta(minutes=BACK))
    assert (len(outage.escalations), outage.worst) == (2, timedelta(minutes=BACK - 155))


def test_after_the_outage_the_chain_goes_on_at_its_own_times(frozen, tickets):
    for at in range(BACK, 361, 5):
        swept(frozen, at)
    of_p1 = [escalation for escalation in fired() if escalation.clock.ticket_id == tickets[Priority.P1].pk]
    assert [(escalation.step.percent, escalation.fired_at) for escalation in of_p1] == [
        (100, minute(BACK)),
        (150, minute(360)),
    ]
