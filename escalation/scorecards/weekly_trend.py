"""Kept and broken promises by week, in the reader's zone, for the weeks up to the end of a period."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q

from escalation.choices import ClockState
from escalation.exports.bulk_reading import read_rows
from escalation.exports.clock_rows import PATHS, TIMES, ClockRow
from escalation.exports.promises import JudgedPromise, end_pause, judge
from escalation.lib.among_keys import AmongKeys
from escalation.lib.weeks import CoveredTime, Week, week_of
from escalation.models import Clock
from escalation.models.clock import ClockQuerySet
from escalation.scorecards.figures import Figure
from escalation.scorecards.readers import ScoreReader
from escalation.working_time.lookup import HoursByVersion

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


def count_all_weeks(weeks: list[TrendWeek], reader: ScoreReader) -> None:
    """Count all that the reader sees, in the database: as `count_weeks` does. Two queries.

    A pause that its policy's cap has ended, unnoticed by any sweep, is none: such rows are few and judged one by one.
    """
    whole = CoveredTime(
        zone=weeks[0].period.zone,
        start=weeks[0].period.start,
        end=weeks[-1].period.end,
        as_of=weeks[-1].period.as_of,
    )
    clocks = Clock.objects.real()
    if reader.tickets is not None:
        clocks = clocks.filter(AmongKeys("ticket", reader.tickets))
    sums = clocks.filter(_met_in(whole) | _broken_in(whole)).aggregate(
        **{f"met{place}": Count("pk", filter=_met_in(each.period)) for place, each in enumerate(weeks)},
        **{f"broken{place}": Count("pk", filter=_broken_in(each.period)) for place, each in enumerate(weeks)},
    )
    for place, trend in enumerate(weeks):
        trend.met += sums[f"met{place}"]
        trend.breached += sums[f"broken{place}"]
    count_weeks(weeks, _after_their_pause(clocks, whole))


def _met_in(period: CoveredTime) -> Q:
    return Q(state=ClockState.MET, stopped_at__gte=period.start, stopped_at__lt=period.end)


def _broken_in(period: CoveredTime) -> Q:
    return Q(
        state__in=[ClockState.RUNNING, ClockState.BREACHED],
        due_at__gte=period.start,
        due_at__lt=period.end,
    )


def _after_their_pause(clocks: ClockQuerySet, period: CoveredTime) -> Iterator[JudgedPromise]:
    paused = clocks.filter(state=ClockState.PAUSED, stopped_at=None, next_step_at__lt=period.end)
    hours_by_version = HoursByVersion()
    for clock in read_rows(paused, ClockRow._make, paths=PATHS, times=TIMES):
        hours = hours_by_version[clock.calendar_id, clock.calendar_version]
        ended = end_pause(clock, hours, end=period.end)
        if ended.state != ClockState.PAUSED:
            yield judge(ended, period=period, hours=hours, holdings=[])


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
