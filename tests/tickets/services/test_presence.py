"""Who has a ticket's page open and who is writing there, by the time of record, in one cheap query."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import NOW, TicketFactory, staff
from tickets.models import Presence, Ticket
from tickets.services.presence import end_presence, forget_presences, note_presence, writes

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket() -> Ticket:
    return TicketFactory()


def here(ticket: Ticket, actor: User, second: float, *, is_writing: bool = False) -> list[tuple[str, bool]]:
    """Whom the page of a person names at a second, and whether each writes."""
    at = NOW + timedelta(seconds=second)
    others = note_presence(ticket=ticket, actor=actor, at=at, is_writing=is_writing)
    return [(row.user.username, writes(row, at)) for row in others]


def test_each_sees_the_other_and_nobody_themselves(ticket: Ticket) -> None:
    ann, bob = staff("ann"), staff("bob")
    assert here(ticket, ann, 0) == []
    assert here(ticket, bob, 1) == [("ann", False)]
    assert here(ticket, ann, 2.5) == [("bob", False)]


def test_who_begins_to_write_is_shown_at_once_and_stands_first(ticket: Ticket) -> None:
    ann, bob, cy = staff("ann"), staff("bob"), staff("cy")
    here(ticket, ann, 0)
    here(ticket, bob, 0)
    here(ticket, bob, 1, is_writing=True)
    assert here(ticket, cy, 1) == [("bob", True), ("ann", False)]


def test_who_stops_writing_is_only_viewing(ticket: Ticket) -> None:
    ann, bob = staff("ann"), staff("bob")
    here(ticket, bob, 0, is_writing=True)
    here(ticket, bob, 9)
    assert here(ticket, ann, 9) == [("bob", True)]
    assert here(ticket, ann, 11) == [("bob", False)]


def test_a_second_window_of_the_same_person_takes_nothing_back(ticket: Ticket) -> None:
    ann, bob = staff("ann"), staff("bob")
    here(ticket, bob, 0, is_writing=True)
    here(ticket, bob, 5)
    assert here(ticket, ann, 6) == [("bob", True)]
    assert Presence.objects.filter(user=bob).count() == 1


def test_who_closes_the_page_or_falls_silent_is_gone(ticket: Ticket) -> None:
    ann, bob, cy = staff("ann"), staff("bob"), staff("cy")
    here(ticket, bob, 0)
    here(ticket, cy, 0)
    end_presence(ticket=ticket, actor=cy)
    assert here(ticket, ann, 10) == [("bob", False)]
    assert here(ticket, ann, 10.1) == []


def test_a_row_written_while_a_clock_was_ahead_says_nothing(ticket: Ticket) -> None:
    here(ticket, staff("bob"), 3600)
    assert here(ticket, staff("ann"), 0) == []


def test_another_ticket_has_its_own(ticket: Ticket) -> None:
    here(TicketFactory(), staff("bob"), 0)
    assert here(ticket, staff("ann"), 0) == []


def test_most_of_what_pages_say_is_one_query(ticket: Ticket) -> None:
    ann, bob = staff("ann"), staff("bob")
    here(ticket, ann, 0)
    here(ticket, bob, 0)
    with CaptureQueriesContext(connection) as queries:
        here(ticket, ann, 2.5)
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        here(ticket, ann, 5)
    assert sum("INSERT" in query["sql"] for query in queries) == 1


def test_rows_of_closed_pages_are_deleted(ticket: Ticket) -> None:
    here(ticket, staff("ann"), 0)
    here(ticket, staff("bob"), 60)
    assert forget_presences(at=NOW + timedelta(seconds=60)) == 1
    assert Presence.objects.get().user.username == "bob"
