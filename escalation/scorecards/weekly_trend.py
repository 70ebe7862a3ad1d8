"""Kept and broken promises by week, in the reader's zone, for the weeks up to the end of a period."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from escalation.choices import ClockState
from escalation.exports.promises import JudgedPromise
from escalation.lib.weeks import CoveredTime, Week, week_of
from escalation.scorecards.figures import Figure

FEWEST_WEEKS, MOST_WEEKS = 8, 53
SECOND = timedelta(seconds=1)


@dataclass
class TrendWeek:
    """A whole week, except that the last one ends with the period."""

    week: Week
    period: CoveredTime
    met: int = 0
    breached: int = 0

    @property
    def judged(self) -> int:
        return self.met + self.breached

    @property
    def met_percent(self) -> float | None:
        return round(100 * self.met / self.judged, 1) if self.judged else None

    def count(self, figure: Figure) -> int:
        return {Figure.MET: self.met, Figure.BREACHED: self.breached, Figure.JUDGED: self.judged}[figure]


def trend_weeks(period: CoveredTime) -> list[TrendWeek]:
    """The period's weeks, or as many before its end as make a trend."""
    last = week_of(max(period.end - SECOND, period.start), period.zone)
    weeks = [last]
    while len(weeks) < FEWEST_WEEKS or (
        len(weeks) < MOST_WEEKS and weeks[-1].bounds(period.zone)[0] > period.start
    ):
        weeks.append(week_of(weeks[-1].bounds(period.zone)[0] - SECOND, period.zone))
    return [_empty(week, period) for week in reversed(weeks)]


def _empty(week: Week, period: CoveredTime) -> TrendWeek:
    start, end = week.bounds(period.zone)
    return TrendWeek(
        week, CoveredTime(zone=period.zone, start=start, end=min(end, period.end), as_of=period.as_of)
    )


def count_weeks(weeks: list[TrendWeek], promises: Iterable[JudgedPromise]) -> None:
    """Count each promise in the week that decided it."""
    by_week: Mapping[Week, TrendWeek] = {trend.week: trend for trend in weeks}
    for promise in promises:
        decided_at: datetime | None = promise.verdict.decided_at
        if decided_at is None:
            continue
        trend = by_week.get(week_of(decided_at, weeks[0].period.zone))
        if trend is not None:
            trend.met += promise.verdict.state == ClockState.MET
            trend.breached += promise.verdict.state == ClockState.BREACHED
