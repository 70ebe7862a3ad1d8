"""The mark in the ledger on a priority that is lowered when most of its window is gone."""

from datetime import timedelta

import pytest

from escalation.chains.step_times import is_last_fifth
from escalation.choices import ClockChange
from escalation.models import Clock, ClockEvent
from tests.factories import NOW, AdminFactory, ClockFactory, StaffProfileFactory, office_calendar
from tests.talk import minute, opened
from tickets.choices import Priority
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


def marked(at: float, *, to: Priority) -> bool:
    """Whether the change of a P1 of four hours at a minute is marked."""
    ticket = opened(priority=Priority.P1)
    change_priority(ticket=ticket, priority=to, actor=ticket.owner, at=minute(at), reason="as agreed")
    line = ClockEvent.objects.get(clock__ticket=ticket, change=ClockChange.RETARGETED)
    return line.data.get("late", False)


@pytest.mark.parametrize(
    ("at", "to", "late"),
    [
        (191, Priority.P2, False),
        (192, Priority.P2, True),
        (239, Priority.P3, True),
        (239, Priority.P0, False),
    ],
)
def test_lowering_in_the_last_fifth_of_the_window_is_marked(at, to, late):
    StaffProfileFactory(user=AdminFactory())
    assert marked(at, to=to) is late


def paused_at_half() -> Clock:
    return ClockFactory.build(
        minutes=480,
        calendar=office_calendar("UTC"),
        started_at=NOW.replace(hour=9),
        due_at=NOW.replace(hour=17),
        paused_at=NOW.replace(hour=13),
    )


def test_a_paused_promise_is_judged_by_the_time_it_has_left():
    clock = paused_at_half()
    assert not is_last_fifth(clock, NOW + timedelta(days=3))
    clock.paused_at = None
    assert is_last_fifth(clock, NOW + timedelta(days=3))
