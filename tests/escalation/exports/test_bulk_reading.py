"""Times read as text are the times that were written, on either database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from escalation.exports.bulk_reading import parse_time, read_rows
from tests.factories import NOW, TicketFactory
from tickets.models import Ticket


@pytest.mark.django_db
@pytest.mark.parametrize("extra", [timedelta(0), timedelta(microseconds=1), timedelta(milliseconds=500)])
def test_a_time_comes_back_to_the_microsecond(extra):
    ticket = TicketFactory(opened_at=NOW + extra)
    rows = read_rows(Ticket.objects.all(), tuple, paths=("pk",), times=("opened_at", "resolved_at"))
    assert list(rows) == [(ticket.pk, NOW + extra, None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-16 01:30:00", datetime(2026, 11, 16, 1, 30, tzinfo=UTC)),
        ("2026-11-16 01:30:00.5+00", datetime(2026, 11, 16, 1, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-16 09:30:00+08", datetime(2026, 11, 16, 9, 30, tzinfo=timezone(timedelta(hours=8)))),
    ],
)
def test_both_databases_spellings_of_a_time_are_read(text, expected):
    assert parse_time(text) == expected
