"""The rows behind a figure: its address in a link, and the keys that a list then shows.

The figure is counted again when it is opened, by whoever opens it, with their own rights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import cast
from urllib.parse import parse_qs, urlencode
from zoneinfo import ZoneInfo

from customers.access import Person
from customers.phrases import labelled
from escalation.exports.bulk_reading import load_people
from escalation.exports.promises import JudgedPromise, promises_of
from escalation.exports.scorecard import incidents_of
from escalation.lib.garbage import rare_garbage_collection
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.counting import ScoreCount
from escalation.scorecards.dimensions import Dimension
from escalation.scorecards.figures import OF_ESCALATIONS, OF_LEDGER, OF_TICKETS, Figure
from escalation.scorecards.heat_map import HeatMap, HourOfWeek, arrivals, breaches, due_times
from escalation.scorecards.readers import ScoreReader, reader_of_scores
from escalation.scorecards.solved_tickets import ends_of

SECOND = timedelta(seconds=1)
PARAMETER = "behind"  # of a list, with the address of a figure


class FigureUnknown(ValueError):
    """An address that no page has written, or a line that the reader may not read."""


@dataclass(frozen=True)
class FigureAddress:
    """One figure of one line in a period (UTC), or of one hour of the week in the reader's zone."""

    figure: Figure
    dimension: Dimension
    key: str
    start: datetime
    end: datetime
    cell: HourOfWeek | None = None

    def __str__(self) -> str:
        parts = {
            "figure": self.figure.value,
            "by": self.dimension.value,
            "key": self.key,
            "start": f"{self.start.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
            "end": f"{self.end.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        }
        if self.cell is not None:
            parts["cell"] = f"{self.cell.weekday}.{self.cell.hour}"
        return urlencode(parts)

    @property
    def lists(self) -> str:
        """The model whose list shows the rows."""
        if self.figure in OF_TICKETS:
            return "tickets_ticket"
        if self.figure in OF_LEDGER:
            return "escalation_clockevent"
        return "escalation_escalation" if self.figure in OF_ESCALATIONS else "escalation_clock"


def parse_address(text: str) -> FigureAddress:
    """Read what `str` wrote. Raises FigureUnknown for anything else."""
    parts = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
    try:
        start, end = (datetime.fromisoformat(parts[name]) for name in ("start", "end"))
        if start.tzinfo is None or end.tzinfo is None:
            raise FigureUnknown(text)
        return FigureAddress(
            Figure(parts["figure"]), Dimension(parts["by"]), parts["key"], start, end, _cell(parts)
        )
    except (KeyError, ValueError) as error:
        raise FigureUnknown(text) from error


def address_title(address: FigureAddress, *, zone: tzinfo) -> str:
    """``Breached: 2026-11-01 – 2026-11-30``, for the filter that shows the rows."""
    days = [
        f"{moment.astimezone(zone):%Y-%m-%d}"
        for moment in (address.start, max(address.start, address.end - SECOND))
    ]
    return labelled(address.figure.label, " – ".join(dict.fromkeys(days)))


def _cell(parts: dict[str, str]) -> HourOfWeek | None:
    if "cell" not in parts:
        return None
    weekday, hour = map(int, parts["cell"].split("."))
    return HourOfWeek(weekday, hour)


def keys_behind(address: FigureAddress, *, user: Person, zone: tzinfo, now: datetime) -> Sequence[int]:
    """The keys of the rows. Raises FigureUnknown for a line that the reader may not read."""
    period = CoveredTime(zone=cast(ZoneInfo, zone), start=address.start, end=min(address.end, now), as_of=now)
    reader = reader_of_scores(user, period)
    if not reader.may_read(address.dimension, address.key):
        raise FigureUnknown(address.key)
    if address.cell is not None:
        return _heat(address.figure, period, reader).get(address.cell, [])
    count = ScoreCount(address.dimension, people=load_people(), reader=reader, period=period)
    _fill(count, address.figure, period)
    return count.line(address.key).rows[address.figure]


def _fill(count: ScoreCount, figure: Figure, period: CoveredTime) -> None:
    """Add what the figure counts and no more."""
    if figure in OF_LEDGER | OF_ESCALATIONS:
        count.add_incidents(incidents_of(period))
    elif figure in OF_TICKETS:
        for end in ends_of(period):
            count.add_end(end)
    else:
        with rare_garbage_collection():
            for promise in promises_of(period):
                count.add_promise(promise)


def _heat(figure: Figure, period: CoveredTime, reader: ScoreReader) -> HeatMap:
    match figure:
        case Figure.ARRIVED:
            return arrivals(period, reader)
        case Figure.DUE:
            return due_times(period, reader)
        case Figure.BREACHED:
            promises: Sequence[JudgedPromise] = list(promises_of(period))
            return breaches(promises, period, reader)
    raise FigureUnknown(figure)
