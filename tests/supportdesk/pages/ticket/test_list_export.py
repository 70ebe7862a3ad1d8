"""The list of tickets as a download: as it is filtered, searched and ordered, and only what its reader may see."""

import csv
import io

import pytest
from django.urls import reverse

from escalation.exports.ticket_list_csv import COLUMNS
from tests.factories import AdminFactory, ClockFactory, TicketFactory, UserFactory, findable, staff
from tickets.choices import Priority

pytestmark = pytest.mark.django_db
LIST = reverse("admin:tickets_ticket_changelist")
EXPORT = reverse("admin:tickets_ticket_export")


def exported(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_list_leaves_as_it_is_filtered_searched_and_ordered(login):
    tickets = [TicketFactory(subject=f"echo {name}", priority=Priority.P1) for name in ("one", "two")]
    others = [
        TicketFactory(subject="echo three", priority=Priority.P3),
        TicketFactory(subject="black", priority=Priority.P1),
    ]
    findable(*tickets, *others)
    for ticket in tickets:
        ClockFactory(ticket=ticket)
    client = login(AdminFactory())
    query = f"?priority__exact={Priority.P1}&q=echo&o=-1"
    assert f'href="{EXPORT}{query.replace("&", "&amp;")}"' in client.get(LIST + query).text
    rows = exported(client.get(EXPORT + query))
    assert {row["subject"] for row in rows} == {"echo one", "echo two"}
    assert tuple(rows[0]) == COLUMNS
    assert [row["first_response_outcome"] for row in rows] == ["running", "running"]


def test_a_reader_gets_only_visible_tickets_and_nobody_without_the_permission(login):
    anna = staff(groups=["Account manager"])
    own = TicketFactory(owner=anna)
    TicketFactory()
    assert [row["ticket"] for row in exported(login(anna).get(EXPORT))] == [own.number]
    assert login(UserFactory(groups=[])).get(EXPORT).status_code == 403


def test_a_filter_that_does_not_exist_goes_back_to_the_list(login):
    response = login(AdminFactory()).get(EXPORT + "?owner__exact=nobody")
    assert response.headers["Location"] == f"{LIST}?e=1"
