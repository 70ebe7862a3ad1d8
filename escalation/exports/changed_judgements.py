"""Which judged promises of frozen weeks turned out otherwise: a bounce, a void, a waiver, a contact logged late."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from escalation.exports.clock_rows import ClockRow, Holding, is_listed
from escalation.exports.due_weeks import desk_zone
from escalation.exports.past_rows import ClockHistory, RecordedLine, changed_clocks, histories
from escalation.exports.promises import JudgedPromise, end_pause, judge
from escalation.lib.weeks import Period, Week, week_of
from escalation.working_time.lookup import HoursByVersion


class ChangedJudgement(NamedTuple):
    """A promise as a week judged it and as it is judged now, with the ledger lines in between.

    None: it was not on the list of the week.
    """

    before: JudgedPromise | None
    after: JudgedPromise | None
    lines: Sequence[RecordedLine]

    @property
    def clock(self) -> ClockRow:
        promise = self.after or self.before
        if promise is None:
            raise ValueError("A change needs a promise.")
        return promise.clock


def changes_of(
    weeks: Sequence[Week], *, since: datetime, until: datetime
) -> Mapping[Week, Sequence[ChangedJudgement]]:
    """By week, the promises that it judges otherwise by what was recorded from ``since`` until ``until`` (UTC).

    Only weeks with such a promise are there; their promises are in the order of their keys.
    """
    periods = {week: Period.of(week, zone=desk_zone()) for week in weeks}
    last = max(period.end for period in periods.values())
    clocks = sorted(changed_clocks(since, started_before=last, until=until))
    changes: defaultdict[Week, list[ChangedJudgement]] = defaultdict(list)
    hours_by_version = HoursByVersion()
    for history in histories(clocks, cuts=[since, until]):
        for week in _touched(history) & periods.keys():
            change = _change(history, periods[week], hours_by_version)
            if _judgement(change.before) != _judgement(change.after):
                changes[week].append(change)
    return changes


def _touched(history: ClockHistory) -> set[Week]:
    """The weeks that the clock may count in, before or after."""
    times = (
        at for row in history.rows if row is not None for at in (row.due_at, row.stopped_at) if at is not None
    )
    return {week_of(at, desk_zone()) for at in times}


def _change(history: ClockHistory, period: Period, hours_by_version: HoursByVersion) -> ChangedJudgement:
    before, after = (
        _judged(row, holdings, period, hours_by_version) if row is not None else None
        for row, holdings in zip(history.rows, history.holdings, strict=True)
    )
    return ChangedJudgement(before, after, history.between)


def _judged(
    row: ClockRow, holdings: Sequence[Holding], period: Period, hours_by_version: HoursByVersion
) -> JudgedPromise | None:
    hours = hours_by_version[row.calendar_id, row.calendar_version]
    row = end_pause(row, hours, end=period.end)
    return judge(row, period=period, hours=hours, holdings=holdings) if is_listed(row, period) else None


def _judgement(promise: JudgedPromise | None) -> tuple[object, ...]:
    """What the week says of a promise and its people; empty for one that is only listed."""
    if promise is None:
        return ()
    clock = promise.clock
    waiver = (clock.waived_at, clock.waived_by_id, clock.waive_reason)
    decided = (promise.verdict, promise.is_near_miss, waiver, tuple(promise.held.items()))
    answered = (promise.answered_at, clock.answered_by_id, promise.response)
    return (
        *(decided if promise.is_decided_here else ()),
        *(answered if promise.is_answered_here else ()),
    )


def causes(change: ChangedJudgement) -> Iterator[str]:
    """Why, in the words of the ledger: each once."""
    return iter(dict.fromkeys(recorded.line.cause for recorded in change.lines if recorded.line.cause))
