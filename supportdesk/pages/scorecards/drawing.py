"""The trend by week as bars, and the heat maps as tables, drawn on the server: no script, and sharp at any size."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.dates import WEEKDAYS_ABBR

from escalation.scorecards.behind import FigureAddress
from escalation.scorecards.dimensions import Dimension
from escalation.scorecards.figures import Figure
from escalation.scorecards.heat_map import Heat, HeatMap, HourOfWeek
from escalation.scorecards.weekly_trend import TrendWeek
from supportdesk.pages.scorecards.columns import ScoreCell, cell_url, list_url, percent_text

HEIGHT, STEP, BAR = 120, 40, 26  # in units of the drawing
DEGREES = 5


@dataclass(frozen=True)
class Bar:
    """One week: kept above broken, each with its place in the drawing."""

    trend: TrendWeek
    x: int
    met_y: int
    met_height: int
    breached_y: int
    breached_height: int
    percent: str
    met: ScoreCell
    breached: ScoreCell

    @property
    def middle(self) -> int:
        return self.x + BAR // 2

    @property
    def label_y(self) -> int:
        return self.met_y - 5


@dataclass(frozen=True)
class Bars:
    bars: Sequence[Bar]
    most: int

    @property
    def width(self) -> int:
        return max(1, len(self.bars)) * STEP


def bars_of(weeks: Sequence[TrendWeek], *, dimension: Dimension, key: str) -> Bars:
    most = max([trend.judged for trend in weeks], default=0)
    return Bars([_bar(trend, place, most, dimension, key) for place, trend in enumerate(weeks)], most)


def _bar(trend: TrendWeek, place: int, most: int, dimension: Dimension, key: str) -> Bar:
    breached = _scaled(trend.breached, most)
    met = _scaled(trend.met, most)
    cells = {
        figure: ScoreCell(str(trend.count(figure)), figure.label, _url(trend, figure, dimension, key), "")
        for figure in (Figure.MET, Figure.BREACHED)
    }
    return Bar(
        trend=trend,
        x=place * STEP + (STEP - BAR) // 2,
        met_y=HEIGHT - breached - met,
        met_height=met,
        breached_y=HEIGHT - breached,
        breached_height=breached,
        percent=percent_text(trend.met_percent),
        met=cells[Figure.MET],
        breached=cells[Figure.BREACHED],
    )


def _scaled(number: int, most: int) -> int:
    """At least two units for what is not zero, so that a single breach is seen."""
    return max(2, round(number * (HEIGHT - 20) / most)) if number else 0


def _url(trend: TrendWeek, figure: Figure, dimension: Dimension, key: str) -> str:
    if not trend.count(figure):
        return ""
    return list_url(FigureAddress(figure, dimension, key, trend.period.start, trend.period.end))


@dataclass(frozen=True)
class HeatCell:
    """`degree` is 0 for none, up to DEGREES for the most."""

    text: str
    degree: int
    url: str


@dataclass(frozen=True)
class HeatTable:
    heat: Heat
    rows: Sequence[tuple[str, Sequence[HeatCell]]]

    @property
    def weekdays(self) -> Sequence[Any]:
        return [WEEKDAYS_ABBR[day] for day in range(7)]


def heat_table(heat: Heat, cells: HeatMap, period: Any) -> HeatTable:
    """A table of counts, each of which opens its rows."""
    figure = {Heat.ARRIVED: Figure.ARRIVED, Heat.DUE: Figure.DUE, Heat.BREACHED: Figure.BREACHED}[heat]
    counts = {cell: float(len(keys)) for cell, keys in cells.items()}
    urls = {cell: cell_url(figure, cell, period) for cell in counts}
    return _table(heat, counts, urls)


def duty_table(people: Mapping[HourOfWeek, float]) -> HeatTable:
    return _table(Heat.ON_DUTY, people, {})


def _table(heat: Heat, counts: Mapping[HourOfWeek, float], urls: Mapping[HourOfWeek, str]) -> HeatTable:
    most = max(counts.values(), default=0.0)

    def cell(place: HourOfWeek) -> HeatCell:
        number = counts.get(place, 0.0)
        degree = -int(-number * DEGREES // most) if number else 0
        return HeatCell(f"{number:g}" if number else "·", degree, urls.get(place, ""))

    rows = [(f"{hour:02d}", [cell(HourOfWeek(weekday, hour)) for weekday in range(7)]) for hour in range(24)]
    return HeatTable(heat, rows)
