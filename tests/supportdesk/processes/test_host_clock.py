"""A web server whose clock is wrong says so, once a minute; a right one writes nothing."""

from collections.abc import Callable
from datetime import datetime

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from customers import time_of_record
from escalation.models import Heartbeat
from supportdesk.middleware import HostClockMiddleware
from supportdesk.processes import host_clock

HOST = "a-very-long-name-of-a-web-server.example"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ahead", "details"),
    [
        (None, []),
        (5.0, []),
        (90.04, ["+90.0 a-very-long-name-of-a-web-server.example"]),
        (-6.0, ["-6.0 a-very-long-name-of-a-web-server.example"]),
    ],
)
def test_only_a_wrong_clock_is_reported(
    now: datetime, ahead: float | None, details: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_clock.socket, "gethostname", lambda: HOST)
    monkeypatch.setattr(time_of_record, "host_ahead", lambda: ahead)
    monkeypatch.setattr(time_of_record, "now", lambda: now)

    def page(_request: HttpRequest) -> HttpResponse:
        return HttpResponse("a page")

    answer = HostClockMiddleware(page)(RequestFactory().get("/"))
    assert answer.content == b"a page"
    rows = Heartbeat.objects.all()
    assert [(row.at, row.detail) for row in rows] == [(now, detail) for detail in details]
    assert all(row.name == "wrong-clock a-very-long-name-of-a-web-se" for row in rows)


@pytest.mark.django_db
def test_a_wrong_clock_is_written_at_most_once_a_minute(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(host_clock.time, "monotonic", lambda: seconds[0])
    monkeypatch.setattr(time_of_record, "host_ahead", lambda: 90.0)
    monkeypatch.setattr(time_of_record, "now", lambda: now)
    report = host_clock.WrongClockReport()
    written = []
    for seconds[0] in (0.0, 59.0, 60.0):
        Heartbeat.objects.all().delete()
        report()
        written.append(Heartbeat.objects.exists())
    assert written == [True, False, True]


@pytest.mark.django_db
def test_a_clock_that_was_put_right_takes_back_what_its_host_reported(
    now: datetime, monkeypatch: pytest.MonkeyPatch, count_queries: Callable[[Callable[[], None]], int]
) -> None:
    monkeypatch.setattr(host_clock.socket, "gethostname", lambda: "mail1")
    monkeypatch.setattr(time_of_record, "now", lambda: now)
    for ahead in (90.0, 0.2):  # the process with the right clock is another one
        monkeypatch.setattr(time_of_record, "host_ahead", lambda ahead=ahead: ahead)
        report = host_clock.WrongClockReport()
        report()
        assert Heartbeat.objects.filter(name="wrong-clock mail1").exists() == (ahead > 1)
    assert count_queries(report) == 0
