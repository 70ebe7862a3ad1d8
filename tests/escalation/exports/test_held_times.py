"""How long each person held a promise, in working time until it was due."""

from datetime import timedelta

from escalation.exports.clock_rows import Holding
from escalation.exports.promises import held_times
from escalation.working_time.due_time import WorkingHours
from tests.factories import NOW

PLAIN = WorkingHours("Asia/Shanghai", always_open=True)
MINUTE = timedelta(minutes=1)
ANN, BOB = 1, 2


def minutes_held(*turns, hours=PLAIN, minutes=60):
    holdings = [Holding(NOW + at * MINUTE, holder) for at, holder in turns]
    times = held_times(holdings, hours=hours, start=NOW, until=NOW + minutes * MINUTE)
    return {holder: time / MINUTE for holder, time in times.items()}


def test_a_single_holder_held_the_whole_time():
    assert minutes_held((0, ANN)) == {ANN: 60}


def test_each_holder_holds_the_promise_until_it_is_handed_over():
    assert minutes_held((0, ANN), (45, BOB)) == {ANN: 45, BOB: 15}


def test_a_holder_who_gets_the_promise_back_has_both_times_added():
    assert minutes_held((0, ANN), (10, BOB), (30, ANN)) == {ANN: 40, BOB: 20}


def test_time_after_the_due_time_counts_for_nobody():
    assert minutes_held((0, ANN), (60, BOB), (90, ANN)) == {ANN: 60}


def test_a_holder_from_before_the_start_counts_from_the_start():
    assert minutes_held((-30, ANN), (-10, BOB), (20, ANN)) == {BOB: 20, ANN: 40}


def test_only_working_time_counts_as_held():
    office = WorkingHours("UTC", weekly=[[(12 * 60, 12 * 60 + 30)]] * 7)  # NOW is noon
    assert minutes_held((0, ANN), (20, BOB), hours=office) == {ANN: 20, BOB: 10}
    assert minutes_held((0, ANN), (40, BOB), hours=office) == {ANN: 30}


def test_a_clock_without_lines_names_nobody():
    assert minutes_held() == {}
