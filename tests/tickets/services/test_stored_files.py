"""Files go with the transaction that wrote them, and what a dead process left goes in the night."""

import os
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
from tickets.services.stored_files import UNUSED_FROM, UNUSED_UNTIL, atomic_with_files, store_files

pytestmark = pytest.mark.django_db

FILES = [NewFile("plan.pdf", b"%PDF"), NewFile("log.txt", b"lines")]


def stored() -> set[str]:
    folder = Path(default_storage.path(ATTACHMENTS))
    return {str(path.relative_to(folder.parent)) for path in folder.rglob("*") if path.is_file()}


def test_files_stay_with_their_rows() -> None:
    message = MessageFactory()
    with atomic_with_files():
        rows = store_files(message, FILES)
    assert stored() == {row.file.name for row in rows}
    assert [row.size for row in rows] == [4, 5]


def fail_after_files(message: Message) -> None:
    with atomic_with_files():
        store_files(message, FILES)
        raise RuntimeError(f"{len(stored())} files")


def test_files_go_with_a_transaction_that_fails() -> None:
    message = MessageFactory()
    with pytest.raises(RuntimeError, match="2 files"):
        fail_after_files(message)
    assert (stored(), Attachment.objects.count()) == (set(), 0)


@pytest.mark.django_db(transaction=True)
def test_files_stay_if_the_answer_of_the_commit_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The network is cut after the server has committed."""
    message, commit = MessageFactory(), connection._commit

    def commit_unheard() -> None:
        commit()
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(connection, "_commit", commit_unheard)
    with pytest.raises(OperationalError), atomic_with_files():
        store_files(message, FILES)
    assert stored() == set(Attachment.objects.values_list("file", flat=True))
    assert len(stored()) == 2


def store_and_tell(message: Message) -> None:
    def tell() -> None:
        raise RuntimeError("nobody listens")

    with atomic_with_files():
        store_files(message, FILES)
        transaction.on_commit(tell)


@pytest.mark.django_db(transaction=True)
def test_files_stay_if_only_what_follows_the_commit_fails() -> None:
    message = MessageFactory()
    with pytest.raises(RuntimeError, match="nobody listens"):
        store_and_tell(message)
    assert stored() == set(Attachment.objects.values_list("file", flat=True))
    assert len(stored()) == 2


@pytest.fixture
def unused(now: datetime) -> str:
    """A file as a process leaves it that died before its commit."""
    path = default_storage.save(f"{ATTACHMENTS}/ab/abandoned", ContentFile(b"lines"))
    return age(path, now - UNUSED_FROM - timedelta(seconds=1))


def age(path: str, at: datetime) -> str:
    os.utime(default_storage.path(path), (at.timestamp(), at.timestamp()))
    return path


@pytest.mark.usefixtures("frozen")
def test_a_file_without_a_row_goes_in_the_night(unused: str, now: datetime) -> None:
    used = age(AttachmentFactory().file.name, now - UNUSED_FROM - timedelta(seconds=1))
    assert tasks.remove_unused_files() == "removed 1"
    assert stored() == {used}


@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize("old", [timedelta(), UNUSED_FROM, UNUSED_UNTIL])
def test_a_file_that_is_being_written_or_was_restored_stays(
    unused: str, now: datetime, old: timedelta
) -> None:
    age(unused, now - old)
    assert tasks.remove_unused_files() == "removed 0"
    assert stored() == {unused}


@pytest.mark.usefixtures("frozen")
def test_a_desk_without_any_file_has_nothing_to_remove() -> None:
    assert tasks.remove_unused_files() == "removed 0"
