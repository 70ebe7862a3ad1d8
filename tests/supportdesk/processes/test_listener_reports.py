"""What a mail listener tells of itself, and that it leaves nothing behind."""

import time
from datetime import datetime, timedelta

import pytest

from customers import time_of_record
from escalation.models import Heartbeat
from supportdesk.models import MailListener
from supportdesk.processes.listener_reports import ListenerReport
from tests.factories import MailListenerFactory
from tickets.listener import Refusals

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


def test_a_listener_tells_what_it_refused_and_how_much_room_there_is(now: datetime) -> None:
    report, refusals = ListenerReport(), Refusals()
    report(refusals)
    row = MailListener.objects.get()
    assert (row.seen_at, row.refused, row.refused_at, row.answer) == (now, 0, None, "")
    assert row.free_mb > 0
    refusals.count("451 4.3.1 no room", time.monotonic() - 60)
    report(refusals)
    row.refresh_from_db()
    assert (row.refused, row.answer) == (1, "451 4.3.1 no room")
    assert abs(now - timedelta(minutes=1) - row.refused_at) < timedelta(seconds=5)


def test_a_listener_that_is_stopped_leaves_no_row() -> None:
    report = ListenerReport()
    report(Refusals())
    report.end()
    assert not MailListener.objects.exists()


def test_a_listener_that_starts_forgets_those_that_died_here_and_those_long_gone(now: datetime) -> None:
    report = ListenerReport()
    MailListenerFactory(name="died", host=report.host, seen_at=now)
    MailListenerFactory(name="gone", host="mail1", seen_at=now - timedelta(days=2))
    silent = MailListenerFactory(name="silent", host="mail2", seen_at=now - timedelta(hours=2))
    report.forget_others()
    assert list(MailListener.objects.all()) == [silent]


def test_a_listener_whose_clock_is_wrong_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_of_record, "host_ahead", lambda: -90.0)
    report = ListenerReport()
    report(Refusals())
    assert Heartbeat.objects.get().detail == f"-90.0 {report.host}"


def test_a_report_from_the_future_is_no_sign_of_life_and_is_forgotten(now: datetime) -> None:
    listener = MailListenerFactory(host="mail1", seen_at=now + timedelta(seconds=61))
    assert not listener.is_alive(now)
    ListenerReport().forget_others()
    assert not MailListener.objects.exists()
