"""The download of a filtered list: its columns, those of promises included, its order, its queries."""

import csv
import io
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from escalation.choices import ClockKind, ClockState
from escalation.exports import tickets_csv
from escalation.exports.ticket_list_csv import COLUMNS, FIRST_ROWS, PROMISE_COLUMNS, tickets_response
from tests.factories import (
    NOW,
    CalendarFactory,
    ClockFactory,
    OutboundMessageFactory,
    PolicyVersionFactory,
    TicketFactory,
    office_calendar,
    staff,
)
from tickets.choices import Priority
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)


def exported(tickets=None):
    response = tickets_response(tickets or Ticket.objects.order_by("pk"), zone=BERLIN)
    return list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"), newline="")))


def answered(ticket, *, after, author=None, kind=ClockKind.FIRST_RESPONSE, state=ClockState.MET, **fields):
    at = ticket.opened_at + after
    message = OutboundMessageFactory(ticket=ticket, at=at, author=author or ticket.owner)
    return ClockFactory(ticket=ticket, kind=kind, state=state, stopped_at=at, answered_by=message, **fields)


def test_a_list_leaves_as_it_was_filtered_and_ordered():
    TicketFactory(subject="first", priority=Priority.P1)
    TicketFactory(subject="second", priority=Priority.P1)
    TicketFactory(subject="other", priority=Priority.P3)
    response = tickets_response(Ticket.objects.filter(priority=Priority.P1).order_by("-pk"), zone=BERLIN)
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"), newline="")))
    assert [row["subject"] for row in rows] == ["second", "first"]
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["opened_local"] == "2026-11-18 12:00:00"  # the reader's zone, not the desk's


def test_the_columns_are_those_of_the_pack_and_then_those_of_the_promises():
    assert COLUMNS[: len(tickets_csv.COLUMNS)] == tickets_csv.COLUMNS
    assert PROMISE_COLUMNS[:3] == (
        "first_response_promises", "first_response_breached", "first_response_outcome"
    )  # fmt: skip
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_a_promise_is_told_with_due_time_answer_and_seconds():
    owner = staff("yue")
    owner.first_name, owner.last_name = "悦", "林"
    owner.save()
    answered(TicketFactory(owner=owner, opened_at=NOW), after=timedelta(minutes=20, seconds=7), minutes=30)
    (row,) = exported()
    assert (row["first_response_outcome"], row["first_response_promises"]) == ("met", "1")
    assert (row["first_response_due_at"], row["first_response_due_local"]) == (
        "2026-11-18T12:30:00+00:00", "2026-11-18 13:30:00",
    )  # fmt: skip
    assert (row["first_response_answered_local"], row["first_response_answered_by"]) == (
        "2026-11-18 13:20:07", "林悦",
    )  # fmt: skip
    assert (row["first_response_seconds"], row["local_zone"]) == ("1207", "Europe/Berlin")
    assert (row["update_promises"], row["update_outcome"], row["resolution_seconds"]) == ("0", "", "")


def test_of_many_promises_of_a_kind_the_newest_is_told_and_breaches_are_counted():
    ticket = TicketFactory(opened_at=NOW)
    kind = ClockKind.NEXT_RESPONSE
    answered(ticket, after=600 * MINUTE, kind=kind, state=ClockState.BREACHED)
    ClockFactory(ticket=ticket, kind=kind, started_at=NOW + timedelta(days=1))
    (row,) = exported()
    told = [row[f"next_response_{name}"] for name in ("promises", "breached", "outcome", "answered_at")]
    assert told == ["2", "1", "running", ""]


def test_seconds_are_working_time_of_the_promises_calendar():
    friday = NOW + timedelta(days=2, hours=-3)  # 17:00 in Shanghai, an hour before the office closes
    answered(TicketFactory(opened_at=friday), after=timedelta(days=3), calendar=office_calendar())
    (row,) = exported()
    assert row["first_response_seconds"] == str(9 * 3600)


def test_queries_do_not_grow_with_the_tickets_of_a_batch_and_promises_find_their_tickets(count_queries):
    calendar, version = CalendarFactory(), PolicyVersionFactory()

    def more(number):
        for _each in range(number):
            answered(TicketFactory(), after=MINUTE, calendar=calendar, policy_version=version)
        return count_queries(exported)

    assert more(3) == more(27) == 5  # people, keys, tickets, promises, hours
    assert more(FIRST_ROWS) == 7  # the second batch of tickets and promises
    rows = exported()
    assert len(rows) == 30 + FIRST_ROWS
    assert {row["first_response_promises"] for row in rows} == {"1"}


def test_an_exported_list_is_a_download_that_no_proxy_caches():
    response = tickets_response(Ticket.objects.all(), zone=BERLIN, filename="board.csv")
    assert response.streaming
    assert response.headers["Content-Disposition"] == 'attachment; filename="board.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
