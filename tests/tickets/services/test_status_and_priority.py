"""Status and priority: what changes with them, what needs a reason, what changes nothing."""

import pytest

from tests.factories import TicketFactory
from tests.talk import minute
from tickets import events
from tickets.choices import Fact, Priority, Status
from tickets.errors import DeskError
from tickets.events import PriorityChanged, StatusChanged
from tickets.services.status_and_priority import change_priority, set_status

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(monkeypatch):
    """Every status and priority event, in place of the real listeners."""
    events_heard = []
    for kind in (StatusChanged, PriorityChanged):
        monkeypatch.setitem(events._handlers, kind, [events_heard.extend])
    return events_heard


@pytest.fixture
def ticket():
    return TicketFactory(unanswered_since=minute(0))


def test_a_status_is_recorded_and_announced(ticket, heard):
    actor = ticket.owner
    set_status(ticket=ticket, status=Status.WAITING, actor=actor, at=minute(1), reason="asked for logs")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.updated_at) == (Status.WAITING, minute(1))
    line = ticket.timeline.get()
    assert (line.fact, line.actor, line.reason) == (Fact.STATUS, actor, "asked for logs")
    assert line.data == {"before": "open", "after": "waiting"}
    assert [(event.before, event.after) for event in heard] == [("open", "waiting")]


def test_the_same_status_again_changes_nothing(ticket, heard):
    set_status(ticket=ticket, status=Status.OPEN, actor=None, at=minute(1))
    assert not ticket.timeline.exists()
    assert heard == []


def test_the_times_of_resolving_and_closing_are_set_and_cleared_with_the_status(ticket, heard):
    set_status(ticket=ticket, status=Status.RESOLVED, actor=None, at=minute(1))
    ticket = set_status(ticket=ticket, status=Status.CLOSED, actor=None, at=minute(9))
    assert (ticket.resolved_at, ticket.closed_at) == (minute(1), minute(9))
    ticket = set_status(ticket=ticket, status=Status.OPEN, actor=None, at=minute(10))
    assert (ticket.resolved_at, ticket.closed_at) == (None, None)


def test_closing_an_open_ticket_sets_the_time_of_resolving_too(ticket, heard):
    closed = set_status(ticket=ticket, status=Status.CLOSED, actor=None, at=minute(1))
    assert closed.resolved_at == minute(1)


@pytest.mark.parametrize(
    ("status", "waits"), [(Status.WAITING, True), (Status.RESOLVED, False), (Status.CLOSED, False)]
)
def test_ending_a_ticket_ends_the_customers_waiting(ticket, heard, status, waits):
    set_status(ticket=ticket, status=status, actor=None, at=minute(1), reason="spam")
    ticket.refresh_from_db()
    assert (ticket.unanswered_since is not None) is waits


def test_a_status_change_that_a_listener_refuses_is_not_saved(ticket, monkeypatch):
    def refuse(event):
        raise DeskError("The customer is still waiting.")

    monkeypatch.setitem(events._handlers, StatusChanged, [refuse])
    with pytest.raises(DeskError):
        set_status(ticket=ticket, status=Status.CLOSED, actor=None, at=minute(1))
    ticket.refresh_from_db()
    assert ticket.status == Status.OPEN
    assert not ticket.timeline.exists()


def test_a_priority_changes_for_a_reason(ticket, heard):
    change_priority(ticket=ticket, priority=Priority.P0, actor=ticket.owner, at=minute(1), reason="all users")
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P0
    line = ticket.timeline.get()
    assert (line.fact, line.data, line.reason) == (Fact.PRIORITY, {"before": 2, "after": 0}, "all users")
    assert [(event.before, event.after) for event in heard] == [(2, 0)]


def test_a_priority_without_a_reason_is_refused(ticket, heard):
    with pytest.raises(DeskError, match="reason"):
        change_priority(ticket=ticket, priority=Priority.P0, actor=ticket.owner, at=minute(1), reason=" ")
    ticket.refresh_from_db()
    assert ticket.priority == Priority.P2


def test_the_same_priority_needs_no_reason_and_changes_nothing(ticket, heard):
    change_priority(ticket=ticket, priority=Priority.P2, actor=ticket.owner, at=minute(1), reason="")
    assert heard == []
    assert not ticket.timeline.exists()
