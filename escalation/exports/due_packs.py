"""Makes every pack that is due, oldest first, and the corrections of what turned out otherwise since."""

import logging
from collections import defaultdict
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from escalation.exports.changed_judgements import changes_of
from escalation.exports.due_weeks import desk_zone, last_due_week, missing_weeks
from escalation.exports.pack import correct_week, export_week
from escalation.lib.weeks import Week, parse_week
from escalation.models import WeeklyExport

logger = logging.getLogger(__name__)


def make_due_packs(*, at: datetime) -> list[WeeklyExport]:
    """Make what each Monday until now should have made: the pack of its week, and corrections of the weeks before.

    After an outage the Mondays follow each other as they would have, so that the same revisions come out. A week that
    fails holds up no other; its error is raised at the end, and the next run tries it again. Two queries if nothing
    is due.
    """
    made: list[WeeklyExport] = []
    errors: list[Exception] = []
    for week in missing_weeks(at):
        try:
            made.append(export_week(week=week, at=at, actor=None))
            made += correct_weeks(as_of=_end(week), at=at)
        except Exception as error:
            logger.exception("The weekly pack of %s failed; the next run tries again.", week)
            errors.append(error)
    made += correct_weeks(as_of=_end(last_due_week(at)), at=at)
    if errors:
        raise errors[0]
    return made


def _end(week: Week) -> datetime:
    return week.bounds(desk_zone())[1]


def correct_weeks(*, as_of: datetime, at: datetime) -> list[WeeklyExport]:
    """Correct each frozen week of which something judged turned out otherwise by what was recorded before ``as_of``.

    Then the latest revisions of all weeks add up to the ledger of that moment. A run that dies is taken up by the next.
    """
    by_time: defaultdict[datetime, dict[Week, WeeklyExport]] = defaultdict(dict)
    for export in _latest_revisions().filter(checked_until__lt=as_of).order_by("week"):
        by_time[export.checked_until][parse_week(export.week)] = export
    corrections = []
    for since, latest in sorted(by_time.items()):
        changes = changes_of(list(latest), since=since, until=as_of)
        corrections += [
            correct_week(latest=latest[week], changes=changes[week], as_of=as_of, at=at)
            for week in sorted(changes)
        ]
        unchanged = [export.pk for week, export in latest.items() if week not in changes]
        WeeklyExport.objects.filter(pk__in=unchanged).update(checked_until=as_of)
    return corrections


def _latest_revisions() -> QuerySet[WeeklyExport]:
    later = WeeklyExport.objects.filter(week=OuterRef("week"), revision__gt=OuterRef("revision"))
    return WeeklyExport.objects.filter(~Exists(later))
