"""What else is counted in a week: escalations received, answers undone, late downgrades."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.choices import ClockChange
from escalation.enforcement.sweep import sweep
from escalation.exports.scorecard import IncidentKind, ScoredCustomer, incidents_of
from escalation.lib.weeks import Period, Week
from tests.factories import (
    ClockEventFactory,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    EscalationFactory,
    TicketFactory,
    UserFactory,
    staff,
)
from tests.talk import minute, opened
from tickets.choices import Priority
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db
PERIOD = Period.of(Week(2026, 47), zone=ZoneInfo("Asia/Shanghai"))
MINUTE = timedelta(minutes=1)


def incidents():
    return list(incidents_of(PERIOD))


def lowered(clock, *, at=PERIOD.start, actor=None, **data):
    """The ledger's line of a change to P2."""
    return ClockEventFactory(
        clock=clock, change=ClockChange.RETARGETED, at=at, recorded_at=at, actor=actor,
        data={"priority": 2, "minutes": 30} | data,
    )  # fmt: skip


def running_p0(**fields):
    return ClockFactory(started_at=PERIOD.start, minutes=30, ticket=TicketFactory(priority=0), **fields)


def test_an_escalation_counts_for_whoever_received_the_ticket():
    mei, bob = staff("mei"), UserFactory()
    customer = CustomerFactory(code="star", name="Star", account_manager=mei)
    clock = ClockFactory(ticket=TicketFactory(customer=customer, priority=Priority.P1))
    EscalationFactory(clock=clock, fired_at=PERIOD.start, to_owner=bob)
    EscalationFactory(clock=clock, fired_at=PERIOD.start)  # only told somebody
    EscalationFactory(clock=clock, fired_at=PERIOD.end, to_owner=bob)
    (incident,) = incidents()
    assert (incident.kind, incident.priority, incident.person_id) == (IncidentKind.ESCALATION, 1, bob.pk)
    assert incident.customer == ScoredCustomer(customer.pk, "star", "Star", mei.pk)


@pytest.mark.parametrize(
    ("change", "by_hand", "kind"),
    [
        (ClockChange.REVOKED, False, IncidentKind.REVOKED),
        (ClockChange.REVOKED, True, IncidentKind.VOIDED),
        (ClockChange.WAIVED, True, IncidentKind.WAIVED),
    ],
)
def test_an_answer_revoked_or_voided_or_a_promise_waived_counts_for_the_holder(change, by_hand, kind):
    clock = ClockFactory()
    actor = UserFactory() if by_hand else None
    ClockEventFactory(clock=clock, change=change, actor=actor, at=PERIOD.start)
    ClockEventFactory(clock=clock, change=change, actor=actor, at=PERIOD.end)
    assert [(each.kind, each.person_id) for each in incidents()] == [(kind, clock.ticket.owner_id)]


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_cancelled_promise_does_not_count_as_waived(by_hand):
    actor = UserFactory() if by_hand else None
    ClockEventFactory(change=ClockChange.CANCELLED, actor=actor, at=PERIOD.start)
    ClockEventFactory(change=ClockChange.MET, actor=UserFactory(), at=PERIOD.start)
    assert incidents() == []


def test_a_lowering_that_the_ledger_marks_late_counts_for_whoever_did_it():
    boss = staff()
    lowered(running_p0(), actor=boss, late=True)
    (incident,) = incidents()
    assert (incident.kind, incident.person_id) == (IncidentKind.LATE_DOWNGRADE, boss.pk)


def test_a_late_lowering_counts_under_the_priority_before_it():
    clock = running_p0()
    lowered(clock, priority=1)
    lowered(clock, late=True)
    assert [incident.priority for incident in incidents()] == [Priority.P1]


def test_a_lowering_without_the_mark_does_not_count_as_late():
    lowered(running_p0())
    assert incidents() == []


def test_a_late_lowering_of_another_week_does_not_count():
    lowered(running_p0(), at=PERIOD.end, late=True)
    assert incidents() == []


def test_one_change_counts_once_although_two_promises_were_open():
    clock = running_p0()
    for each in (clock, ClockFactory(ticket=clock.ticket, kind="resolution")):
        lowered(each, late=True)
    lowered(clock, at=PERIOD.start + MINUTE, late=True)
    assert len(incidents()) == 2


@pytest.mark.parametrize(("at", "late"), [(23, 0), (24, 1), (29, 1), (30, 0)])
def test_a_lowering_counts_as_late_in_the_last_fifth_of_the_window_before_the_due_time(at, late):
    ticket = opened(contact=ContactFactory(customer=CustomerFactory(account_manager=staff())))
    change_priority(ticket=ticket, priority=Priority.P2, actor=staff(), at=minute(at), reason="not that bad")
    sweep(now=minute(31))
    assert [each.priority for each in incidents()] == [Priority.P0] * late
