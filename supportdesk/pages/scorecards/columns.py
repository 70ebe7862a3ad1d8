"""The columns of a scorecard, and a line's figures in them, each with the list that it opens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from customers.times import rough_duration
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.behind import PARAMETER, FigureAddress
from escalation.scorecards.dimensions import Dimension
from escalation.scorecards.figures import Figure, ScoreLine
from escalation.scorecards.heat_map import HourOfWeek

NOTHING = "–"
PERSONAL = (Dimension.PERSON, Dimension.TEAM)


@dataclass(frozen=True)
class ScoreColumn:
    """`figure` is what the cell opens; `tone` colours a cell that is not zero."""

    title: Any
    figure: Figure
    text: Callable[[ScoreLine], str]
    tone: str = ""
    personal: bool = False


@dataclass(frozen=True)
class ScoreCell:
    text: str
    title: Any
    url: str
    tone: str


@dataclass(frozen=True)
class ShownLine:
    name: str
    url: str
    cells: Sequence[ScoreCell]
    not_to_be_opened: int


def _counted(figure: Figure, tone: str = "") -> ScoreColumn:
    return ScoreColumn(figure.label, figure, lambda line: str(line.count(figure)), tone)


def _percentile(title: Any, figure: Figure, place: int) -> ScoreColumn:
    def text(line: ScoreLine) -> str:
        values = line.first_percentiles if figure == Figure.FIRST_RESPONSES else line.next_percentiles
        return seconds_text(values[place])

    return ScoreColumn(title, figure, text)


def _percentiles(figure: Figure) -> list[ScoreColumn]:
    median = pgettext_lazy("response time", "Median")
    return [_percentile(title, figure, place) for place, title in enumerate((median, "P90", "P95"))]


GROUPS: Sequence[tuple[Any, Sequence[ScoreColumn]]] = (
    (
        _("SLAs"),
        (
            _counted(Figure.MET),
            _counted(Figure.BREACHED, "late"),
            _counted(Figure.WAIVED),
            _counted(Figure.CANCELLED),
            ScoreColumn(_("SLA met"), Figure.JUDGED, lambda line: percent_text(line.met_percent)),
            ScoreColumn(_("without waived"), Figure.JUDGED, lambda line: percent_text(line.adjusted_percent)),
        ),
    ),
    (_("First response"), _percentiles(Figure.FIRST_RESPONSES)),
    (_("Next response"), _percentiles(Figure.NEXT_RESPONSES)),
    (
        _("Close calls"),
        (
            _counted(Figure.NEAR_MISSES, "warm"),
            _counted(Figure.LATE_DOWNGRADES, "warm"),
            _counted(Figure.VOIDED, "warm"),
            _counted(Figure.ESCALATIONS),
        ),
    ),
    (
        _("Who had it"),
        (
            ScoreColumn(_("Time held"), Figure.HELD, lambda line: seconds_text(line.held_seconds)),
            ScoreColumn(_("Of the time allowed"), Figure.HELD, lambda line: percent_text(line.used_percent)),
            ScoreColumn(_("Share of breaches"), Figure.HELD, lambda line: f"{line.breach_share:f}"),
            ScoreColumn(_("without waived"), Figure.HELD, lambda line: f"{line.adjusted_breach_share:f}"),
        ),
    ),
    (
        _("What came of it"),
        (
            _counted(Figure.SOLVED),
            ScoreColumn(_("Replies before"), Figure.SOLVED, lambda line: number_text(line.answers_each)),
            _counted(Figure.WROTE_AGAIN, "warm"),
            _counted(Figure.REOPENED, "warm"),
        ),
    ),
)


def cells_of(line: ScoreLine, *, dimension: Dimension, period: CoveredTime) -> list[ScoreCell]:
    """The cells in the order of GROUPS. What no row stands behind opens nothing."""
    cells = []
    for _title, columns in GROUPS:
        for column in columns:
            rows, text = line.count(column.figure), column.text(line)
            address = FigureAddress(column.figure, dimension, line.key, period.start, period.end)
            tone = column.tone if rows else "soft"
            cells.append(ScoreCell(text, column.title, list_url(address) if rows else "", tone))
    return cells


def list_url(address: FigureAddress) -> str:
    return f"{reverse(f'admin:{address.lists}_changelist')}?{urlencode({PARAMETER: str(address)})}"


def cell_url(figure: Figure, cell: HourOfWeek, period: CoveredTime) -> str:
    return list_url(FigureAddress(figure, Dimension.DESK, "", period.start, period.end, cell))


def seconds_text(seconds: int | None) -> str:
    return NOTHING if seconds is None else rough_duration(timedelta(seconds=seconds))


def percent_text(value: float | None) -> str:
    return NOTHING if value is None else f"{value:g}%"


def number_text(value: float | None) -> str:
    return NOTHING if value is None else f"{value:g}"
