"""Files in an object store, tried with a real one: whatever it does, it is a file or an OSError."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from tests.objectstores import NOWHERE, ObjectStore, object_store, storages_at
from tickets.errors import FileStoreFault
from tickets.lib import object_storage
from tickets.services.intake.faults import is_passing


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with object_store() as started:
        yield started


def storage_at(url: str) -> Storage:
    return storages.create_storage(storages_at(url)["default"])


@pytest.fixture
def files(store: ObjectStore) -> Storage:
    return storage_at(store.url)


def test_a_file_comes_back_byte_for_byte(files: Storage, store: ObjectStore) -> None:
    assert files.save("attachments/day/token", ContentFile(b"\x00\xff lines")) == "attachments/day/token"
    assert store.names() == {"prefix/of/ours/attachments/day/token"}
    with files.open("attachments/day/token") as content:
        assert content.read() == b"\x00\xff lines"
    assert files.size("attachments/day/token") == 8
    assert files.exists("attachments/day/token")
    assert files.listdir("attachments") == (["day"], [])
    assert files.listdir("attachments/day") == ([], ["token"])
    files.delete("attachments/day/token")
    assert not files.exists("attachments/day/token")
    assert store.names() == set()


def test_a_large_file_is_read_through_the_disk(files: Storage) -> None:
    data = bytes(range(256)) * 40_000
    files.save("large", ContentFile(data))
    with files.open("large") as content:
        assert content.read() == data
    files.delete("large")


def test_a_file_that_is_gone_is_missing_and_named(files: Storage) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        files.open("attachments/day/gone")
    assert missing.value.filename == "attachments/day/gone"
    with pytest.raises(FileNotFoundError):
        files.get_modified_time("attachments/day/gone")
    assert files.listdir("attachments/nowhere") == ([], [])
    files.delete("attachments/day/gone")


ACTS = [
    lambda files: files.save("one", ContentFile(b"x")),
    lambda files: files.open("one"),
    lambda files: files.exists("one"),
    lambda files: files.listdir(""),
]


@pytest.mark.parametrize("act", ACTS, ids=["save", "open", "exists", "listdir"])
def test_a_store_that_is_away_is_a_passing_fault(store: ObjectStore, act: Any) -> None:
    with pytest.raises(FileStoreFault, match="the file store: EndpointConnectionError") as failed:
        act(storage_at(store.url_of("desk", endpoint=NOWHERE)))
    assert is_passing(failed.value)


def test_a_store_that_refuses_is_a_passing_fault(store: ObjectStore) -> None:
    with pytest.raises(FileStoreFault, match="the file store: NoSuchBucket") as failed:
        storage_at(store.url_of("no-such-bucket")).save("one", ContentFile(b"x"))
    assert is_passing(failed.value)
    with pytest.raises(FileStoreFault, match="NoSuchBucket"):
        storage_at(store.url_of("no-such-bucket")).listdir("")


def test_a_store_that_does_not_answer_is_given_up(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_storage, "READ_SECONDS", 0.2)
    monkeypatch.setattr(object_storage, "TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        files = storage_at(store.url_of("desk", endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}"))
        with pytest.raises(FileStoreFault, match="the file store: ReadTimeoutError") as failed:
            files.save("one", ContentFile(b"x"))
    assert is_passing(failed.value)
