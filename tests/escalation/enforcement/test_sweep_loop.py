"""The sweep in rounds: what falls due within the minute is enforced in it; a queue that stops is not held up."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError

from customers.time_of_record import JumpWatch
from escalation.choices import ClockState
from escalation.enforcement import sweep as sweeping
from escalation.enforcement import sweep_loop
from escalation.enforcement.sweep import SweepReport
from escalation.enforcement.sweep_loop import sweep_in_rounds
from escalation.models import Escalation, Heartbeat
from tests.factories import CustomerFactory, set_desk, staff
from tests.talk import clock_of, minute, opened

pytestmark = pytest.mark.django_db


class Time:
    """A clock that stands still but for the pauses."""

    def __init__(self, start: datetime) -> None:
        self.now = start
        self.goes_on: Iterator[bool] | None = None

    def __call__(self) -> datetime:
        return self.now

    def pause(self, seconds: float) -> bool:
        self.now += timedelta(seconds=seconds)
        return next(self.goes_on) if self.goes_on is not None else True


@pytest.fixture
def ticket():
    set_desk(duty_manager=staff("duty"))
    ann = staff("ann", reports_to=staff("boss"))
    return opened(contact=CustomerFactory(account_manager=ann).contacts.create(email="li@company.example"))


def run(start: datetime, **more: object) -> Time:
    now = Time(start)
    sweep_in_rounds(read_clock=now, pause=now.pause, **more)  # type: ignore[arg-type]
    return now


def test_what_falls_due_within_the_minute_is_noticed_within_two_seconds(ticket):
    run(minute(29.5))
    clock = clock_of(ticket)
    assert timedelta(0) <= clock.detected_at - clock.due_at <= timedelta(seconds=2)
    assert Escalation.objects.filter(step__percent=100).count() == 1


def test_the_rounds_end_with_their_minute():
    end = run(minute(0)).now
    assert end == minute(1)


def test_a_flood_is_worked_without_pauses_and_queried_anew_every_few_seconds(monkeypatch):
    queried_at = []

    def flooded(*, now: datetime, seconds: float, failed: Counter[int]) -> SweepReport:
        queried_at.append(seconds)
        return SweepReport(acted=1, left=3 - len(queried_at))

    monkeypatch.setattr(sweep_loop, "sweep", flooded)
    now = Time(minute(0))
    pauses: list[float] = []
    now.goes_on = iter([True, True, False])
    sweep_in_rounds(read_clock=now, pause=lambda seconds: pauses.append(seconds) or now.pause(seconds))
    assert pauses == [0, 0, sweep_loop.ROUND]
    assert queried_at == [5, 5, 5]


@pytest.mark.parametrize(("faults", "failed"), [(1, 0), (99, 1)])
def test_a_failing_promise_is_tried_twice_a_minute_and_counted_once(
    ticket, monkeypatch, faults: int, failed: int
):
    act, tried = sweeping.act_on_all, []

    def fails(clocks: Any, people: Any, *, now: datetime) -> Any:
        tried.append(now)
        if len(tried) <= faults:
            raise ValueError
        return act(clocks, people, now=now)

    monkeypatch.setattr(sweeping, "act_on_all", fails)
    now = Time(minute(40))
    report = sweep_in_rounds(read_clock=now, pause=now.pause)
    assert (len(tried), report.acted, report.failed) == (2, 1 - failed, failed)
    assert f"failed={failed}" in Heartbeat.objects.get(name="sweep").detail


def test_a_queue_that_is_being_stopped_waits_for_one_round_only():
    now = Time(minute(0))
    now.goes_on = iter([True, False])
    sweep_in_rounds(read_clock=now, pause=now.pause)
    assert now.now == minute(0) + timedelta(seconds=4)


def test_the_heartbeat_comes_with_the_first_round_and_every_ten_seconds(ticket):
    run(minute(29.5), seconds=5)
    assert Heartbeat.objects.get(name="sweep").at == minute(29.5)
    run(minute(29.5), seconds=33)
    beat = Heartbeat.objects.get(name="sweep")
    assert beat.at == minute(30)
    assert beat.detail == "acted=1 busy=0 settled=0 failed=0 left=0"


def test_the_external_monitor_is_called_once_a_minute(monkeypatch: pytest.MonkeyPatch):
    called: list[datetime] = []
    ping: Callable[..., None] = lambda *, now: called.append(now)  # noqa: E731
    monkeypatch.setattr(sweep_loop, "ping_outside", ping)
    run(minute(0))
    assert called == [minute(0)]


def failing(monkeypatch: pytest.MonkeyPatch, *rounds_that_fail: int) -> None:
    """The database is away in these rounds."""
    numbers, real = count(), sweep_loop.sweep

    def sweep(**given: Any) -> SweepReport:
        if next(numbers) in rounds_that_fail:
            raise OperationalError("the connection is closed")
        return real(**given)

    monkeypatch.setattr(sweep_loop, "sweep", sweep)


@pytest.mark.parametrize("away", [(0,), (0, 1, 2), (3, 4)])
def test_a_database_that_is_away_for_a_moment_costs_only_the_rounds_of_that_moment(ticket, monkeypatch, away):
    failing(monkeypatch, *away)
    run(minute(29.9))
    clock = clock_of(ticket)
    assert timedelta(0) <= clock.detected_at - clock.due_at <= timedelta(seconds=6)
    assert Heartbeat.objects.filter(name="sweep").exists()


def test_a_run_with_the_database_down_throughout_fails_without_a_heartbeat(monkeypatch):
    failing(monkeypatch, *range(100))
    with pytest.raises(OperationalError):
        run(minute(0))
    assert not Heartbeat.objects.filter(name="sweep").exists()


def test_two_hosts_sweep_at_once_and_neither_gives_way(ticket):
    first, second = Time(minute(29.5)), Time(minute(29.5))

    def pause(seconds: float) -> bool:
        if first.now == minute(29.5):
            sweep_in_rounds(read_clock=second, pause=second.pause)
        return first.pause(seconds)

    sweep_in_rounds(read_clock=first, pause=pause)
    assert (first.now, second.now) == (minute(30.5), minute(30.5))
    assert Escalation.objects.filter(step__percent=100).count() == 1


def test_whoever_starts_it_hears_of_each_heartbeat(monkeypatch: pytest.MonkeyPatch):
    """With the database away there is none."""
    failing(monkeypatch, 0, 1)
    heard: list[datetime] = []
    run(minute(0), seconds=26, swept=heard.append)
    assert heard == [minute(0) + timedelta(seconds=seconds) for seconds in (4, 14, 24)]


class JumpingTime(Time):
    """Jumps by ``by`` in the first pause, and back in the next one if it ``returns``."""

    def __init__(self, start: datetime, by: timedelta, *, returns: bool = False) -> None:
        super().__init__(start)
        self.steps = [by, -by if returns else timedelta()]
        self.steady = 0.0
        self.watch = JumpWatch()

    def pause(self, seconds: float) -> bool:
        self.steady += seconds
        self.now += self.steps.pop(0) if self.steps else timedelta()
        return super().pause(seconds)

    def find_jump(self) -> timedelta | None:
        return self.watch.look(self.now, self.steady)


def run_jumping(time: JumpingTime) -> None:
    sweep_in_rounds(read_clock=time, pause=time.pause, find_jump=time.find_jump)


def test_a_time_that_jumps_for_a_moment_enforces_nothing(ticket):
    """An hour ahead, the promise of half an hour would be broken, which nobody can take back."""
    time = JumpingTime(minute(0), timedelta(hours=1), returns=True)
    run_jumping(time)
    late = Escalation.objects.filter(step__percent__gt=0)
    assert (clock_of(ticket).state, late.count()) == (ClockState.RUNNING, 0)
    assert timedelta(seconds=60) <= time.now - minute(0) < timedelta(seconds=67)


def test_a_jump_that_stays_is_believed_by_the_next_round(ticket):
    time = JumpingTime(minute(0), timedelta(hours=1))
    run_jumping(time)
    assert clock_of(ticket).detected_at == minute(60) + timedelta(seconds=4)
    assert time.steady == pytest.approx(60, abs=2)


def test_after_a_jump_back_the_sweep_goes_on_with_its_heartbeat(ticket):
    time = JumpingTime(minute(0), -timedelta(hours=1))
    run_jumping(time)
    assert minute(-60) < Heartbeat.objects.get(name="sweep").at < minute(-58)
    assert time.steady == pytest.approx(60, abs=2)


def test_a_jump_leaves_a_heartbeat_that_says_how_far(ticket):
    run_jumping(JumpingTime(minute(0), -timedelta(hours=1)))
    row = Heartbeat.objects.get(name="time-jump")
    assert (row.at, row.detail.split()[0]) == (minute(-60) + timedelta(seconds=2), "-3600")
