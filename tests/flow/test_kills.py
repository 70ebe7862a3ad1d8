"""Processes of the queue are killed: the desk notices, heals, and leaves nothing behind."""

import os
import re
import signal
import sys
import time
from datetime import datetime

import pytest
from django.utils import timezone
from django_q.models import Schedule

from escalation.models import Heartbeat
from supportdesk.models import Cluster
from tests.flow.desk import FreshDesk
from tests.flow.waiting import until

pytestmark = [pytest.mark.flow, pytest.mark.usefixtures("rows")]


# What the desk must notice and mend, whatever it was that died.
NOTICED_WITHIN = 90.0
ENDED = re.compile(r"^desk +\| cluster: (exited by itself|gave no sign of life)", re.MULTILINE)
ROLES = {
    "worker": r"ready for work at (\d+)",
    "monitor": r"monitoring at (\d+)",
    "pusher": r"pushing tasks at (\d+)",
    "sweep": r"lane of enforcement does sweep at (\d+)",
}


def cluster(desk: FreshDesk) -> list[int]:
    """Main process, sentinel, three workers, monitor, pusher and the lane of three, in the order of their start."""
    return sorted(number for number in desk.processes() if b"qcluster" in desk.command(number))


def whole_cluster(desk: FreshDesk) -> list[int]:
    until(lambda: len(cluster(desk)) == 10, "ten processes of the cluster", 60)
    return cluster(desk)


def members(desk: FreshDesk, role: str) -> list[int]:
    named = {int(number) for number in re.findall(ROLES[role], desk.words)}
    return sorted(named & set(cluster(desk)))


def worked_at() -> datetime | None:
    """When a task of the desk's cluster last went all the way."""
    return Cluster.objects.values_list("worked_at", flat=True).order_by("-seen_at").first()


def busy_worker(desk: FreshDesk) -> int:
    """Of a long task that is at work now."""
    code = (
        "import time; from django_q.tasks import async_task; async_task('time.sleep', 200, task_name='nap')"
    )
    desk.manage("shell", "-c", code)
    started = until(lambda: re.search(r"(Process-\w+) processing nap ", desk.words), "a worker is at work")
    ready = re.search(rf"{started[1]} ready for work at (\d+)", desk.words)
    assert ready
    return int(ready[1])


def victim(desk: FreshDesk, role: str) -> int:
    main, sentinel, *_children = whole_cluster(desk)
    match role:
        case "main":
            return main
        case "sentinel":
            return sentinel
        case "busy worker":
            return busy_worker(desk)
        case "idle worker":
            return members(desk, "worker")[0]
        case _:
            return members(desk, role)[0]


@pytest.mark.parametrize(
    "role", ["main", "sentinel", "idle worker", "busy worker", "monitor", "pusher", "sweep"]
)
def test_whichever_process_of_the_cluster_dies_it_is_replaced_as_a_whole_and_works(
    desk: FreshDesk, role: str
) -> None:
    until(worked_at, "the cluster works", 60)
    number, old_cluster, lines_before = victim(desk, role), whole_cluster(desk), len(desk.words)
    os.kill(number, signal.SIGKILL)
    began = time.monotonic()
    until(
        lambda: ENDED.search(desk.words[lines_before:]), f"the death of the {role} is noticed", NOTICED_WITHIN
    )
    noticed = time.monotonic() - began
    until(
        lambda: not set(old_cluster) & set(cluster(desk)),
        f"nothing is left of the cluster without its {role}",
    )
    whole_cluster(desk)
    until(worked_at, "a task is done again", 90)
    sys.stderr.write(f"{role}: noticed in {noticed:.1f} s, at work in {time.monotonic() - began:.1f} s\n")


def test_a_cluster_that_hangs_is_noticed_by_what_it_does_not_get_done(desk: FreshDesk) -> None:
    until(worked_at, "the cluster works", 60)
    old_cluster, lines_before = whole_cluster(desk), len(desk.words)
    (pusher,) = members(desk, "pusher")
    os.kill(pusher, signal.SIGSTOP)
    began = time.monotonic()
    until(lambda: ENDED.search(desk.words[lines_before:]), "the silence is noticed", NOTICED_WITHIN)
    sys.stderr.write(f"stopped pusher: noticed in {time.monotonic() - began:.1f} s\n")
    until(lambda: not set(old_cluster) & set(cluster(desk)), "nothing is left of the silent cluster", 60)
    whole_cluster(desk)


def test_a_malformed_schedule_row_is_repaired_while_the_desk_runs(desk: FreshDesk) -> None:
    until(worked_at, "the cluster works", 60)
    Schedule.objects.filter(name="fetch-mail").update(args="this does not evaluate")
    Schedule.objects.create(name="weekly report", func="print", args="(", next_run=timezone.now())
    until(lambda: not Schedule.objects.exclude(args=None).exists(), "the rows are repaired", NOTICED_WITHIN)
    assert "repaired fetch-mail; removed weekly report" in Heartbeat.objects.get(name="schedules").detail
    before = Heartbeat.objects.values_list("at", flat=True).get(name="sweep")
    until(lambda: Heartbeat.objects.get(name="sweep").at > before, "a new sweep", 120)


def test_a_killed_supervisor_leaves_no_orphan(desk: FreshDesk) -> None:
    assert desk.process
    desk.process.kill()
    until(lambda: desk.processes() == [], "no process of the desk is left")
