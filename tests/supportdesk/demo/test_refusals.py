"""The demo: which desks it refuses, what an interruption leaves behind, the line to paste."""

import io
import socket
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from customers.models import Customer
from supportdesk.demo import DemoReport, load, load_demo
from supportdesk.demo.agenda import Agenda
from supportdesk.demo.report import PASTED_FROM
from supportdesk.demo.traffic import Size
from tests.factories import NOW, CustomerFactory, TicketFactory
from tickets.errors import DeskError


@pytest.fixture
def empty(settings: Any, tmp_path: Path) -> Path:
    settings.VAR_DIR = tmp_path
    return tmp_path


def try_to_load() -> None:
    load_demo(now=NOW, say=lambda _line: None, size=Size(weeks=1), stopwatch=lambda: 0.0)


@pytest.mark.django_db
def test_a_desk_with_customers_of_its_own_is_refused(empty: Path) -> None:
    CustomerFactory()
    with pytest.raises(DeskError, match="the demo needs an empty one"):
        try_to_load()


@pytest.mark.django_db
def test_a_desk_with_tickets_of_its_own_is_refused_in_a_sentence_on_the_command_line(empty: Path) -> None:
    TicketFactory(customer=None)
    with pytest.raises(CommandError, match="the demo needs an empty one"):
        call_command("load_demo", stdout=io.StringIO())


@pytest.mark.django_db
def test_a_desk_that_would_really_send_mail_is_refused(empty: Path, settings: Any) -> None:
    settings.SMTP_URL = "smtp://mail.example"
    with pytest.raises(DeskError, match="Unset SMTP_URL"):
        try_to_load()


@pytest.mark.django_db
def test_a_load_that_is_interrupted_leaves_nothing_behind(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_agenda: Agenda, _end: datetime) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(load.Agenda, "run_until", interrupted)
    with pytest.raises(KeyboardInterrupt):
        try_to_load()
    assert not Customer.objects.exists()
    assert not User.objects.filter(username="lin.yue").exists()


def test_the_printed_line_sends_a_mail_as_a_customer() -> None:
    class Handler:
        mails: list[bytes] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
            assert envelope.mail_from == PASTED_FROM
            assert envelope.rcpt_tos == [settings.DESK_ADDRESS]
            self.mails.append(envelope.content)
            return "250 OK"

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(Handler(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        line = DemoReport((), fresh=True).paste_line(smtp_port=port)
        subprocess.run(["sh", "-c", line], check=True, timeout=30)
    finally:
        server.stop()
    assert b"Subject: Guests cannot join our rooms\r\n\r\nSince five minutes" in Handler.mails[0]
