"""The queue of a host whose clock is wrong goes by the database's time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import django_q.scheduler
import pytest
from django.db import transaction
from django.db.models import F
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from django_q.utils import localtime

from supportdesk.processes.cluster.orm_broker import OwnOrm
from supportdesk.schedules import sync_schedules
from tests.hosts import host_clock_off

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]

SECOND = timedelta(seconds=1)


@pytest.fixture(params=[90, -90], ids=["ahead", "behind"])
def off(request: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[timedelta]:
    """The scheduler closes old connections, and would close that of the test."""
    monkeypatch.setattr(django_q.scheduler, "close_old_django_connections", lambda: None)
    monkeypatch.setattr(Conf, "POLL", 0)
    with host_clock_off(request.param * SECOND):
        yield request.param * SECOND


def run_scheduler(queued: Any) -> list[str]:
    with transaction.atomic():
        django_q.scheduler.scheduler(broker=queued)
    return list(queued.names)


def test_a_task_is_started_neither_early_nor_late(off: timedelta, queued: Any) -> None:
    now = datetime.now(UTC)
    sync_schedules(now=now)
    Schedule.objects.update(next_run=now + 60 * SECOND)
    assert run_scheduler(queued) == []
    Schedule.objects.filter(name="fetch-mail").update(next_run=now - SECOND)
    assert run_scheduler(queued) == ["tickets.tasks.fetch_mail"]
    next_run = Schedule.objects.get(name="fetch-mail").next_run
    assert now + 58 * SECOND < next_run < now + 60 * SECOND


def test_a_daily_task_is_started_once(off: timedelta, queued: Any) -> None:
    """The clock of a host that is behind has not passed its hour yet."""
    now = datetime.now(UTC)
    sync_schedules(now=now)
    Schedule.objects.update(next_run=now + timedelta(days=2))
    due = Schedule.objects.filter(name="verify-ledger")
    local = localtime(now)
    due.update(next_run=now - SECOND, cron=f"{local.minute} {local.hour} * * *")
    for _look in range(2):
        assert run_scheduler(queued) == ["escalation.tasks.verify_ledger"]
    assert due.get().next_run > now + timedelta(hours=23)


def test_a_task_may_be_taken_a_second_later_by_whoever_comes_first(off: timedelta) -> None:
    OwnOrm("supportdesk").enqueue("task")
    assert abs(OrmQ.objects.get().lock - datetime.now(UTC)) < SECOND
    OrmQ.objects.update(lock=F("lock") - SECOND)
    with host_clock_off(timedelta()):
        assert [payload for _pk, payload in OwnOrm("supportdesk").dequeue() or []] == ["task"]
    assert abs(OrmQ.objects.get().lock - datetime.now(UTC) - Conf.RETRY * SECOND) < SECOND
