"""Heartbeats only move forward."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from escalation.enforcement.heartbeats import beat, take_over
from escalation.models import Heartbeat
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_the_first_beat_makes_the_row():
    beat("sweep", at=NOW, detail="acted=1")
    assert list(Heartbeat.objects.values_list("name", "at", "detail")) == [("sweep", NOW, "acted=1")]


@pytest.mark.parametrize(("seconds", "moved"), [(-1, False), (0, True), (1, True)])
def test_an_older_beat_never_overwrites_a_newer_one(seconds, moved):
    beat("sweep", at=NOW, detail="first")
    beat("sweep", at=NOW + timedelta(seconds=seconds), detail="second")
    row = Heartbeat.objects.get()
    assert (row.detail == "second") is moved
    assert row.at == max(NOW, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "replaced"), [(60, False), (61, True), (3600, True)])
def test_a_heartbeat_from_the_future_is_overwritten(seconds, replaced):
    """It was written while a clock was wrong; kept, it would stand for a queue that is dead."""
    beat("sweep", at=NOW + timedelta(seconds=seconds), detail="wrong")
    beat("sweep", at=NOW, detail="right")
    assert (Heartbeat.objects.get().detail == "right") is replaced


def test_whoever_takes_over_last_is_named_whatever_the_times_say():
    for seconds, name in ((0, "first"), (30, "second"), (29, "third")):
        take_over("rounds", at=NOW + timedelta(seconds=seconds), detail=name)
    assert Heartbeat.objects.get().detail == "third"


def test_every_task_has_a_heartbeat_of_its_own():
    beat("sweep", at=NOW)
    beat("fetch", at=NOW + timedelta(hours=1))
    assert Heartbeat.objects.get(name="sweep").at == NOW


def test_a_long_heartbeat_detail_is_cut_to_its_column():
    beat("sweep", at=NOW, detail="x" * 1000)
    beat("sweep", at=NOW + timedelta(seconds=1), detail="y" * 1000)
    assert Heartbeat.objects.get().detail == "y" * 300


def test_the_sweep_command_leaves_the_same_heartbeat_as_the_task(frozen):
    call_command("sweep", stdout=StringIO())
    row = Heartbeat.objects.get(name="sweep")
    assert (row.at, row.detail) == (NOW, "acted=0 busy=0 settled=0 failed=0 left=0")
