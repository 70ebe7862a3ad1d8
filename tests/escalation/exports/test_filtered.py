"""Any filtered list leaves with the columns of tickets.csv, streamed."""

import csv
import io
from zoneinfo import ZoneInfo

import pytest

from escalation.exports.filtered import tickets_response
from escalation.exports.tickets_csv import COLUMNS
from tests.factories import TicketFactory
from tickets.choices import Priority
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Berlin")


def test_a_list_leaves_as_it_was_filtered_and_ordered():
    TicketFactory(subject="first", priority=Priority.P1)
    TicketFactory(subject="second", priority=Priority.P1)
    TicketFactory(subject="other", priority=Priority.P3)
    response = tickets_response(Ticket.objects.filter(priority=Priority.P1).order_by("-pk"), zone=ZONE)
    rows = list(csv.DictReader(io.StringIO(b"".join(response).decode("utf-8-sig"), newline="")))
    assert [row["subject"] for row in rows] == ["second", "first"]
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["opened_local"] == "2026-11-18 12:00:00"  # the reader's zone, not the desk's


def test_it_is_a_download_that_no_proxy_keeps():
    response = tickets_response(Ticket.objects.all(), zone=ZONE, filename="board.csv")
    assert response.streaming
    assert response.headers["Content-Disposition"] == 'attachment; filename="board.csv"'
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
