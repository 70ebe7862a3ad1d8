"""Nobody else on the machine reads what the desk wrote or writes: files from before, SQLite's own, attachments."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from supportdesk.private_files import MARK, close_earlier_files
from tests.supportdesk.test_settings import ROOT, process

OLD = [
    "desk.sqlite3",
    "desk.sqlite3-wal",
    "desk.sqlite3-shm",
    "secret_key",
    "files/2026/11/log.txt",
    "outgoing/1.eml",
]
EVERYTHING = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "supportdesk.settings"
import dotenv
dotenv.load_dotenv = lambda *args, **kwargs: False
import django
django.setup()
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("CREATE TABLE t (x)")
    cursor.execute("INSERT INTO t VALUES (1)")
    default_storage.save("2026/11/log.txt", ContentFile(b"words"))
    from django.conf import settings
    (settings.VAR_DIR / "outgoing").mkdir()
    (settings.VAR_DIR / "outgoing" / "1.eml").write_text("words")
    for path in settings.VAR_DIR.rglob("*"):
        print(f"{path.lstat().st_mode & 0o077:03o} {path.relative_to(settings.VAR_DIR)}")
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def lived_in(tmp_path):
    for name in OLD:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("words")
        (tmp_path / name).chmod(0o664)
    (tmp_path / "files").chmod(0o777)
    return tmp_path


def test_files_from_before_are_closed_once_and_it_is_said_once(lived_in, capsys):
    close_earlier_files(lived_in)
    assert {mode(lived_in / name) for name in OLD} == {0o600}
    assert {mode(lived_in / name) for name in ("files", "files/2026", "files/2026/11", "outgoing")} == {0o700}
    assert f"7 files and folders in {lived_in} could be read" in capsys.readouterr().err
    (lived_in / "secret_key").chmod(0o644)
    close_earlier_files(lived_in)
    assert capsys.readouterr().err == ""


def test_a_new_folder_has_nothing_to_say(tmp_path, capsys):
    close_earlier_files(tmp_path)
    assert ((tmp_path / MARK).exists(), capsys.readouterr().err) == (True, "")


def test_what_is_not_the_desks_is_left_alone(lived_in, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "shared"
    outside.write_text("somebody's")
    outside.chmod(0o644)
    (lived_in / "files" / "link").symlink_to(outside)
    (lived_in / "notes.txt").write_text("somebody's")
    (lived_in / "notes.txt").chmod(0o644)
    close_earlier_files(lived_in)
    assert (mode(outside), mode(lived_in / "notes.txt")) == (0o644, 0o644)


def test_every_start_closes_a_folder_from_before(lived_in):
    done = process({"DESK_VAR_DIR": str(lived_in), "SECRET_KEY": "k" * 10 + "abcdefghij" * 4})
    assert "could be read by other users of this machine" in done.stderr
    assert mode(lived_in / "desk.sqlite3-wal") == 0o600


def test_whatever_a_process_writes_is_private(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.umask(0o022)\n{EVERYTHING}"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DESK_VAR_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = dict(line.split(" ", 1)[::-1] for line in done.stdout.splitlines())
    assert {
        "desk.sqlite3",
        "desk.sqlite3-wal",
        "desk.sqlite3-shm",
        "files/2026/11/log.txt",
        "outgoing/1.eml",
    } <= set(found)
    assert set(found.values()) == {"000"}, found
