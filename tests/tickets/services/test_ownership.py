"""Giving a ticket to somebody else."""

import pytest

from tests.factories import TicketFactory, UserFactory
from tests.talk import minute
from tickets import events
from tickets.choices import Fact, OwnerRule
from tickets.errors import DeskError
from tickets.events import TicketAssigned
from tickets.services.ownership import assign

pytestmark = pytest.mark.django_db


def test_a_change_of_owner_is_saved_and_listed_on_the_timeline(monkeypatch):
    heard = []
    monkeypatch.setitem(events._handlers, TicketAssigned, [heard.extend])
    ticket, new = TicketFactory(), UserFactory()
    old = ticket.owner
    assign(ticket=ticket, to=new, actor=old, at=minute(1), rule=OwnerRule.ESCALATION, reason="late")
    ticket.refresh_from_db()
    assert (ticket.owner, ticket.updated_at) == (new, minute(1))
    line = ticket.timeline.get()
    assert (line.fact, line.actor, line.reason) == (Fact.OWNER, old, "late")
    assert line.data == {"before": old.pk, "after": new.pk, "rule": "escalation"}
    assert [(event.before, event.after, event.rule) for event in heard] == [(old, new, "escalation")]


def test_assigning_the_present_owner_changes_nothing():
    ticket = TicketFactory()
    assign(ticket=ticket, to=ticket.owner, actor=None, at=minute(1))
    assert not ticket.timeline.exists()


@pytest.mark.parametrize("lacking", [{"is_active": False}, {"is_staff": False}, {"groups": []}])
def test_nobody_gets_a_ticket_who_cannot_open_it(lacking):
    ticket, gone = TicketFactory(), UserFactory(username="gone", first_name="gone", **lacking)
    with pytest.raises(DeskError, match="gone"):
        assign(ticket=ticket, to=gone, actor=None, at=minute(1))
    ticket.refresh_from_db()
    assert ticket.owner != gone
