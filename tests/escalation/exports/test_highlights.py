"""The worst breaches and nearest misses of a week, ranked in windows of the promise."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from escalation.choices import ClockKind, ClockState
from escalation.exports.bulk_reading import NOBODY, NamedPerson
from escalation.exports.clock_rows import ClockRow
from escalation.exports.highlights import COLUMNS, MOST_NEAR, MOST_WORST, Highlights
from escalation.exports.promises import JudgedPromise, Verdict
from tests.factories import NOW

PEOPLE = {None: NOBODY, 1: NamedPerson("ann", "Ann", "North")}
MINUTE = timedelta(minutes=1)


def promise(pk, *, state=ClockState.BREACHED, window=30, margin=30, near=False, counts=True, priority=0):
    clock = ClockRow._make([None] * len(ClockRow._fields))._replace(
        pk=pk, ticket_id=pk, kind=ClockKind.FIRST_RESPONSE.value, minutes=window, priority=priority, due_at=NOW
    )  # fmt: skip
    return JudgedPromise(
        clock=clock,
        verdict=Verdict(state, NOW),
        is_decided_here=counts,
        answered_at=None,
        is_answered_here=False,
        response=None,
        margin=margin * MINUTE,
        is_near_miss=near,
        held={1: 10 * MINUTE},
    )


def ranked(*promises):
    highlights = Highlights()
    for each in promises:
        highlights.add(each)
    rows = highlights.rows(people=PEOPLE, zone=ZoneInfo("Asia/Shanghai"))
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def near(pk, **fields):
    return promise(pk, state=ClockState.MET, near=True, **fields)


def test_a_breach_is_ranked_by_its_delay_in_windows():
    rows = ranked(
        promise(1, window=1440, margin=600), promise(2, window=30, margin=60), promise(3, margin=31)
    )
    assert [(row["rank"], row["promise"]) for row in rows] == [(1, 2), (2, 3), (3, 1)]
    assert (rows[0]["overdue_seconds"], rows[0]["left_seconds"], rows[0]["held_by"]) == (
        3600,
        None,
        "ann 600",
    )


def test_of_equal_delays_the_more_urgent_is_worse():
    assert [row["promise"] for row in ranked(promise(1, priority=2), promise(2, priority=1))] == [2, 1]


def test_only_the_worst_are_kept_whatever_came_first():
    promises = [promise(number, margin=number) for number in range(1, 20)]
    expected = list(range(19, 19 - MOST_WORST, -1))
    assert [row["promise"] for row in ranked(*promises)] == expected
    assert [row["promise"] for row in ranked(*reversed(promises))] == expected


def test_near_misses_come_after_breaches_and_the_nearest_first():
    rows = ranked(near(1, margin=3), near(2, margin=1), promise(3), *(near(pk) for pk in range(4, 20)))
    assert [(row["highlight"], row["promise"]) for row in rows[:3]] == [
        ("worst breach", 3),
        ("near miss", 2),
        ("near miss", 1),
    ]
    assert len(rows) == 1 + MOST_NEAR
    assert rows[1]["left_seconds"] == 60


def test_what_was_decided_in_another_week_or_met_in_good_time_is_no_highlight():
    assert ranked(promise(1, counts=False), promise(2, state=ClockState.MET)) == []
