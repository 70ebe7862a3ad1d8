"""A queue as systemd treats it: started before its database, and stopped by a signal to all of its processes."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.flow.waiting import free_port, until

pytestmark = pytest.mark.flow

MANAGE = (sys.executable, str(Path(__file__).parents[2] / "manage.py"))


@contextmanager
def queue(log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py qcluster` in a process group of its own, of which nothing is left in the end."""
    with log.open("wb") as output:
        main = subprocess.Popen(
            (*MANAGE, "qcluster"), env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield main
        finally:
            if is_alive(main.pid):
                os.killpg(main.pid, signal.SIGKILL)
            main.wait()


def is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "DESK_VAR_DIR": str(folder), "DATABASE_URL": "", **more}


def test_a_queue_without_its_database_waits_and_ends_at_once_when_it_is_told_to(tmp_path: Path) -> None:
    log = tmp_path / "log"
    away = f"postgres://desk@127.0.0.1:{free_port()}/desk"
    with queue(log, environment_of(tmp_path, DATABASE_URL=away)) as main:
        until(lambda: "tries again in 2 s" in log.read_text(), "the second try", 60)
        main.terminate()
        assert main.wait(2) == -signal.SIGTERM
    assert "Traceback" not in log.read_text()


def test_a_queue_whose_processes_are_all_told_to_stop_leaves_in_order(tmp_path: Path) -> None:
    """The sentinel died of the signal, and the main process waited for it for ever."""
    log, environment = tmp_path / "log", environment_of(tmp_path)
    subprocess.run((*MANAGE, "migrate", "-v0"), env=environment, check=True)
    with queue(log, environment) as main:
        until(lambda: "monitoring at" in log.read_text() and clusters(tmp_path), "the queue works", 60)
        os.killpg(main.pid, signal.SIGTERM)
        assert main.wait(40) == 0
        assert not is_alive(main.pid)
    assert clusters(tmp_path) == 0


def clusters(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "desk.sqlite3")) as database:
        return int(database.execute("SELECT count(*) FROM supportdesk_cluster").fetchone()[0])
