"""Pages of one ticket that speak at once, on PostgreSQL: one row per person, and the ticket is never locked."""

import pytest
from django.db import connection, transaction

from tests.factories import TicketFactory, staff
from tests.races.test_races import at_once
from tests.talk import minute
from tickets.models import Presence, Ticket
from tickets.services.locking import lock_ticket, lock_ticket_unless_busy
from tickets.services.presence import note_presence

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def test_eight_windows_of_one_person_leave_one_row() -> None:
    ticket, ann = TicketFactory(), staff("ann")

    def speak() -> str:
        note_presence(ticket=ticket, actor=ann, at=minute(0), is_writing=True)
        return "noted"

    assert at_once([speak] * 8) == ["noted"] * 8
    assert Presence.objects.get().writing_at == minute(0)


def test_a_page_speaks_while_the_ticket_is_locked() -> None:
    ticket, ann = TicketFactory(), staff("ann")

    def speak() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        note_presence(ticket=ticket, actor=ann, at=minute(0), is_writing=False)
        return "noted"

    with transaction.atomic():
        lock_ticket(ticket)
        assert at_once([speak]) == ["noted"]


def test_a_page_that_speaks_keeps_the_sweep_from_nothing() -> None:
    ticket, ann = TicketFactory(), staff("ann")

    def sweep() -> Ticket | None:
        with transaction.atomic():
            return lock_ticket_unless_busy(ticket.pk)

    with transaction.atomic():
        note_presence(ticket=ticket, actor=ann, at=minute(0), is_writing=False)
        assert at_once([sweep]) == [ticket]
