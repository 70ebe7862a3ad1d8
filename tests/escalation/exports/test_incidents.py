"""What else is counted in a week: escalations received, answers undone, late downgrades."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.calendars import CalendarBook
from escalation.choices import ClockChange, ClockState
from escalation.definitions import CalendarDefinition, OwnDay
from escalation.exports.incidents import IncidentKind, incidents_of
from escalation.exports.period import Period
from escalation.exports.promises import CustomerSide
from escalation.services.calendars import revise_calendar
from escalation.weeks import Week
from tests.factories import (
    CalendarFactory,
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    EscalationFactory,
    TicketFactory,
    TimelineEntryFactory,
    UserFactory,
    staff,
)
from tickets.choices import Fact, Priority

pytestmark = pytest.mark.django_db
PERIOD = Period.of(Week(2026, 47), zone=ZoneInfo("Asia/Shanghai"))
MINUTE = timedelta(minutes=1)


def incidents():
    return list(incidents_of(PERIOD, book=CalendarBook()))


def lowered(clock, *, minute, before=Priority.P0, after=Priority.P2, actor=None):
    return TimelineEntryFactory(
        ticket=clock.ticket,
        at=clock.started_at + minute * MINUTE,
        fact=Fact.PRIORITY,
        actor=actor,
        data={"before": before.value, "after": after.value},
    )


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
    assert incident.customer == CustomerSide(customer.pk, "star", "Star", mei.pk)


@pytest.mark.parametrize(
    ("change", "by_hand", "kind"),
    [
        (ClockChange.REVOKED, False, IncidentKind.REVOKED),
        (ClockChange.REVOKED, True, IncidentKind.VOIDED),
        (ClockChange.WAIVED, True, IncidentKind.WAIVED),
    ],
)
def test_an_answer_or_promise_undone_counts_for_the_holder(change, by_hand, kind):
    clock = ClockFactory()
    actor = UserFactory() if by_hand else None
    ClockEventFactory(clock=clock, change=change, actor=actor, at=PERIOD.start)
    ClockEventFactory(clock=clock, change=change, actor=actor, at=PERIOD.end)
    assert [(each.kind, each.person_id) for each in incidents()] == [(kind, clock.ticket.owner_id)]


@pytest.mark.parametrize("by_hand", [True, False])
def test_what_is_cancelled_is_no_waiver(by_hand):
    actor = UserFactory() if by_hand else None
    ClockEventFactory(change=ClockChange.CANCELLED, actor=actor, at=PERIOD.start)
    ClockEventFactory(change=ClockChange.MET, actor=UserFactory(), at=PERIOD.start)
    assert incidents() == []


@pytest.mark.parametrize(("minute", "late"), [(23, 0), (24, 1), (29, 1), (30, 0)])
def test_lowering_in_the_last_fifth_of_a_window_is_late(minute, late):
    actor = UserFactory()
    lowered(running_p0(), minute=minute, actor=actor)
    assert [(each.kind, each.person_id) for each in incidents()] == [
        (IncidentKind.LATE_DOWNGRADE, actor.pk)
    ] * late


def test_the_window_of_a_raised_promise_begins_when_it_was_raised():
    clock = running_p0(raised_at=PERIOD.start + 20 * MINUTE)
    lowered(clock, minute=27)
    assert incidents() == []
    lowered(clock, minute=28)
    assert len(incidents()) == 1


def test_a_calendar_closed_afterwards_makes_no_lowering_late():
    calendar = CalendarFactory()
    clock = running_p0(calendar=calendar)
    days = {PERIOD.start.date(), (PERIOD.start + 30 * MINUTE).date()}
    closed = CalendarDefinition("UTC", always_open=True, own_days=tuple(map(OwnDay, days)))
    revise_calendar(calendar=calendar, definition=closed, actor=None, at=PERIOD.start)
    lowered(clock, minute=20)
    assert incidents() == []


def test_raising_is_never_late():
    lowered(running_p0(), minute=29, before=Priority.P2, after=Priority.P0)
    assert incidents() == []


def test_lowering_after_the_answer_is_not_late():
    lowered(running_p0(state=ClockState.MET, stopped_at=PERIOD.start + 20 * MINUTE), minute=29)
    assert incidents() == []


def test_one_change_counts_once_although_two_promises_were_open():
    clock = running_p0()
    ClockFactory(ticket=clock.ticket, kind="next_response", started_at=PERIOD.start, minutes=30)
    lowered(clock, minute=29)
    assert len(incidents()) == 1
