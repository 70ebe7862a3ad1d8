"""On SQLite the write-ahead log does not stay as large as it once was."""

import sqlite3

import pytest
from django.conf import settings

LIMIT = "journal_size_limit=67108864"
SMALL = 100_000


@pytest.mark.skipif("sqlite" not in settings.DATABASES["default"]["ENGINE"], reason="the log of SQLite")
def test_the_log_is_cut_once_nobody_reads_the_old_state_any_more(tmp_path):
    command = settings.DATABASES["default"]["OPTIONS"]["init_command"]
    assert LIMIT in command
    writer = sqlite3.connect(tmp_path / "desk.sqlite3", isolation_level=None)
    writer.executescript(command.replace(LIMIT, f"journal_size_limit={SMALL}"))
    writer.execute("CREATE TABLE mail (raw BLOB)")
    reader = sqlite3.connect(tmp_path / "desk.sqlite3", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM mail").fetchone()
    for _each in range(50):
        writer.execute("INSERT INTO mail VALUES (zeroblob(100000))")
    log = tmp_path / "desk.sqlite3-wal"
    assert log.stat().st_size > 5_000_000
    reader.execute("COMMIT")
    for _each in range(3):
        writer.execute("INSERT INTO mail VALUES (zeroblob(10))")
    assert log.stat().st_size <= SMALL
    for connection in (reader, writer):
        connection.close()
