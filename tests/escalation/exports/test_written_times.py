"""Times that pass as text come out as those that pass as datetimes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from escalation.exports.written_times import time_columns
from escalation.lib.csv_sheets import iso_time, local_time

ZONES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
TIMES = [
    (2026, 11, 18, 12, 0, 0), (2026, 11, 18, 23, 59, 59), (2026, 12, 31, 16, 30, 7), (2024, 2, 29, 0, 0, 1),
    # The offset changes: Berlin at 01:00, New York at 06:00, Lord Howe by half an hour at 15:00 UTC.
    (2026, 10, 25, 0, 59, 59), (2026, 10, 25, 1, 0, 0), (2026, 3, 29, 0, 59, 59), (2026, 3, 29, 1, 0, 0),
    (2026, 11, 1, 5, 59, 59), (2026, 11, 1, 6, 0, 0), (2026, 4, 4, 14, 59, 59), (2026, 4, 4, 15, 0, 0),
    # Monrovia's offset had 30 seconds until 1972; Shanghai's changed by 5:43 in 1901.
    (1972, 1, 7, 0, 44, 29), (1972, 1, 7, 0, 44, 30), (1900, 12, 31, 15, 54, 16), (1900, 12, 31, 15, 54, 17),
]  # fmt: skip


@pytest.mark.parametrize("zone", [*ZONES, "Africa/Monrovia"])
@pytest.mark.parametrize("behind", ["", "+00", ".25+00", ".250000"])
def test_both_columns_are_those_of_the_datetime(zone, behind):
    for numbers in TIMES:
        at = datetime(*numbers, tzinfo=UTC)
        text = f"{at:%Y-%m-%d %H:%M:%S}{behind}"
        assert time_columns(text, ZoneInfo(zone)) == (iso_time(at), local_time(at, ZoneInfo(zone)))


def test_no_time_leaves_both_empty():
    assert time_columns(None, UTC) == ("", "")
