"""One process at a time sets the desk up: real processes on a real file, real sessions on PostgreSQL."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from supportdesk.processes import setup_lock
from supportdesk.processes.setup_lock import only_one_sets_up

ROOT = Path(__file__).resolve().parents[3]


def waits_for_us() -> bool:
    """True if somebody else waits for as long as we hold the lock. They come from another thread."""
    ours_is_over, theirs = threading.Event(), threading.Event()
    seen: list[bool] = []

    def other() -> None:
        try:
            with only_one_sets_up():
                seen.append(ours_is_over.is_set())
        finally:
            connection.close()
            theirs.set()

    thread = threading.Thread(target=other)
    with only_one_sets_up():
        thread.start()
        assert not theirs.wait(0.05)
        ours_is_over.set()
    assert theirs.wait(10)
    thread.join(10)
    return seen == [True]


def test_a_second_process_waits_on_the_file(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(setup_lock, "database_file", lambda: tmp_path / "desk.sqlite3")
    monkeypatch.setattr(setup_lock, "_on_postgresql", setup_lock._on_a_file)
    assert waits_for_us()


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_second_session_waits_on_postgresql() -> None:
    assert waits_for_us()


@pytest.mark.django_db
def test_the_lock_may_be_taken_within_itself() -> None:
    with only_one_sets_up(), only_one_sets_up():
        assert setup_lock._is_held.get()
    assert not setup_lock._is_held.get()


@pytest.mark.flow
def test_two_first_starts_at_once_make_one_desk(tmp_path: Path) -> None:
    """Both migrate an empty folder."""
    environment = {"PATH": os.environ["PATH"], "DESK_VAR_DIR": str(tmp_path), "HOME": str(tmp_path)}
    command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
    both = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _start in range(2)
    ]
    outputs = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
