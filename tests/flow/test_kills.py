"""Processes of the queue are killed: the desk notices, heals, and leaves nothing behind."""

import os
import re
import signal
from datetime import datetime

import pytest

from escalation.models import Heartbeat
from tests.flow.desk import FreshDesk
from tests.flow.waiting import until

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("rows")]


def cluster(desk: FreshDesk) -> list[int]:
    """Main process, sentinel, two workers, monitor and pusher, in the order of their start."""
    return sorted(number for number in desk.processes() if b"qcluster" in desk.command(number))


def whole_cluster(desk: FreshDesk) -> list[int]:
    until(lambda: len(cluster(desk)) == 6, "six processes of the cluster")
    return cluster(desk)


def workers(desk: FreshDesk) -> list[int]:
    named = {int(number) for number in re.findall(r"ready for work at (\d+)", desk.words)}
    return sorted(named & set(cluster(desk)))


def last_sweep() -> datetime | None:
    return Heartbeat.objects.filter(name="sweep").values_list("at", flat=True).first()


def wait_for_a_new_sweep(desk: FreshDesk, seconds: float) -> None:
    before = last_sweep()
    until(lambda: last_sweep() != before, "a new sweep", seconds)


@pytest.mark.parametrize(("place", "what"), [(0, "main process"), (1, "sentinel")])
def test_a_cluster_without_its_head_is_replaced_as_a_whole(desk: FreshDesk, place: int, what: str) -> None:
    whole = whole_cluster(desk)
    os.kill(whole[place], signal.SIGKILL)
    until(lambda: not set(whole) & set(cluster(desk)), f"nothing is left of the cluster without its {what}")
    whole_cluster(desk)


def test_a_cluster_whose_idle_workers_were_killed_sweeps_again(desk: FreshDesk) -> None:
    wait_for_a_new_sweep(desk, 120)
    for worker in workers(desk):
        os.kill(worker, signal.SIGKILL)
    wait_for_a_new_sweep(desk, 300)


def test_a_killed_supervisor_leaves_no_orphan(desk: FreshDesk) -> None:
    assert desk.process
    desk.process.kill()
    until(lambda: desk.processes() == [], "no process of the desk is left")
