"""manage.py receive_email: exit status 0 once stored, 75 when it is our fault; never a bounce or a stack trace."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import OperationalError

from tests.factories import NOW, MailboxFactory
from tests.rawmail import rawmail
from tickets.management.commands import receive_email
from tickets.models import InboundEmail

pytestmark = pytest.mark.django_db


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def run(raw: bytes, *arguments: str) -> None:
        monkeypatch.setattr(receive_email.sys, "stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
        call_command("receive_email", *arguments)

    return run


def test_a_mail_is_stored_with_the_time_of_its_arrival(pipe, frozen):
    pipe(rawmail())
    row = InboundEmail.objects.get()
    assert (bytes(row.raw), row.via, row.received_at) == (rawmail(), "pipe", NOW)


def test_any_bytes_are_stored(pipe):
    pipe(b"\x00\xff no mail")
    assert InboundEmail.objects.count() == 1


def test_a_mail_for_which_there_is_no_room_is_left_to_the_mail_server(pipe, settings):
    settings.DISK_LEAST_MB = 10_000_000
    with pytest.raises(CommandError, match="There is no room for email") as refusal:
        pipe(rawmail())
    assert refusal.value.returncode == os.EX_TEMPFAIL
    assert not InboundEmail.objects.exists()


def test_the_mailbox_can_be_named(pipe):
    rooms = MailboxFactory(address="rooms@desk.example")
    pipe(rawmail(), "--mailbox", "Rooms@desk.example")
    assert InboundEmail.objects.get().mailbox == rooms


def test_a_second_copy_succeeds_and_is_stored_once(pipe):
    pipe(rawmail())
    pipe(rawmail())
    assert InboundEmail.objects.count() == 1


def test_an_unknown_mailbox_keeps_the_mail_at_the_server(pipe):
    with pytest.raises(CommandError, match=r"nobody@desk.example") as refused:
        pipe(rawmail(), "--mailbox", "nobody@desk.example")
    assert refused.value.returncode == os.EX_TEMPFAIL


def test_a_fault_of_ours_keeps_the_mail_at_the_server(pipe, monkeypatch):
    def away(**_mail: object) -> None:
        raise OperationalError("the database is away")

    monkeypatch.setattr(receive_email, "receive_raw", away)
    with pytest.raises(CommandError, match="the database is away") as refused:
        pipe(rawmail())
    assert refused.value.returncode == os.EX_TEMPFAIL


def test_an_empty_pipe_stores_nothing_and_bounces_nothing(pipe, capsys):
    pipe(b"")
    assert InboundEmail.objects.count() == 0
    assert "nothing was stored" in capsys.readouterr().err


# As a mail server starts it


def started(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "DEBUG")}
    return subprocess.run(
        [sys.executable, "manage.py", "receive_email"],
        cwd=settings.BASE_DIR,
        env={**clean, "DESK_VAR_DIR": str(tmp_path), **environment},
        input=rawmail(),
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {"DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"},
        {"DATABASE_URL": "postgres://desk:secret@127.0.0.1:1/desk"},
        {"DEBUG": "perhaps"},
    ],
)
def test_a_desk_that_cannot_start_answers_75_with_one_sentence(tmp_path, environment):
    done = started(tmp_path, **environment)
    words = done.stderr.decode()
    assert done.returncode == os.EX_TEMPFAIL, words
    assert "Traceback" not in words
    assert "secret" not in words
