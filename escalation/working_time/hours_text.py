"""Working hours as text: `09:00-12:00, 13:00-18:00`; 24:00 is midnight, 30:00 is six o'clock the next day."""

import re
from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _

from escalation.working_time.validation import Interval, WorkTimeError, interval_in_words

INTERVAL = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-–—~～至]\s*(\d{1,2})[:：](\d{2})")
BETWEEN = re.compile(r"[,，、;；]")
DAY = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})(?:\s+([^#]*))?")


def parse_intervals(text: str) -> tuple[Interval, ...]:
    """Parse intervals. Raises WorkTimeError, which names the faulty part; overlaps are checked elsewhere."""
    return tuple(_interval(part.strip()) for part in BETWEEN.split(text) if part.strip())


def intervals_in_words(intervals: Iterable[Interval]) -> str:
    return ", ".join(map(interval_in_words, intervals))


def parse_day(line: str) -> tuple[date, tuple[Interval, ...], str]:
    """A date, the hours worked on it (none: closed) and a note: `2026-12-24 09:00-12:00 # Christmas Eve`."""
    text, _hash, note = line.partition("#")
    match = DAY.fullmatch(text.strip())
    if match is None:
        raise WorkTimeError(
            _(
                "“%(line)s” is not a day; write it like 2026-12-24, followed by the hours if it "
                "is a working day."
            )
            % {"line": line.strip()}
        )
    return _date(match[1]), parse_intervals(match[2] or ""), note.strip()


def day_in_words(day: date, intervals: Iterable[Interval], note: str) -> str:
    hours = intervals_in_words(intervals)
    return " ".join(part for part in (day.isoformat(), hours, note and f"# {note}") if part)


def _interval(part: str) -> Interval:
    match = INTERVAL.fullmatch(part)
    if match is None or int(match[2]) > 59 or int(match[4]) > 59:
        raise WorkTimeError(
            _("“%(text)s” is not an interval; write it like 09:00-18:00, separated by commas.")
            % {"text": part}
        )
    return int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])


def _date(text: str) -> date:
    year, month, day = map(int, text.split("-"))
    try:
        return date(year, month, day)
    except ValueError as error:
        raise WorkTimeError(_("There is no day %(day)s.") % {"day": text}) from error
