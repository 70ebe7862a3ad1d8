"""Warns about hours in which nobody is on duty in a rota that a round-the-clock promise depends on."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.utils.translation import ngettext

from customers.times import moment
from escalation.duty.coverage_gaps import Gap, gaps_that_matter
from supportdesk.monitoring.check_results import Check, CheckResult


def coverage_warnings(now: datetime) -> Iterator[CheckResult]:
    """One result per rota with gaps, which names the first gap of the next 14 days."""
    by_rota: dict[int, list[Gap]] = {}
    for gap in gaps_that_matter(at=now):
        by_rota.setdefault(gap.rota.pk, []).append(gap)
    for gaps in by_rota.values():
        yield CheckResult(Check.COVERAGE, _sentence(gaps))


def _sentence(gaps: Sequence[Gap]) -> str:
    first = gaps[0]
    text = ngettext(
        "Nobody on %(rota)s can be reached from %(from)s to %(to)s. Put somebody on duty.",
        "In the next 14 days nobody on %(rota)s can be reached %(count)s times, first from "
        "%(from)s to %(to)s. Put somebody on duty.",
        len(gaps),
    )
    times = {"from": moment(first.starts_at), "to": moment(first.ends_at)}
    return text % {"rota": first.rota.name, "count": len(gaps), **times}
