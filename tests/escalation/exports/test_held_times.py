"""How long each person held a promise."""

from datetime import timedelta

from escalation.exports.promises import Holding, held_times
from escalation.working_time.due_time import WorkingHours
from tests.factories import NOW

PLAIN = WorkingHours("Asia/Shanghai", always_open=True)
MINUTE = timedelta(minutes=1)
ANN, BOB = 1, 2


def held(*turns, hours=PLAIN, minutes=60):
    holdings = [Holding(NOW + at * MINUTE, holder) for at, holder in turns]
    times = held_times(holdings, hours=hours, start=NOW, until=NOW + minutes * MINUTE)
    return {holder: time / MINUTE for holder, time in times.items()}


def test_one_holder_held_it_all():
    assert held((0, ANN)) == {ANN: 60}


def test_each_holds_it_until_it_is_handed_over():
    assert held((0, ANN), (45, BOB)) == {ANN: 45, BOB: 15}


def test_coming_back_adds_up():
    assert held((0, ANN), (10, BOB), (30, ANN)) == {ANN: 40, BOB: 20}


def test_what_happens_after_the_due_time_is_nobodys_time():
    assert held((0, ANN), (60, BOB), (90, ANN)) == {ANN: 60}


def test_a_line_written_before_the_start_reaches_into_it():
    assert held((-30, ANN), (-10, BOB), (20, ANN)) == {BOB: 20, ANN: 40}


def test_only_working_time_is_held():
    office = WorkingHours("UTC", weekly=[[(12 * 60, 12 * 60 + 30)]] * 7)  # NOW is noon
    assert held((0, ANN), (20, BOB), hours=office) == {ANN: 20, BOB: 10}
    assert held((0, ANN), (40, BOB), hours=office) == {ANN: 30}


def test_a_clock_without_lines_names_nobody():
    assert held() == {}
