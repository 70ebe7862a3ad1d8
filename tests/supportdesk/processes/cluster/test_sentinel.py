"""Whichever process of a cluster dies, the cluster ends; only a recycled worker is replaced."""

import contextlib
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone
from django_q.cluster import Sentinel
from django_q.models import Schedule

from supportdesk.models import Cluster
from supportdesk.processes.cluster import sentinel as module
from supportdesk.processes.cluster import sentinel_watch as watching
from supportdesk.processes.cluster.sentinel import FAULT, RECYCLED, StrictSentinel, guarded_at
from supportdesk.processes.cluster.sentinel_watch import watch_sentinel
from supportdesk.processes.runner.liveness_probe import LivenessProbe
from supportdesk.processes.runner.parts import Liveness, Sign
from supportdesk.schedules import sync_schedules

IDLE, BUSY = -1, 240


@dataclass(eq=False)
class FakeProcess:
    """A child of the sentinel; `rounds` more looks at it, then its task is done."""

    left: float = IDLE
    rounds: int = 10**6
    alive: bool = True
    exitcode: int | None = None
    killed_at: int | None = None
    clock: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    @property
    def timer(self) -> Any:
        return SimpleNamespace(get_obj=lambda: SimpleNamespace(value=self.left))

    def is_alive(self) -> bool:
        self.rounds -= 1
        if self.rounds <= 0:
            self.left = IDLE
        return self.alive

    def kill(self) -> None:
        self.alive = False
        self.killed_at = next(self.clock)


@pytest.fixture
def sentinel(monkeypatch: pytest.MonkeyPatch) -> Any:
    """As after its start, with two idle workers and one at work; ending is only recorded."""
    guarded = StrictSentinel.__new__(StrictSentinel)
    clock = iter(range(10**9))
    guarded.pool = [FakeProcess(left, clock=clock) for left in (IDLE, IDLE, BUSY)]
    guarded.monitor, guarded.pusher = FakeProcess(clock=clock), FakeProcess(clock=clock)
    guarded.start_event, guarded.stop_event = multiprocessing.Event(), multiprocessing.Event()
    guarded.start_event.set()
    guarded.broker = None
    guarded.task_queue = guarded.result_queue = SimpleNamespace(empty=lambda: True)
    monkeypatch.setenv("DESK_CLUSTER", "here:1")
    monkeypatch.setattr(module, "scheduler", lambda *, broker: None)  # it closes the connection of the test
    monkeypatch.setattr(module.logging, "shutdown", lambda: None)
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(module.multiprocessing, "active_children", lambda: guarded.pool)
    monkeypatch.setattr(module.os, "_exit", leave)
    return guarded


@pytest.fixture(autouse=True)
def heard_by_tasks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The signals that running tasks receive."""
    heard: list[str] = []
    monkeypatch.setattr(module, "end_soon", lambda: heard.append("end soon"))
    return heard


def test_stopping_a_cluster_tells_its_tasks_to_end_soon(
    sentinel: Any, monkeypatch: pytest.MonkeyPatch, heard_by_tasks: list[str]
) -> None:
    monkeypatch.setattr(Sentinel, "stop", lambda self: heard_by_tasks.append("stopped"))
    sentinel.stop()
    assert heard_by_tasks == ["end soon", "stopped"]


def leave(status: int) -> None:
    raise SystemExit(status)


@pytest.mark.parametrize("role", ["monitor", "pusher", "idle worker", "busy worker"])
def test_whichever_process_dies_the_cluster_ends(
    sentinel: Any, role: str, caplog: pytest.LogCaptureFixture
) -> None:
    dead = {"monitor": sentinel.monitor, "pusher": sentinel.pusher, "idle worker": sentinel.pool[0]}.get(
        role, sentinel.pool[2]
    )
    dead.alive, dead.exitcode = False, -9
    sentinel.pool[2].rounds = 3
    with pytest.raises(SystemExit) as end:
        sentinel.reincarnate(dead)
    assert end.value.code == FAULT
    assert not any(worker.alive for worker in sentinel.pool)
    assert f"The {role.split()[-1]} of the cluster died (exit status -9)" in caplog.text


def test_running_tasks_are_finished_before_the_cluster_ends(sentinel: Any, heard_by_tasks: list[str]) -> None:
    busy = sentinel.pool[2]
    busy.rounds = 5
    with pytest.raises(SystemExit):
        sentinel.reincarnate(sentinel.monitor)
    assert (busy.left, heard_by_tasks) == (IDLE, ["end soon"])
    assert busy.killed_at > max(other.killed_at for other in [sentinel.pusher, *sentinel.pool[:2]])


def test_a_task_that_never_ends_is_killed(sentinel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(10**6))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(seconds)))
    with pytest.raises(SystemExit):
        sentinel.reincarnate(sentinel.monitor)
    assert (sentinel.pool[2].left, sentinel.pool[2].alive) == (BUSY, False)


def test_a_recycled_worker_is_replaced_as_ever(sentinel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[Any] = []
    monkeypatch.setattr(Sentinel, "reincarnate", lambda self, process: replaced.append(process))
    sentinel.pool[0].left = RECYCLED
    sentinel.reincarnate(sentinel.pool[0])
    assert replaced == [sentinel.pool[0]]


@pytest.mark.django_db
def test_the_guard_reports_every_ten_seconds(sentinel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: seconds[0])
    sentinel.status()
    row = Cluster.objects.get()
    assert (row.workers, row.busy, guarded_at.value) == (3, 1, 100.0)
    for seconds[0], is_reported in ((109.5, False), (110.0, True)):
        Cluster.objects.all().delete()
        sentinel.status()
        assert Cluster.objects.exists() is is_reported
    assert guarded_at.value == 110.0


@pytest.mark.django_db
def test_the_guard_repairs_schedules(sentinel: Any, now: datetime, caplog: pytest.LogCaptureFixture) -> None:
    sync_schedules(now=now)
    Schedule.objects.filter(name="fetch-mail").update(args="this does not evaluate")
    sentinel.status()
    assert not Schedule.objects.exclude(args=None).exists()
    assert "Schedules were not as they should be: repaired" in caplog.text


def refuse(**_fields: Any) -> None:
    raise OperationalError("gone")


@pytest.mark.django_db
def test_a_new_cluster_runs_the_minute_tasks_at_once(
    sentinel: Any, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the cluster before was at; but only once, and as soon as the database is there."""
    looks: list[object] = []
    seconds = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(module, "scheduler", lambda *, broker: looks.append(broker))
    sync_schedules(now=now)
    later = timezone.now() + timedelta(seconds=55)
    Schedule.objects.update(next_run=later)
    with monkeypatch.context() as away:
        away.setattr(module, "report_alive", refuse)
        away.setattr(module.connection, "close", lambda: None)
        sentinel.status()
    assert looks == []
    for seconds[0] in (110.0, 120.0):
        sentinel.status()
    assert looks == [None]
    due = Schedule.objects.filter(next_run__lte=timezone.now())
    assert set(due) == set(Schedule.objects.filter(schedule_type=Schedule.MINUTES))
    assert {"absences", "process-mail"} <= {row.name for row in due}


def test_a_database_that_is_away_does_not_end_the_guard(
    sentinel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "report_alive", refuse)
    monkeypatch.setattr(module.connection, "close", lambda: None)
    assert sentinel.status() == "Idle"


def test_a_cluster_that_stops_reports_no_more(sentinel: Any) -> None:
    sentinel.stop_event.set()
    for process in (sentinel.monitor, sentinel.pusher):
        process.alive = False
    sentinel.pool.clear()
    assert sentinel.status() == "Stopped"


@dataclass
class FakeSentinel:
    """Lives for some seconds of the watch, then ends with its status."""

    seconds: int
    exitcode: int | None
    was_killed: bool = False

    def is_alive(self) -> bool:
        return self.seconds > 0

    def join(self, _seconds: int) -> None:
        self.seconds -= 1

    def kill(self) -> None:
        self.was_killed = True


@pytest.fixture
def no_signals(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Signs of life come at once and tell that all is well; a test may change what they tell."""
    monkeypatch.setattr(watching, "ClusterProbe", lambda name, leaves_task: lambda: Sign(Liveness.ALIVE))
    monkeypatch.setattr(watching, "LivenessProbe", partial(LivenessProbe, run_job=lambda job: job()))
    settings.CLUSTER_SILENCE_SECONDS = 60
    monkeypatch.setattr(watching.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(watching.os, "getpgrp", lambda: 0)
    guarded_at.value = time.monotonic()


@pytest.mark.usefixtures("no_signals")
def test_a_cluster_stopped_in_order_ends_without_an_error() -> None:
    sentinel = FakeSentinel(3, 0)
    watch_sentinel(sentinel)
    assert not sentinel.was_killed


@pytest.mark.usefixtures("no_signals")
@pytest.mark.parametrize("status", [-9, FAULT])
def test_a_dead_sentinel_ends_the_cluster_with_an_error_status(status: int) -> None:
    with pytest.raises(SystemExit) as end:
        watch_sentinel(FakeSentinel(3, status))
    assert end.value.code == FAULT


def test_a_signal_to_stop_ends_only_an_orphan(monkeypatch: pytest.MonkeyPatch) -> None:
    """systemd sends it to every process of a unit; the main process alone stops the others in order."""
    monkeypatch.setattr(module.multiprocessing, "parent_process", lambda: SimpleNamespace(pid=7))
    monkeypatch.setattr(module.os, "_exit", leave)
    monkeypatch.setattr(module.os, "getppid", lambda: 7)
    module.end_if_orphaned(15, None)
    monkeypatch.setattr(module.os, "getppid", lambda: 1)
    with pytest.raises(SystemExit) as end:
        module.end_if_orphaned(15, None)
    assert end.value.code == 143


def test_a_sentinel_that_fails_leaves_no_process_behind(
    sentinel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(Sentinel, "start", fail)
    monkeypatch.setattr(module.signal, "signal", lambda number, handler: None)
    with pytest.raises(OperationalError):
        sentinel.start()
    assert not any(worker.alive for worker in sentinel.pool)


@pytest.mark.usefixtures("no_signals")
@pytest.mark.parametrize(("silent", "ends"), [(50, False), (61, True)])
def test_a_sentinel_that_hangs_is_ended(silent: int, ends: bool) -> None:
    guarded_at.value = time.monotonic() - silent
    hung = FakeSentinel(3, 0)
    with contextlib.suppress(SystemExit):
        watch_sentinel(hung)
    assert hung.was_killed is ends


@pytest.mark.usefixtures("no_signals")
@pytest.mark.parametrize(
    ("answer", "seconds", "ends"),
    [
        (Liveness.SILENT, 60, False),
        (Liveness.SILENT, 62, True),
        (Liveness.UNKNOWN, 300, False),
        (Liveness.ALIVE, 300, False),
    ],
)
def test_a_cluster_that_finishes_no_task_ends_by_itself(
    monkeypatch: pytest.MonkeyPatch, answer: Liveness, seconds: int, ends: bool
) -> None:
    clock = [1000.0]

    def join(self: FakeSentinel, _seconds: int) -> None:
        self.seconds -= 1
        guarded_at.value = clock[0] = clock[0] + 1

    monkeypatch.setattr(FakeSentinel, "join", join)
    monkeypatch.setattr(watching.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(watching, "ClusterProbe", lambda name, leaves_task: lambda: Sign(answer))
    silent = FakeSentinel(seconds, 0)
    with contextlib.suppress(SystemExit):
        watch_sentinel(silent)
    assert silent.was_killed is ends
