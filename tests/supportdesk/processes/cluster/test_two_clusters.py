"""Two clusters on one database: whatever the living one does, the dead one is seen to be dead."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
import time_machine
from django_q.brokers import get_broker
from django_q.conf import Conf

from supportdesk.models import Cluster
from supportdesk.processes.cluster import probe as probing
from supportdesk.processes.cluster.cluster_name import VARIABLE, new_name, queue_of
from supportdesk.processes.cluster.orm_broker import OwnOrm
from supportdesk.processes.cluster.probe import ClusterProbe
from supportdesk.processes.cluster.reports import WorkMark, register_cluster, report_alive
from supportdesk.processes.runner.parts import Liveness

SHARED = "supportdesk"
EVERY = timedelta(seconds=15)


class Connections:
    def close_all(self) -> None:
        """The test goes on with its connection."""


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the database, asked in the test's own thread."""
    monkeypatch.setattr(Conf, "POLL", 0)
    monkeypatch.setattr(probing, "connections", Connections())
    monkeypatch.setattr("django_q.tasks.get_broker", get_broker)


@contextmanager
def inside(name: str) -> Iterator[None]:
    """As a process of that cluster."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(VARIABLE, name)
        yield


def work(name: str, now: datetime) -> int:
    """The cluster does all it finds, and its sentinel says so; how many tasks that were."""
    done, mark = 0, WorkMark()
    with inside(name):
        report_alive(workers=3, busy=0, now=now)
        while tasks := OwnOrm(SHARED).dequeue():
            for key, _payload in tasks:
                OwnOrm(SHARED).acknowledge(key)
                mark(task={"func": "supportdesk.processes.cluster.probe_task.show_life"})
                done += 1
    return done


@pytest.mark.django_db
def test_a_cluster_that_died_is_silent_though_another_does_all_the_work(
    now: datetime, frozen: time_machine.Traveller
) -> None:
    dead, living = new_name(), new_name()
    for name in (dead, living):
        with inside(name):
            register_cluster(now=now)
    probes = {name: ClusterProbe(name, leaves_task=True) for name in (dead, living)}
    answers: dict[str, list[Liveness]] = {dead: [], living: []}
    for _round in range(4):
        OwnOrm(SHARED).enqueue("a sweep")
        for name in (dead, living):
            answers[name].append(probes[name]().answer)
        now += EVERY
        frozen.move_to(now)
        assert work(living, now) == 2  # what all share, and its own question
    assert answers == {dead: [Liveness.SILENT] * 4, living: [Liveness.SILENT, *[Liveness.ALIVE] * 3]}
    assert Cluster.objects.get(name=dead).worked_at is None
    assert get_broker(queue_of(dead)).queue_size() == 1


def test_two_clusters_with_the_same_host_and_process_number_get_different_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in containers that share the network of their host, where the first process is number 1 in each."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(socket, "gethostname", lambda: "desk.example.com")
    names = {new_name() for _cluster in range(50)}
    assert len(names) == 50
    assert {name.rpartition(":")[0] for name in names} == {"desk.example.com"}


def test_the_longest_cluster_name_fits_its_column_and_its_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 4_194_304)
    monkeypatch.setattr(socket, "gethostname", lambda: "h" * 255)
    name = new_name()
    assert len(name) <= 90
    assert len(queue_of(name)) <= 100
