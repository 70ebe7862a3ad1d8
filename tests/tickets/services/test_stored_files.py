"""Files go with the transaction that wrote them, and what a dead process left goes in the night."""

import errno
import os
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import OperationalError, connection, transaction

from tests.factories import AttachmentFactory, MessageFactory
from tickets import tasks
from tickets.message_content import NewFile
from tickets.models import Attachment, Message
from tickets.models.message import ATTACHMENTS
from tickets.services.stored_files import UNUSED_FROM, UNUSED_UNTIL, attach, stored

pytestmark = pytest.mark.django_db

FILES = [NewFile("plan.pdf", b"%PDF"), NewFile("log.txt", b"lines")]


def lying() -> set[str]:
    folder = Path(default_storage.path(ATTACHMENTS))
    return {str(path.relative_to(folder.parent)) for path in folder.rglob("*") if path.is_file()}


def names() -> set[str]:
    return set(Attachment.objects.values_list("file", flat=True))


def test_files_stay_with_their_rows(now: datetime) -> None:
    with stored(FILES, at=now) as files, transaction.atomic():
        rows = attach(MessageFactory(), files)
    assert lying() == names() == {row.file.name for row in rows}
    assert [row.size for row in rows] == [4, 5]


def fail_after_files(now: datetime) -> None:
    with stored(FILES, at=now) as files, transaction.atomic():
        attach(MessageFactory(), files)
        raise RuntimeError(f"{len(lying())} files")


def test_files_go_with_a_transaction_that_fails(now: datetime) -> None:
    with pytest.raises(RuntimeError, match="2 files"):
        fail_after_files(now)
    assert (lying(), names()) == (set(), set())


def test_files_that_no_message_got_go(now: datetime) -> None:
    with stored(FILES, at=now) as files, transaction.atomic():
        attach(MessageFactory(), files[:1])
    assert lying() == names() == {files[0].path}


def test_files_of_a_savepoint_that_was_rolled_back_go(now: datetime) -> None:
    with stored(FILES, at=now) as files, transaction.atomic(), suppress(RuntimeError), transaction.atomic():
        attach(MessageFactory(), files)
        raise RuntimeError
    assert (lying(), names()) == (set(), set())


def test_a_file_that_finds_no_room_takes_the_others_along(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, rooms = default_storage.save, iter([True])

    def refuse(name: str, content: ContentFile) -> str:
        if next(rooms, False):
            return save(name, content)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(default_storage, "save", refuse)
    with pytest.raises(OSError, match="No space left"), stored(FILES, at=now):
        pass
    assert lying() == set()


@pytest.mark.django_db(transaction=True)
def test_files_stay_if_the_answer_of_the_commit_is_lost(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network is cut after the server has committed."""
    message, commit = MessageFactory(), connection._commit

    def commit_unheard() -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "_commit", commit_unheard)
    with pytest.raises(OperationalError), stored(FILES, at=now) as files, transaction.atomic():
        attach(message, files)
    assert lying() == names()
    assert len(names()) == 2


@pytest.mark.django_db(transaction=True)
def test_files_stay_if_the_database_does_not_say_what_it_has(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_words: object, **_more: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    message = MessageFactory()
    with stored(FILES, at=now) as files:
        with transaction.atomic():
            attach(message, files)
        monkeypatch.setattr(Attachment.objects, "filter", refuse)
    monkeypatch.undo()
    assert lying() == names()
    assert len(names()) == 2


def store_and_tell(message: Message, now: datetime) -> None:
    def tell() -> None:
        raise RuntimeError("nobody listens")

    with stored(FILES, at=now) as files, transaction.atomic():
        attach(message, files)
        transaction.on_commit(tell)


@pytest.mark.django_db(transaction=True)
def test_files_stay_if_only_what_follows_the_commit_fails(now: datetime) -> None:
    message = MessageFactory()
    with pytest.raises(RuntimeError, match="nobody listens"):
        store_and_tell(message, now)
    assert lying() == names()
    assert len(names()) == 2


@pytest.fixture
def unused(now: datetime) -> str:
    """A file as a process leaves it that died before its commit."""
    path = default_storage.save(f"{ATTACHMENTS}/{now:%Y-%m-%d}/abandoned", ContentFile(b"lines"))
    return age(path, now - UNUSED_FROM - timedelta(seconds=1))


def age(path: str, at: datetime) -> str:
    os.utime(default_storage.path(path), (at.timestamp(), at.timestamp()))
    return path


@pytest.mark.usefixtures("frozen")
def test_a_file_without_a_row_goes_in_the_night(unused: str, now: datetime) -> None:
    kept = default_storage.save(f"{ATTACHMENTS}/{now:%Y-%m-%d}/kept", ContentFile(b"lines"))
    used = age(AttachmentFactory(file=kept, size=5).file.name, now - UNUSED_FROM - timedelta(seconds=1))
    assert tasks.remove_unused_files() == "removed 1"
    assert lying() == {used}


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("old", [timedelta(), UNUSED_FROM, UNUSED_UNTIL])
def test_a_file_that_is_being_written_or_was_restored_stays(
    unused: str, now: datetime, old: timedelta
) -> None:
    age(unused, now - old)
    assert tasks.remove_unused_files() == "removed 0"
    assert lying() == {unused}


@pytest.mark.usefixtures("frozen")
def test_a_desk_without_any_file_has_nothing_to_remove() -> None:
    assert tasks.remove_unused_files() == "removed 0"
