"""A desk on a disk that is really full: mail is refused or waits, nothing fails for good, and all goes on by itself.

Needs root (or sudo) for a small file system of its own.
"""

import json
import os
import smtplib
import sqlite3
import subprocess
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.flow.desk import FreshDesk
from tests.flow.waiting import until
from tests.flow.world import ADDRESS

pytestmark = pytest.mark.flow

MEGABYTE = 1_000_000
DISK = 200 * MEGABYTE
LEAST = 5  # megabytes that are left alone; the files of one mail take more than that
FILE = os.urandom(2 * MEGABYTE)


def as_root(*command: str) -> None:
    words = command if os.geteuid() == 0 else ("sudo", "-n", *command)
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr} This test needs root for a small disk."


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    as_root("mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0777", "tmpfs", str(folder))
    yield folder
    as_root("umount", "--lazy", str(folder))


@pytest.fixture
def desk(disk: Path, tmp_path: Path) -> Iterator[FreshDesk]:
    folder = tmp_path / "desk"
    folder.mkdir()
    variables = {
        "DESK_VAR_DIR": str(disk / "var"), "DESK_ADDRESS": ADDRESS, "DISK_LEAST_MB": str(LEAST), "DISK_WARNING_MB": "9",
    }  # fmt: skip
    fresh = FreshDesk(folder, variables)
    fresh.copy()
    with fresh.running():
        yield fresh


def mail(number: int) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = f"li{number}@company.example", ADDRESS
    message["Subject"], message["Message-ID"] = f"Room {number} is black", f"<{number}@company.example>"
    message.set_content(f"Nobody sees room {number}.")
    message.add_attachment(FILE, maintype="application", subtype="octet-stream", filename="log.bin")
    return message


def is_taken(desk: FreshDesk, number: int) -> bool:
    """True for 250; a refusal must be one after which the sender tries again."""
    codes = refusals(desk, number)
    assert codes <= {451}
    return not codes


def refusals(desk: FreshDesk, number: int) -> set[int]:
    """The codes with which the mail was refused; none if it was taken."""
    try:
        with smtplib.SMTP("127.0.0.1", desk.smtp_port, timeout=60) as server:
            server.send_message(mail(number))
    except smtplib.SMTPRecipientsRefused as refusal:
        return {code for code, _words in refusal.recipients.values()}
    except smtplib.SMTPDataError as refusal:
        return {refusal.smtp_code}
    return set()


def health(desk: FreshDesk) -> dict[str, str]:
    try:
        with urlopen(f"{desk.url}healthz") as answer:
            return dict(json.load(answer)["checks"])
    except HTTPError as unwell:
        return dict(json.load(unwell)["checks"])


def rows(desk: FreshDesk, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(
        f"file:{desk.environment['DESK_VAR_DIR']}/desk.sqlite3?mode=ro", uri=True
    ) as session:
        return session.execute(query).fetchall()


def states(desk: FreshDesk) -> dict[object, object]:
    return dict(rows(desk, "SELECT state, count(*) FROM tickets_inboundemail GROUP BY state"))  # type: ignore[arg-type]


def fill(disk: Path, *, left: int) -> Path:
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize - left)
    return filler


def test_mail_waits_while_the_disk_is_full_and_goes_on_by_itself(desk: FreshDesk, disk: Path) -> None:
    until(lambda: health(desk)["sweep"] == "ok" and health(desk)["start"] == "ok", "the first sweep", 90)
    assert health(desk)["disk"] == "ok"
    filler = fill(disk, left=(LEAST + 5) * MEGABYTE)
    numbers = list(range(6))
    taken = [number for number in numbers if is_taken(desk, number)]
    assert len(taken) < len(numbers)
    assert health(desk)["disk"] in ("warning", "unwell")
    filler.unlink()
    filler = fill(disk, left=1 * MEGABYTE)
    assert not is_taken(desk, 99)
    assert health(desk)["disk"] == "unwell"
    until(lambda: health(desk)["mail_listener"] == "unwell", "the refused mail is told", 90)
    filler.unlink()
    assert all(is_taken(desk, number) for number in numbers if number not in taken)
    until(lambda: states(desk) == {"processed": len(numbers)}, "every mail is a ticket", 200)
    until(lambda: set(health(desk).values()) <= {"ok", "warning"}, "the desk is well", 120)
    named = {name for (name,) in rows(desk, "SELECT file FROM tickets_attachment")}
    files = disk / "var" / "files"
    assert {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()} == named
    assert rows(desk, "SELECT count(*) FROM tickets_ticket") == [(len(numbers),)]
