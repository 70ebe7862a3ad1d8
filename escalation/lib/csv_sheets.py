"""CSV files for spreadsheets: UTF-8 with BOM, CRLF, and no cell that runs as a formula.

Rows are written in chunks, and digest and counts are computed on the way, so memory does not grow with the rows.
"""

import csv
import hashlib
import io
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

# A spreadsheet recognizes a formula by its first character. Some skip leading blanks, some accept full-width ones.
SUSPECT_FIRST = frozenset("=+-@＝＋－＠\t\r\n \xa0\u3000\ufeff\u200b\x00\x0b\x0c")
FORMULA = re.compile(r"[\t\r\n]|[\s\x00\ufeff\u200b]*[=+\-@＝＋－＠]")

NATIVE = frozenset({int, float, type(None)})  # written as the csv writer itself writes it

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
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, lineterminator="\r\n")
        buffer.write(BOM)
        writer.writerow(self.columns)
        for row in rows:
            # A million cells a second pass here: the type and the first character settle most of them.
            writer.writerow(
                [
                    cell
                    if cell.__class__ in NATIVE or (cell.__class__ is str and cell[:1] not in SUSPECT_FIRST)
                    else safe_cell(cell)
                    for cell in row
                ]
            )
            self._rows += 1
            if buffer.tell() >= CHUNK:
                yield self._flush(buffer)
        yield self._flush(buffer)

    def _flush(self, buffer: io.StringIO) -> bytes:
        chunk = buffer.getvalue().encode("utf-8", errors="replace")
        buffer.seek(0)
        buffer.truncate()
        self._digest.update(chunk)
        self._bytes += len(chunk)
        return chunk


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
    """The text, with an apostrophe in front if a spreadsheet would run it as a formula."""
    if text and text[0] in SUSPECT_FIRST and FORMULA.match(text):
        return "'" + text
    return text


def safe_cell(cell: Cell) -> WrittenCell:
    """The value for the csv writer. Numbers stay numbers, because they are our own."""
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
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
