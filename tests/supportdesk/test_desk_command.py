"""manage.py desk: what it refuses, what it prepares, and what it tells the operator."""

import io
import socket
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError

from escalation.notifications.wording import link_to
from supportdesk.demo import DemoReport, Login
from supportdesk.management.commands import desk
from supportdesk.processes.desk_parts import DeskPlan
from supportdesk.processes.runner.parts import DeskPart
from tickets.models import Ticket


class FakeSupervisor:
    """Takes the parts and ends at once with the status the test wants."""

    status = 0
    parts: list[DeskPart]

    def __init__(self, parts: list[DeskPart], _printer: object) -> None:
        FakeSupervisor.parts = parts

    def run(self) -> int:
        return self.status


class Connections:
    def close_all(self) -> None:
        """The test goes on with its connection."""


@pytest.fixture
def ports() -> dict[str, int]:
    """Ports that are free, as the options of the command."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _port in range(3)]
    numbers = [server.getsockname()[1] for server in sockets]
    for server in sockets:
        server.close()
    return dict(zip(("port", "lmtp_port", "smtp_port"), numbers, strict=True))


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
    """The commands that were called, instead of calling them; no process is started."""
    called: list[str] = []
    settings.SITE_URL = settings.SITE_URL  # given back after the test, for the command sets it
    monkeypatch.setattr(desk, "call_command", lambda name, **_options: called.append(name))
    monkeypatch.setattr(desk, "sync_schedules", lambda **_now: called.append("sync_schedules"))
    monkeypatch.setattr(desk, "default_mailbox", lambda: called.append("default_mailbox"))
    monkeypatch.setattr(desk, "Supervisor", FakeSupervisor)
    monkeypatch.setattr(desk, "connections", Connections())
    monkeypatch.setattr(FakeSupervisor, "status", 0)
    return called


def run(**options: Any) -> str:
    out = io.StringIO()
    call_command("desk", stdout=out, skip_checks=True, **options)
    return out.getvalue()


def test_a_taken_port_is_named_before_anything_is_touched(steps: list[str], ports: dict[str, int]) -> None:
    with (
        socket.create_server(("127.0.0.1", ports["lmtp_port"])),
        pytest.raises(CommandError, match=f"Port {ports['lmtp_port']} .* is taken .* --lmtp-port"),
    ):
        run(**ports)
    assert steps == []


def test_no_web_process_at_all_is_refused(steps: list[str], ports: dict[str, int]) -> None:
    with pytest.raises(CommandError, match="--workers must be 1 or more"):
        run(**ports, workers=0)


@pytest.mark.django_db
def test_a_database_that_cannot_be_reached_is_said_in_a_sentence(
    steps: list[str], ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(desk, "call_command", refuse)
    with pytest.raises(CommandError, match=r"cannot be used: connection refused\nCheck DATABASE_URL"):
        run(**ports)


@pytest.mark.django_db
def test_a_database_that_is_read_only_is_said_in_a_sentence(
    steps: list[str], ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_options: object) -> None:
        raise OperationalError("attempt to write a readonly database")

    monkeypatch.setattr(desk, "beat", refuse)  # the first thing that is written where all is set up already
    with pytest.raises(CommandError, match="cannot be used: attempt to write a readonly database"):
        run(**ports)


@pytest.mark.django_db
def test_the_desk_is_prepared_in_order_and_its_parts_are_started(
    steps: list[str], ports: dict[str, int]
) -> None:
    run(**ports)
    assert steps == ["migrate", "sync_schedules", "default_mailbox", "collectstatic"]
    assert [part.name for part in FakeSupervisor.parts] == ["web", "cluster", "mail", "watch"]


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["", "https://desk.example.com"])
def test_the_demo_writes_links_to_where_the_desk_listens_unless_the_operator_says_otherwise(
    steps: list[str], ports: dict[str, int], monkeypatch: pytest.MonkeyPatch, settings: Any, wanted: str
) -> None:
    links: list[str] = []

    def writes(**_given: object) -> DemoReport:
        links.append(link_to(Ticket(pk=7)))
        return DemoReport(logins=(), fresh=True)

    monkeypatch.setattr(desk, "load_demo", writes)
    monkeypatch.setenv("SITE_URL", wanted)
    settings.SITE_URL = wanted or "http://127.0.0.1:8000"
    run(**ports, demo=True)
    assert links == [f"{wanted or 'http://127.0.0.1:' + str(ports['port'])}/tickets/ticket/7/change/"]


@pytest.mark.django_db
def test_the_new_administrators_password_is_shown_at_the_first_start_only(
    steps: list[str], ports: dict[str, int]
) -> None:
    get_user_model().objects.filter(is_superuser=True).delete()
    assert "one-time password: " in run(**ports)
    assert "password" not in run(**ports)


@pytest.mark.django_db
def test_the_demos_administrator_is_not_told_to_choose_another_password(
    steps: list[str], ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    get_user_model().objects.filter(is_superuser=True).delete()
    monkeypatch.setattr(desk, "load_demo", lambda **_facts: DemoReport(logins=(), fresh=True))
    printed = run(**ports, demo=True)
    assert "Administrator: admin, password: " in printed
    assert "one-time" not in printed


@pytest.mark.django_db
def test_a_part_that_cannot_be_kept_alive_ends_the_command_with_status_1(
    steps: list[str], ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeSupervisor, "status", 1)
    with pytest.raises(SystemExit) as end:
        run(**ports)
    assert end.value.code == 1


def test_the_welcome_names_every_open_door() -> None:
    text = desk.welcome(DeskPlan(port=8100, lmtp_port=8124, smtp_port=0), None, None)
    assert "http://127.0.0.1:8100/" in text
    assert "Email by LMTP: 127.0.0.1:8124" in text
    assert "Email by SMTP" not in text


def test_the_welcome_of_the_demo_has_its_logins_and_a_line_that_sends_a_mail() -> None:
    logins = (Login("Account manager", "wei", "secret"), Login("Team lead", "lea", ""))
    demo = DemoReport(logins=logins, fresh=True)
    lines = desk.welcome(DeskPlan(smtp_port=8125), None, demo).splitlines()
    assert "Account manager: wei, password: secret" in lines
    assert "Team lead: lea (the password was changed)" in lines
    assert lines[-1] == demo.paste_line(smtp_port=8125)


def test_without_an_smtp_port_the_welcome_has_no_line_to_paste() -> None:
    demo = DemoReport(logins=(), fresh=True)
    assert "paste" not in desk.welcome(DeskPlan(smtp_port=0), None, demo)
