"""What a person would find on the machines: no room, no right to write, mail refused, hosts that are missing."""

import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse

from supportdesk.monitoring import machines
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import HealthReport, health
from tests.factories import AdminFactory, ClusterFactory, HeartbeatFactory, MailListenerFactory

HOST = socket.gethostname()[:64]
TOO_MUCH = 10_000_000  # megabytes, more than this machine's disk has
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def administrator(db: None, now: datetime) -> User:
    HeartbeatFactory(name="sweep", at=now)
    return AdminFactory(email="root@desk.example")


def found(report: HealthReport) -> tuple[list[Check], list[Check]]:
    return [each.check for each in report.problems], [each.check for each in report.warnings]


def test_a_disk_with_little_room_is_a_warning_and_one_without_room_a_problem(
    now: datetime, settings: Any
) -> None:
    assert found(health(now=now)) == ([], [])
    settings.DISK_WARNING_MB = TOO_MUCH
    report = health(now=now)
    assert found(report) == ([], [Check.DISK])
    assert (
        f"MB are free on {HOST} ({settings.VAR_DIR}). Below 200 MB no email is taken."
        in report.warnings[0].text
    )
    settings.DISK_LEAST_MB = TOO_MUCH
    report = health(now=now)
    assert found(report) == ([Check.DISK], [])
    assert "No email is taken until there is room" in report.problems[0].text


@pytest.mark.parametrize(
    ("free", "problems", "warnings"),
    [
        (1000, [], []),
        (999, [], [Check.DISK]),
        (200, [], [Check.DISK]),
        (199, [Check.DISK], []),
        (None, [], []),
    ],
)
def test_the_disks_of_other_machines_are_told_by_their_reports(
    now: datetime, free: int | None, problems: list[Check], warnings: list[Check]
) -> None:
    ClusterFactory(name="queue1:1", free_mb=free, seen_at=now)
    MailListenerFactory(host="mail1", free_mb=5000, seen_at=now)
    assert found(health(now=now)) == (problems, warnings)


def test_a_machine_that_is_gone_has_no_disk(now: datetime) -> None:
    ClusterFactory(name="queue1:1", free_mb=0, seen_at=now - timedelta(minutes=2))
    assert found(health(now=now)) == ([], [Check.CLUSTERS])


@pytest.mark.parametrize("name", ["desk.sqlite3", ""])
def test_a_database_that_may_not_be_written_to_is_a_problem(
    now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """As this test may run as root, which may write anywhere, the file or its folder is one that is not there."""
    file = tmp_path / (name or "gone/desk.sqlite3")
    monkeypatch.setattr(machines, "database_file", lambda: file)
    report = health(now=now)
    assert [check for check in found(report)[0] if check is Check.WRITES] == [Check.WRITES]
    assert str(file) in report.problems[0].text


@pytest.mark.postgresql
def test_a_server_that_is_set_to_read_only_is_a_problem(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # looks at what was written up to now
        cursor.execute("SET TRANSACTION READ ONLY")
    assert found(health(now=now))[0] == [Check.WRITES]


@pytest.mark.parametrize(
    ("seconds", "problems", "warnings"), [(300, [Check.LISTENER], []), (301, [], [Check.LISTENER])]
)
def test_mail_that_is_refused_is_a_problem_and_later_a_warning(
    now: datetime, seconds: int, problems: list[Check], warnings: list[Check]
) -> None:
    at = now - seconds * SECOND
    MailListenerFactory(host="mail1", seen_at=now, refused=2, refused_at=at, answer="451 4.3.1 no room")
    report = health(now=now)
    assert found(report) == (problems, warnings)
    assert "mail1" in (*report.problems, *report.warnings)[0].text
    assert "451 4.3.1 no room" in (*report.problems, *report.warnings)[0].text


@pytest.mark.parametrize(("seconds", "warnings"), [(60, []), (61, [Check.LISTENER])])
def test_a_silent_listener_is_a_warning(now: datetime, seconds: int, warnings: list[Check]) -> None:
    MailListenerFactory(host="mail1", seen_at=now - seconds * SECOND)
    assert found(health(now=now)) == ([], warnings)


def test_announced_machines_that_are_not_there_are_named(now: datetime, settings: Any) -> None:
    settings.EXPECTED_HOSTS = ["queue1", "queue2", "mail1", "mail2"]
    ClusterFactory(name="queue1:1", seen_at=now)
    MailListenerFactory(host="mail1", seen_at=now)
    MailListenerFactory(host="mail2", seen_at=now - timedelta(minutes=2))
    [problem] = health(now=now).problems
    assert problem.check is Check.HOSTS
    assert "queue2, mail2" in problem.text
    ClusterFactory(name="queue2:1", seen_at=now)
    MailListenerFactory(host="mail2", seen_at=now)
    assert health(now=now).ok


@pytest.mark.usefixtures("frozen")
def test_the_status_page_shows_each_machine_its_room_and_what_it_refused(
    login: Callable[[User], Client], administrator: User, now: datetime
) -> None:
    ClusterFactory(name="queue1:1", free_mb=777, seen_at=now)
    MailListenerFactory(host="mail1", free_mb=888, seen_at=now, refused=42, refused_at=now, answer="451")
    html = login(administrator).get(reverse("admin:operations")).content.decode()
    section = html[html.index("<h2>Machines</h2>") :].partition("</section>")[0]
    for words in ("queue1", "777 MB", "mail1", "888 MB", '<b class="late">42</b>', HOST):
        assert words in section
