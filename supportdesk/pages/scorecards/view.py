"""The page of scorecards. Each reader sees their own lines; another's is as if it did not exist."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from customers import time_of_record
from customers.access import sees_all
from escalation.exports.bulk_reading import People, load_people
from escalation.exports.promises import JudgedPromise, promises_of
from escalation.exports.scorecard import incidents_of
from escalation.lib.garbage import rare_garbage_collection
from escalation.lib.weeks import CoveredTime
from escalation.scorecards.counting import ScoreCount
from escalation.scorecards.dimensions import Dimension, LineKeys, name_of_none, names_of
from escalation.scorecards.figures import ScoreLine
from escalation.scorecards.heat_map import Heat, arrivals, breaches, due_times, people_on_duty
from escalation.scorecards.periods import ScorePeriod
from escalation.scorecards.readers import ScoreReader, reader_of_scores
from escalation.scorecards.solved_tickets import ends_of
from escalation.scorecards.weekly_trend import TrendWeek, count_all_weeks, count_weeks, trend_weeks
from supportdesk.pages.scorecards.choice import ScoreChoice, read_choice
from supportdesk.pages.scorecards.columns import GROUPS, ShownLine, cells_of
from supportdesk.pages.scorecards.drawing import HeatTable, bars_of, duty_table, heat_table

MAY_READ = "escalation.view_clock"


def scorecards_page(request: HttpRequest, site_context: dict[str, Any]) -> HttpResponse:
    """404 for a line that is not the reader's to read, whether there is such a line or not."""
    if not request.user.has_perm(MAY_READ):
        raise PermissionDenied
    chosen = read_choice(request.GET, now=time_of_record.now())
    reader = reader_of_scores(request.user, chosen.period)
    if chosen.key is not None and not reader.may_read(chosen.dimension, chosen.key):
        raise Http404
    people, weeks = load_people(), trend_weeks(chosen.period)
    promises = _promises(chosen, weeks)
    desk, lines = _counted(chosen, reader, people, promises)
    if chosen.key is None:
        count_all_weeks(weeks, reader)
    else:
        count_weeks(weeks, _of_the_line(promises, chosen, reader, people))
    of_line = (Dimension.DESK, "") if chosen.key is None else (chosen.dimension, chosen.key)
    names = names_of(chosen.dimension, people)
    context = {
        **site_context,
        "title": _("Scorecards"),
        "is_fullwidth": "1",
        "chosen": chosen,
        "periods": [(each, each == chosen.named) for each in ScorePeriod],
        "dimensions": [(each, chosen.query(dimension=each)) for each in Dimension if each != Dimension.DESK],
        "groups": GROUPS,
        "desk": _shown(desk, Dimension.DESK, _desk_name(request), chosen),
        "lines": [_shown(line, chosen.dimension, _name(key, names, chosen), chosen) for key, line in lines],
        "line_name": None if chosen.key is None else _name(chosen.key, names, chosen),
        "trend": bars_of(weeks, dimension=of_line[0], key=of_line[1]),
        "heat": _heat(promises, chosen.period, reader) if chosen.key is None else [],
    }
    return TemplateResponse(request, "supportdesk/scorecards.html", context)


def _promises(chosen: ScoreChoice, weeks: Sequence[TrendWeek]) -> Sequence[JudgedPromise]:
    """The period's promises; for one line alone those of the weeks before as well, whose trend it shows."""
    period, start = chosen.period, chosen.period.start
    if chosen.key is not None:
        start = min(start, weeks[0].period.start)
    wide = CoveredTime(zone=period.zone, start=start, end=period.end, as_of=period.as_of)
    with rare_garbage_collection():
        return list(promises_of(wide))


def _counted(
    chosen: ScoreChoice, reader: ScoreReader, people: People, promises: Sequence[JudgedPromise]
) -> tuple[ScoreLine, list[tuple[str, ScoreLine]]]:
    """The line of all that the reader sees, and the lines asked for."""
    incidents, ends = list(incidents_of(chosen.period)), list(ends_of(chosen.period))
    counts = [
        ScoreCount(dimension, people=people, reader=reader, period=chosen.period)
        for dimension in (Dimension.DESK, chosen.dimension)
    ]
    for count in counts:
        for promise in promises:
            count.add_promise(promise)
        count.add_incidents(incidents)
        for end in ends:
            count.add_end(end)
    whole, asked = counts
    if chosen.key is not None:
        return whole.line(""), [(chosen.key, asked.line(chosen.key))]
    return whole.line(""), list(asked.lines().items())


def _of_the_line(
    promises: Iterable[JudgedPromise], chosen: ScoreChoice, reader: ScoreReader, people: People
) -> Iterable[JudgedPromise]:
    """The promises of the line that was asked for."""
    seen = (promise for promise in promises if reader.sees_ticket(promise.clock.ticket_id))
    keys = LineKeys(chosen.dimension, people)
    return (promise for promise in seen if chosen.key in keys.of_outcome(promise))


def _shown(line: ScoreLine, dimension: Dimension, name: str, chosen: ScoreChoice) -> ShownLine:
    url = "" if dimension == Dimension.DESK else "?" + chosen.query(key=line.key)
    cells = cells_of(line, dimension=dimension, period=chosen.period)
    return ShownLine(name, url, cells, line.not_to_be_opened)


def _name(key: str, names: Mapping[str, str], chosen: ScoreChoice) -> str:
    return names.get(key) or name_of_none(chosen.dimension)


def _desk_name(request: HttpRequest) -> str:
    return name_of_none(Dimension.DESK) if sees_all(request.user) else _("All tickets that you see")


def _heat(promises: Sequence[JudgedPromise], period: CoveredTime, reader: ScoreReader) -> Sequence[HeatTable]:
    return [
        heat_table(Heat.ARRIVED, arrivals(period, reader), period),
        heat_table(Heat.DUE, due_times(period, reader), period),
        heat_table(Heat.BREACHED, breaches(promises, period, reader), period),
        duty_table(people_on_duty(period)),
    ]
