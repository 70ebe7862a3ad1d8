"""The summary of a week for a director: its figures beside those of the week before, from the frozen sheets.

What is read is what was frozen, so the summary of a pack never changes. Packs of format 1 lack some figures and all
highlights; these are left empty.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from customers.phrases import listed
from customers.times import rough_duration
from escalation.choices import ClockKind
from escalation.exports.highlights import NEAR_MISS, WORST
from escalation.lib.weeks import parse_week, week_before
from escalation.models import WeeklyExport

MOST_HOLDERS, MOST_CUSTOMERS, MOST_NEAR_MISSES = 8, 5, 8
NOTHING = "–"
Row = dict[str, str]


@dataclass(frozen=True)
class ComparedFigure:
    """A figure of the week and of the week before; `trend` is better, worse or empty."""

    name: str
    now: str
    before: str
    change: str
    trend: str


@dataclass(frozen=True)
class GroupLine:
    """A line about a priority or a customer."""

    name: str
    met: str
    breached: str
    met_percent: str
    percent_before: str
    first_median: str
    next_median: str


@dataclass(frozen=True)
class HolderLine:
    """A person who held broken promises; `share` is their part of the breaches."""

    name: str
    team: str
    share: str
    share_before: str
    promises: str
    breached: str
    met_percent: str


@dataclass(frozen=True)
class HighlightLine:
    """A promise among the worst breaches or near misses. `margin` is the time overdue or left."""

    promise: int
    ticket: str
    customer: str
    kind: str
    priority: str
    due: str
    margin: str
    held: str
    is_waived: bool


@dataclass(frozen=True)
class WeekSummary:
    export: WeeklyExport
    previous: WeeklyExport | None
    has_highlights: bool
    figures: tuple[ComparedFigure, ...]
    priorities: tuple[GroupLine, ...]
    holders: tuple[HolderLine, ...]
    customers: tuple[GroupLine, ...]
    near_misses: tuple[HighlightLine, ...]
    worst: tuple[HighlightLine, ...]


def summary_of(export: WeeklyExport) -> WeekSummary:
    """The summary in the active language. Raises FileNotFoundError if the storage has lost a sheet."""
    previous = previous_pack(export)
    now, before = _FrozenScorecard(export), _FrozenScorecard(previous)
    people = {row["person"]: row for row in _sheet(export, "people.csv")}
    highlights = _sheet(export, "highlights.csv")
    return WeekSummary(
        export=export,
        previous=previous,
        has_highlights=any(file.name == "highlights.csv" for file in export.files.all()),
        figures=tuple(_figures(now.desk, before.desk)),
        priorities=tuple(_group_line(row, row["key"], before) for row in now.of("priority")),
        holders=tuple(_holders(now, before, people)),
        customers=tuple(_customers(now, before)),
        near_misses=tuple(_highlights(highlights, NEAR_MISS, people))[:MOST_NEAR_MISSES],
        worst=tuple(_highlights(highlights, WORST, people)),
    )


def previous_pack(export: WeeklyExport) -> WeeklyExport | None:
    """The latest revision of the week before."""
    packs = WeeklyExport.objects.filter(week=str(week_before(parse_week(export.week))))
    return packs.order_by("-revision").first()


class _FrozenScorecard:
    """The rows of a frozen scorecard; all empty if there is no pack."""

    def __init__(self, export: WeeklyExport | None) -> None:
        rows = _sheet(export, "scorecard.csv") if export is not None else []
        self._rows = {(row["group"], row["key"]): row for row in rows}

    @property
    def desk(self) -> Row:
        return self.get("desk", "")

    def get(self, group: str, key: str) -> Row:
        return self._rows.get((group, key), {})

    def of(self, group: str) -> list[Row]:
        return [row for (of_group, _key), row in self._rows.items() if of_group == group]


def _sheet(export: WeeklyExport, name: str) -> list[Row]:
    """The rows of one small sheet of the pack; empty if its format had no such sheet."""
    path = next((file.path for file in export.files.all() if file.name == name), None)
    if path is None:
        return []
    with default_storage.open(path) as stored:
        text = stored.read().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def _figures(now: Row, before: Row) -> Iterator[ComparedFigure]:
    more, less, neither = 1, -1, 0  # which way is better
    named = (
        (_("SLA met"), "met_percent", more, _percent),
        (_("Met"), "met", neither, _count),
        (_("Breached"), "breached", less, _count),
        (_("Waived"), "waived", neither, _count),
        (_("Nearly breached"), "near_misses", less, _count),
        (_("Escalations"), "escalations_received", less, _count),
        (_("First response, median"), "first_response_median_seconds", less, _duration),
        (_("First response, 90% within"), "first_response_p90_seconds", less, _duration),
        (_("Next response, median"), "next_response_median_seconds", less, _duration),
        (_("Next response, 90% within"), "next_response_p90_seconds", less, _duration),
    )
    for name, column, better, shown in named:
        yield _compared(name, _number(now, column), _number(before, column), better=better, shown=shown)


def _compared(
    name: str, now: float | None, before: float | None, *, better: int, shown: Callable[[float | None], str]
) -> ComparedFigure:
    if now is None or before is None:
        return ComparedFigure(name, shown(now), shown(before), change="", trend="")
    difference = round(now - before, 1)
    sign = "+" if difference > 0 else "−"
    change = f"{sign}{(_points if shown is _percent else shown)(abs(difference))}" if difference else "±0"
    trend = {1: "better", -1: "worse"}.get(better * ((difference > 0) - (difference < 0)), "")
    return ComparedFigure(name, shown(now), shown(before), change, trend)


def _number(row: Row, column: str) -> float | None:
    return float(row[column]) if row.get(column) else None


def _percent(value: float | None) -> str:
    return NOTHING if value is None else f"{value:g}%"


def _points(difference: float | None) -> str:
    """The difference of two percentages."""
    return _("%(number)s points") % {"number": f"{difference or 0:g}"}


def _count(value: float | None) -> str:
    return NOTHING if value is None else f"{value:g}"


def _duration(seconds: float | None) -> str:
    return NOTHING if seconds is None else rough_duration(timedelta(seconds=seconds))


def _group_line(row: Row, name: str, before: _FrozenScorecard) -> GroupLine:
    return GroupLine(
        name=name,
        met=row["met"],
        breached=row["breached"],
        met_percent=_percent(_number(row, "met_percent")),
        percent_before=_percent(_number(before.get(row["group"], row["key"]), "met_percent")),
        first_median=_duration(_number(row, "first_response_median_seconds")),
        next_median=_duration(_number(row, "next_response_median_seconds")),
    )


def _customers(now: _FrozenScorecard, before: _FrozenScorecard) -> Iterator[GroupLine]:
    """The customers with the most breaches."""
    rows = [row for row in now.of("customer") if int(row["breached"])]
    for row in sorted(rows, key=lambda row: -int(row["breached"]))[:MOST_CUSTOMERS]:
        yield _group_line(row, row["name"] or row["key"] or _("unknown company"), before)


def _holders(now: _FrozenScorecard, before: _FrozenScorecard, people: dict[str, Row]) -> Iterator[HolderLine]:
    """The people with the largest part of the breaches."""
    rows = [row for row in now.of("person") if float(row["breach_share"])]
    for row in sorted(rows, key=lambda row: -float(row["breach_share"]))[:MOST_HOLDERS]:
        yield HolderLine(
            name=row["name"] or NOTHING,
            team=people.get(row["key"], {}).get("team", ""),
            share=_count(_number(row, "breach_share")),
            share_before=_count(_number(before.get("person", row["key"]), "breach_share")),
            promises=row["promises"],
            breached=row["breached"],
            met_percent=_percent(_number(row, "met_percent")),
        )


def _highlights(rows: list[Row], highlight: str, people: dict[str, Row]) -> Iterator[HighlightLine]:
    for row in rows:
        if row["highlight"] == highlight:
            yield HighlightLine(
                promise=int(row["promise"]),
                ticket=row["ticket"],
                customer=row["customer"] or _("unknown company"),
                kind=str(ClockKind(row["kind"]).label),
                priority=row["priority"],
                due=row["due_local"][:16],
                margin=_duration(_number(row, "overdue_seconds") or _number(row, "left_seconds") or 0),
                held=listed(_held(row["held_by"], people)),
                is_waived=row["waived"] == "yes",
            )


def _held(cell: str, people: dict[str, Row]) -> Iterator[str]:
    """Each holder's name with the working time they had the promise."""
    for part in filter(None, cell.split("; ")):
        login, _space, seconds = part.rpartition(" ")
        yield f"{people.get(login, {}).get('name', login)} {_duration(float(seconds))}"
