"""Files are whole and on the disk when `save` returns, or nothing is left of them."""

import errno
import os
import stat
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tickets.lib.durable_files import DurableFileStorage


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was brought to the disk, in order, by its path."""
    paths: list[str] = []
    sync = os.fsync

    def listening(descriptor: int) -> None:
        paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", listening)
    return paths


@pytest.fixture
def storage(tmp_path: Path) -> DurableFileStorage:
    return DurableFileStorage(location=tmp_path / "files")


def test_the_desk_stores_its_files_this_way() -> None:
    assert isinstance(default_storage._wrapped, DurableFileStorage)  # type: ignore[attr-defined]  # behind a proxy


def test_a_file_and_every_folder_with_a_new_name_are_on_the_disk(
    storage: DurableFileStorage, synced: list[str], tmp_path: Path
) -> None:
    name = storage.save("attachments/ab/abc", ContentFile(b"words"))
    root = tmp_path / "files"
    assert name == "attachments/ab/abc"
    assert (root / name).read_bytes() == b"words"
    assert synced == [
        str(path) for path in (root / name, root / "attachments/ab", root / "attachments", root)
    ]


def test_only_the_desk_may_read_a_file(storage: DurableFileStorage, tmp_path: Path) -> None:
    name = storage.save("one", ContentFile(b"words"))
    assert stat.S_IMODE((tmp_path / "files" / name).stat().st_mode) == 0o600


def test_a_name_that_another_process_takes_meanwhile_stays_theirs(
    storage: DurableFileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "files" / "one"
    theirs.parent.mkdir()
    theirs.write_bytes(b"theirs")
    answers = iter([True])  # at the first look nobody has it yet
    look = storage.is_name_available
    monkeypatch.setattr(storage, "is_name_available", lambda name, **more: next(answers, look(name, **more)))
    name = storage.save("one", ContentFile(b"ours"))
    assert theirs.read_bytes() == b"theirs"
    assert (tmp_path / "files" / name).read_bytes() == b"ours"


def test_a_full_disk_leaves_nothing_of_a_file(
    storage: DurableFileStorage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        storage.save("attachments/ab/abc", ContentFile(b"words"))
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []
