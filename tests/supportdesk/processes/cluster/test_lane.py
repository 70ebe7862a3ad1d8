"""The lane of enforcement: each process does its job until the cluster ends, and shows that it does."""

import os
import time
from types import SimpleNamespace
from typing import Any

import pytest

from supportdesk.processes.cluster import lane as module
from supportdesk.processes.cluster.lane import LaneProcess, Pulse, do_safely, end_lane, run_job
from supportdesk.tasks import LANE


@pytest.fixture
def pulse(monkeypatch: pytest.MonkeyPatch) -> Pulse:
    """Of a process of this cluster; its time passes only while it waits."""
    clock = [1000.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(module.time, "sleep", sleep)
    monkeypatch.setattr(module.signal, "signal", lambda number, handler: None)
    monkeypatch.setattr(module, "begin_work", lambda kind: None)
    monkeypatch.setattr(module.connections, "close_all", lambda: None)
    return Pulse(parent=os.getppid())


def alive(pulse: Pulse, status: int | None = None) -> LaneProcess:
    return LaneProcess("sweep", SimpleNamespace(is_alive=lambda: status is None, exitcode=status), pulse)  # type: ignore[arg-type]


def test_a_job_is_done_again_and_again_until_the_process_is_told_to_end(pulse: Pulse) -> None:
    turns: list[float] = []

    def job(pause: Any) -> None:
        turns.append(pulse.beaten_at.value)
        if len(turns) == 3:
            pulse.stop()
        pause(2.0)

    run_job("sweep", job, pulse)
    assert turns == [1000.0, 1002.0, 1004.0]


@pytest.mark.parametrize("end", ["the cluster ends", "the main process is gone"])
def test_a_rest_ends_with_the_cluster(pulse: Pulse, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    monkeypatch.setattr(module, "is_ending", lambda: end == "the cluster ends" and time.monotonic() > 1003)
    monkeypatch.setattr(module.os, "getppid", lambda: pulse.parent + (end != "the cluster ends"))
    assert pulse.pause(60.0) is False
    assert time.monotonic() < 1005


def test_a_fault_ends_neither_the_job_nor_the_process(pulse: Pulse, caplog: pytest.LogCaptureFixture) -> None:
    def job(pause: Any) -> None:
        raise ValueError("a column is missing")

    do_safely("sweep", job, pulse)
    assert "The lane of enforcement failed at sweep" in caplog.text
    assert pulse.beaten_at.value == 1000.0 + module.REST_AFTER_FAULT


def test_a_process_that_died_or_hangs_is_a_fault(pulse: Pulse, settings: Any) -> None:
    settings.Q_CLUSTER = {"timeout": 240}
    assert alive(pulse).fault(1240.0) == ""
    assert alive(pulse).fault(1241.0) == "hung for 241 seconds"
    assert alive(pulse, -9).fault(1000.0) == "died (exit status -9)"


def test_the_end_waits_for_what_is_under_way_and_for_no_more(pulse: Pulse) -> None:
    said: list[Any] = []

    def join(seconds: float) -> None:
        said.append(seconds)
        module.time.sleep(15)

    process = SimpleNamespace(join=join, kill=lambda: said.append("killed"))
    end_lane([LaneProcess("sweep", process, pulse), LaneProcess("page", process, pulse)], 20)  # type: ignore[arg-type]
    assert said == [20.0, "killed", 5.0, "killed"]


def test_the_lane_sweeps_and_pages() -> None:
    assert list(LANE) == ["sweep", "page", "mail-pages"]
