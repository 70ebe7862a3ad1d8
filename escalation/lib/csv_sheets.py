"""CSV files for spreadsheets: UTF-8 with BOM, CRLF, and no cell that runs as a formula, wherever it is split.

A spreadsheet splits a line at the list separator of its machine, a comma in one country and a semicolon in another, so
that one cell of ours may become two. Decision: .github/decisions/exports.md.
Rows are written in chunks, and digest and counts are computed on the way, so memory does not grow with the rows.
"""

import csv
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import BinaryIO

BOM = "\ufeff"
CHUNK = 64 * 1024  # characters
FIRST_CHUNK = 4 * 1024  # so that a download begins at once

SIGNS = r"=+\-@＝＋－＠"  # what a formula begins with; spreadsheets of East Asia read full-width signs too
SEPARATORS = r",;|:^~，；：｜、\t\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029"
BLANKS = r"\s\x00\ufeff\u200b-\u200f\u2060"  # skipped at the beginning of a cell, as is its quote
# All that stands directly before a sign and may separate it from the text before.
BEFORE_SIGN = re.compile(
    rf"(?<![{SEPARATORS}{BLANKS}\"])(?P<before>[{SEPARATORS}{BLANKS}\"]*+)(?=[{SIGNS}](?P<apart>[{BLANKS}])?)"
)
BEGINS_CELL = re.compile(rf"[{SEPARATORS}]")
BLANK = re.compile(rf"[{BLANKS}]")
# The last character decides: a search for it alone, over a whole line, costs less than one look at each of its cells.
SUSPECT = re.compile(rf"[{SIGNS}\t\r\n](?<=[{SEPARATORS}{BLANKS}\"].)", re.DOTALL)

YES, NO = "yes", "no"
AS_IT_IS = frozenset({str, int, float, type(None)})  # written as the csv writer itself writes it

WrittenCell = str | int | float | Decimal | None
Cell = str | int | float | Decimal | bool | datetime | date | None


@dataclass(frozen=True)
class SheetSummary:
    """A written sheet: the number of rows without the header, the digest of the bytes, and their number."""

    rows: int
    sha256: str
    bytes: int


class CsvSheet:
    """One CSV document, written once from the first chunk to the last."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns
        self._rows = 0
        self._bytes = 0
        self._digest = hashlib.sha256()

    @property
    def summary(self) -> SheetSummary:
        """Complete once `chunks` is exhausted."""
        return SheetSummary(self._rows, self._digest.hexdigest(), self._bytes)

    def chunks(self, rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
        """Yield the whole document; a row may hold text, numbers, booleans, dates, aware datetimes and None."""
        csv_line = csv.writer(_Echo(), lineterminator="\r\n").writerow
        lines = [BOM, csv_line(self.columns)]
        length, limit = 0, FIRST_CHUNK
        for row in rows:
            # Some million cells a second pass here: their types settle most rows, and one search most lines.
            as_it_is = AS_IT_IS.issuperset(map(type, row))
            line = csv_line(
                row if as_it_is else [safe_cell(cell) if type(cell) not in AS_IT_IS else cell for cell in row]
            )
            if SUSPECT.search(f"\n{line[:-2]}"):
                line = csv_line([safe_cell(cell) for cell in row])
            lines.append(line)
            length += len(line)
            self._rows += 1
            if length >= limit:
                yield self._flush(lines)
                length, limit = 0, CHUNK
        yield self._flush(lines)

    def _flush(self, lines: list[str]) -> bytes:
        chunk = "".join(lines).encode("utf-8", errors="replace")
        lines.clear()
        self._digest.update(chunk)
        self._bytes += len(chunk)
        return chunk


class _Echo:
    """A file for the csv writer, whose `writerow` returns what `write` returns: the line."""

    def write(self, text: str) -> str:
        return text


def write_sheet(
    target: Path | BinaryIO, columns: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> SheetSummary:
    """Write a whole sheet to a path or an open binary file."""
    if isinstance(target, Path):
        with target.open("wb") as file:
            return write_sheet(file, columns, rows)
    sheet = CsvSheet(columns)
    for chunk in sheet.chunks(rows):
        target.write(chunk)
    return sheet.summary


def safe_text(text: str) -> str:
    """The text, with an apostrophe before each sign by which a spreadsheet may take it, or a part, for a formula."""
    guarded = BEFORE_SIGN.sub(_guard, text) if SUSPECT.search(f"\n{text}") else text
    return "'" + guarded if guarded[:1] in ("\t", "\r", "\n") else guarded


def _guard(match: re.Match[str]) -> str:
    """What stands before the sign, with an apostrophe where a cell begins or blanks separate; not that of `a - b`."""
    before = match["before"]
    is_first = match.start() == 0 or BEGINS_CELL.search(before) is not None
    is_apart = match["apart"] is None and BLANK.match(before.rstrip('"')[-1:]) is not None
    return f"{before}'" if is_first or is_apart else before


def safe_cell(cell: Cell) -> WrittenCell:
    """The value for the csv writer. Numbers stay numbers, because they are our own."""
    match cell:
        case bool():
            return YES if cell else NO
        case None:
            return ""
        case Enum():
            return safe_text(str(cell.value))
        case int() | float() | Decimal():
            return cell
        case datetime():
            return iso_time(cell)
        case date():
            return cell.isoformat()
        case _:
            return safe_text(str(cell))


def iso_time(at: datetime | None) -> str:
    """The time in UTC with its offset, to the second: 2026-11-16T01:30:00+00:00."""
    return at.astimezone(UTC).isoformat("T", "seconds") if at else ""


def local_time(at: datetime | None, zone: tzinfo) -> str:
    """The local time of a zone, in a form that spreadsheets read as a date: 2026-11-16 09:30:00."""
    return at.astimezone(zone).isoformat(" ", "seconds")[:19] if at else ""
