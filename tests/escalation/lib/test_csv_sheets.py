"""Sheets are read back as a spreadsheet would, with cells that mean harm."""

import csv
import hashlib
import io
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.db.models import TextChoices
from hypothesis import given
from hypothesis import strategies as st

from escalation.lib.csv_sheets import (
    CHUNK,
    FIRST_CHUNK,
    CsvSheet,
    iso_time,
    local_time,
    safe_text,
    write_sheet,
)

# What a spreadsheet would compute: some skip blanks before it, and some read full-width signs.
FORMULA = re.compile('[\\s"\ufeff]*[=+@＝＋－＠-]')
LONE_SIGN = re.compile('[\\s"\ufeff]*[=+@＝＋－＠-](["\\s].*)?', re.DOTALL)


class Colour(TextChoices):
    RED = "red", "a label nobody exports"


def written(rows, columns=("a", "b")) -> bytes:
    target = io.BytesIO()
    write_sheet(target, columns, rows)
    return target.getvalue()


def read_back(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_sheet_starts_with_a_bom_and_ends_lines_with_crlf():
    assert written([["x", 1]]) == b"\xef\xbb\xbfa,b\r\nx,1\r\n"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+8613800000000", "'+8613800000000"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("\tplain", "'\tplain"),
        ('  =HYPERLINK("http://x")', '  \'=HYPERLINK("http://x")'),
        ('"=1+1"', '"\'=1+1"'),
        ("\u3000=1", "\u3000'=1"),
        ("\ufeff=1", "\ufeff'=1"),
        ("＝1", "'＝1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠x", "'＠x"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        (";=1+1", ";'=1+1"),
        ("a;=1+1", "a;'=1+1"),
        ("a,-1", "a,'-1"),
        ("a|@x", "a|'@x"),
        ("a\t＝1", "a\t'＝1"),
        ("a\n=1", "a\n'=1"),
        ('a; "=1+1', "a; \"'=1+1"),
        ("a；＝1；=2", "a；'＝1；'=2"),
        ("call +8613800000000", "call '+8613800000000"),
    ],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(cell, expected):
    assert read_back(written([["x", cell]]))[1] == ["x", expected]
    assert read_back(written([[cell, "x"]]))[1] == [expected, "x"]
    assert safe_text(expected) == expected


HOSTILE = "ab1 =+-@＝＋－＠,;|:\t\r\n\"'\u3000\ufeff"


@given(st.lists(st.lists(st.text(HOSTILE, max_size=8), min_size=3, max_size=3), min_size=1, max_size=3))
def test_no_cell_is_a_formula_whatever_list_separator_the_reader_has(rows):
    text = written(rows, columns=("a", "b", "c")).decode("utf-8-sig")
    for separator in ",;\t|:":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            assert [cell for cell in row if FORMULA.match(cell)] == []


@given(st.lists(st.text(HOSTILE, max_size=8), min_size=3, max_size=3))
def test_no_cell_is_a_formula_between_blanks(row):
    """A lone sign between blanks, as in "a - b", computes nothing and is left alone."""
    text = written([row], columns=("a", "b", "c")).decode("utf-8-sig")
    for read in csv.reader(io.StringIO(text, newline=""), delimiter=" "):
        assert [cell for cell in read if FORMULA.match(cell) and not LONE_SIGN.fullmatch(cell)] == []


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "a=b",
        "直播间黑屏",
        "'=1",
        " plain",
        "1-2",
        "100%",
        "line\nbreak",
        '"quoted", and more',
        "a - b",
        "ann@star.example; bob@star.example",
        "2026-11-16T01:30:00+00:00",
        "https://x.example/?a=1&b=-1",
    ],
)
def test_harmless_text_comes_back_as_it_was(cell):
    assert read_back(written([[cell, "x"]]))[1] == [cell, "x"]


def test_our_own_numbers_stay_numbers():
    assert read_back(written([[-5, Decimal("-1.50")], [0, 2.5]]))[1:] == [["-5", "-1.50"], ["0", "2.5"]]


def test_dates_times_choices_and_empty_values_have_one_spelling_each():
    at = datetime(2026, 11, 16, 9, 30, 15, 999, tzinfo=ZoneInfo("Asia/Shanghai"))
    rows = [[at, date(2026, 11, 16)], [None, Colour.RED], [True, False]]
    assert read_back(written(rows))[1:] == [
        ["2026-11-16T01:30:15+00:00", "2026-11-16"],
        ["", "red"],
        ["yes", "no"],
    ]


def test_the_summary_matches_the_written_bytes(tmp_path):
    path = tmp_path / "sheet.csv"
    summary = write_sheet(path, ["a", "b"], ([number, "行" * 50] for number in range(5000)))
    data = path.read_bytes()
    assert summary.rows == 5000
    assert summary.bytes == len(data)
    assert summary.sha256 == hashlib.sha256(data).hexdigest()


def test_rows_are_taken_as_chunks_are_asked_for():
    consumed = []

    def rows():
        for number in range(100_000):
            consumed.append(number)
            yield [number, "x" * 100]

    chunks = CsvSheet(["a", "b"]).chunks(rows())
    assert len(next(chunks)) <= FIRST_CHUNK + 200
    assert len(consumed) < 50
    assert FIRST_CHUNK < len(next(chunks)) <= CHUNK + 200
    assert len(consumed) < 1000


def test_a_sheet_without_rows_has_its_header():
    sheet = CsvSheet(["a"])
    assert read_back(b"".join(sheet.chunks([]))) == [["a"]]
    assert sheet.summary.rows == 0


def test_a_lone_surrogate_does_not_break_a_sheet():
    assert read_back(written([["\ud83d broken", "x"]]))[1] == ["? broken", "x"]


def test_local_time_is_the_zones_wall_clock():
    at = datetime(2026, 11, 16, 1, 30, tzinfo=UTC)
    assert local_time(at, ZoneInfo("Asia/Shanghai")) == "2026-11-16 09:30:00"
    assert iso_time(at) == "2026-11-16T01:30:00+00:00"
    assert (local_time(None, ZoneInfo("UTC")), iso_time(None)) == ("", "")


def test_a_cell_guarded_twice_gets_one_apostrophe():
    assert safe_text(safe_text("=1")) == "'=1"
