"""tickets.csv: which tickets, which columns, how many queries."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from customers.choices import Scenario
from escalation.exports.bulk_reading import load_people
from escalation.exports.tickets_csv import (
    COLUMNS,
    PATHS,
    TIMES,
    TicketRow,
    ticket_rows,
    tickets_of,
)
from escalation.lib.weeks import Period, Week
from tests.factories import ContactFactory, CustomerFactory, TeamFactory, TicketFactory, staff
from tickets.choices import Priority, Status
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = Period.of(Week(2026, 47), zone=ZONE)
SECOND = timedelta(seconds=1)


def rows(tickets=None):
    exported = ticket_rows(tickets or Ticket.objects.order_by("pk"), people=load_people(), zone=ZONE)
    return [dict(zip(COLUMNS, row, strict=True)) for row in exported]


def test_every_field_of_a_row_has_a_path():
    assert len(TicketRow._fields) == len(PATHS) + len(TIMES)


def test_a_ticket_is_opened_in_exactly_one_week():
    inside = [
        TicketFactory(opened_at=PERIOD.start),
        TicketFactory(opened_at=PERIOD.end - SECOND),
    ]
    TicketFactory(opened_at=PERIOD.start - SECOND)
    TicketFactory(opened_at=PERIOD.end)
    assert list(tickets_of(PERIOD)) == inside


def test_a_ticket_row_has_the_expected_columns():
    manager = staff("mei", team=TeamFactory(name="East"))
    owner = staff("bo", team=TeamFactory(name="North"))
    customer = CustomerFactory(name="星光直播", code="starlight", account_manager=manager)
    ticket = TicketFactory(
        subject="=黑屏",
        customer=customer,
        contact=ContactFactory(customer=customer, name="Li", email="li@starlight.example"),
        owner=owner,
        priority=Priority.P0,
        status=Status.RESOLVED,
        opened_at=PERIOD.start + timedelta(hours=1),
        resolved_at=PERIOD.start + timedelta(hours=2),
    )
    (row,) = rows()
    assert row["ticket"] == ticket.number
    assert (row["customer_code"], row["customer"], row["contact"]) == (
        "starlight",
        "星光直播",
        ticket.contact_id,
    )
    assert "li@starlight.example" not in row.values()  # packs leave the desk
    assert (row["account_manager"], row["owner"], row["owner_team"]) == ("mei", "bo", "North")
    assert (row["priority"], row["status"], row["channel"]) == ("P0", "resolved", "email")
    assert (row["opened_at"], row["opened_local"]) == ("2026-11-15T17:00:00+00:00", "2026-11-16 01:00:00")
    assert row["resolved_local"] == "2026-11-16 02:00:00"
    assert (row["closed_at"], row["closed_local"], row["merged_into"]) == ("", "", "")


def test_an_unknown_sender_leaves_the_customer_empty():
    TicketFactory(customer=None)
    (row,) = rows()
    assert (row["customer"], row["account_manager"]) == (None, "")


def test_thirty_tickets_cost_the_queries_of_three(count_queries):
    TicketFactory.create_batch(3)
    few = count_queries(rows)
    TicketFactory.create_batch(27)
    assert count_queries(rows) == few == 2


def test_every_time_of_a_row_stands_in_both_zones_and_the_scenario_is_the_tickets_or_the_customers():
    TicketFactory(customer=CustomerFactory(scenario=Scenario.SHOW_ROOM), opened_at=PERIOD.start)
    TicketFactory(customer=CustomerFactory(scenario=Scenario.SHOW_ROOM), scenario=Scenario.GAME_VOICE)
    first, second = rows()
    assert (first["scenario"], second["scenario"]) == (Scenario.SHOW_ROOM, Scenario.GAME_VOICE)
    assert (first["opened_local"], first["local_zone"]) == ("2026-11-16 00:00:00", "Asia/Shanghai")
    assert {name for name in COLUMNS if name.endswith("_local")} == {
        "opened_local", "unanswered_since_local", "resolved_local", "closed_local", "opened_recorded_local"
    }  # fmt: skip
