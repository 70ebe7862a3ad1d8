"""columns.csv: every column of every sheet is explained, in both languages, with its unit and zone."""

from zoneinfo import ZoneInfo

import pytest

from escalation.exports.column_meanings import COLUMNS, EVERYWHERE, SHEETS, meaning_rows

ROWS = [dict(zip(COLUMNS, row, strict=True)) for row in meaning_rows(ZoneInfo("Asia/Shanghai"))]


def meaning(sheet, column):
    return next(row for row in ROWS if (row["sheet"], row["column"]) == (sheet, column))


def test_every_column_of_every_sheet_has_its_line_in_order():
    expected = [(sheet, column) for sheet, columns, _own in SHEETS for column in columns]
    assert [(row["sheet"], row["column"]) for row in ROWS] == expected
    assert len(expected) > 120


def test_no_meaning_stands_for_a_column_that_no_sheet_has():
    known = {column for _sheet, columns, _own in SHEETS for column in columns}
    assert EVERYWHERE.keys() - known == set()
    assert [
        (sheet, own.keys() - set(columns)) for sheet, columns, own in SHEETS if own.keys() - set(columns)
    ] == []


def test_every_meaning_and_unit_is_told_in_both_languages():
    for row in ROWS:
        assert row["meaning"].isascii()
        assert not row["meaning_zh"].isascii()
        assert not row["unit_zh"].isascii()


def test_times_name_their_zones():
    zones = {row["column"]: row["zone"] for row in ROWS if row["sheet"] == "promises.csv" and row["zone"]}
    assert zones["due_at"] == "UTC"
    assert zones["due_local"] == "Asia/Shanghai"
    assert len(zones) == 18


@pytest.mark.parametrize(
    ("sheet", "column", "base"),
    [
        ("promises.csv", "breach_detected_local", "breach_detected_at"),
        ("tickets.csv", "unanswered_since_local", "unanswered_since"),
        ("incidents.csv", "at_local", "at"),
    ],
)
def test_a_local_column_says_which_time_it_repeats(sheet, column, base):
    assert meaning(sheet, column)["meaning"] == f"The same time as {base}, in the zone named in local_zone"


def test_a_count_of_seconds_says_that_they_are_working_time():
    assert meaning("scorecard.csv", "first_response_median_seconds")["unit"] == "seconds of working time"
    assert meaning("scorecard.csv", "breach_share")["unit"] == "breaches, with fractions"
