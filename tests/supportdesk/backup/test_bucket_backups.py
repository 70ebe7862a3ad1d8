"""Backups in an object store: sent whole or not at all, fetched, restored and proven."""

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from customers import time_of_record
from escalation.models import Heartbeat
from supportdesk.backup.bucket_backups import BucketBackups
from supportdesk.backup.erasures_beside import keep_list, list_beside, read_list
from supportdesk.backup.scheduled import BACKUP, BACKUP_FAILED
from supportdesk.models import Erasure, ErasureRequest
from supportdesk.personal_data.erasing import begin_erasure
from supportdesk.personal_data.subjects import Subject
from tests.factories import AdminFactory, ContactFactory
from tests.objectstores import KEYS, NOWHERE, ObjectStore, object_store
from tests.wholedesks import all_rows, desk_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture(scope="module")
def started() -> Iterator[ObjectStore]:
    with object_store() as store:
        yield store


@pytest.fixture
def store(started: ObjectStore, settings: Any, tmp_path: Path) -> Iterator[ObjectStore]:
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = KEYS["access_key"], KEYS["secret_key"]
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    yield started
    started.clear()


def manage(command: str, *words: str, **options: Any) -> str:
    call_command(command, *words, stdout=(out := StringIO()), **options)
    return out.getvalue()


def backed_up(database: dict[str, Any], url: str, **options: Any) -> str:
    with desk_in(database):
        return manage("backup", url, **options)


def test_a_backup_in_a_bucket_is_restored_into_an_empty_desk(
    lived_in: dict[str, Any], empty: dict[str, Any], store: ObjectStore, tmp_path: Path
) -> None:
    said = backed_up(lived_in, store.url)
    assert "The backup is in s3://desk-files/prefix/of/ours/desk-" in said
    assert f"lie apart, in {tmp_path}/var/backup-keys/keys-" in said
    assert not any("keys" in name for name in store.names())
    assert list((tmp_path / "var/unsent-backups").glob("desk-*")) == []
    with desk_in(empty):
        said = manage("restore", store.url)
    assert "from s3://desk-files/prefix/of/ours\n" in said
    assert all_rows(empty) == all_rows(lived_in)


def test_the_list_of_erasures_lies_beside_them(store: ObjectStore) -> None:
    contact = ContactFactory()
    for reason in ("First.", "Second."):
        erasure = begin_erasure(
            subject=Subject.of(contact), actor=AdminFactory(), at=time_of_record.now(),
            requested_by=ErasureRequest.DESK, reason=reason,
        )  # fmt: skip
        Erasure.objects.filter(pk=erasure.pk).update(
            done_at=erasure.at, at=erasure.at - timedelta(erasure.pk)
        )
        assert keep_list(store.url) == Erasure.objects.count()
    assert {line["reason"] for line in read_list(list_beside(store.url))} == {"First.", "Second."}
    assert [name for name in store.names() if "erasures" in name] == ["prefix/of/ours/erasures.jsonl"]


def test_a_backup_in_a_bucket_is_proven(
    lived_in: dict[str, Any], store: ObjectStore, quick_tables: None
) -> None:
    backed_up(lived_in, store.url)
    assert "can be restored: " in manage("verify_backup", store.url)


def test_a_changed_byte_in_the_bucket_is_found(lived_in: dict[str, Any], store: ObjectStore) -> None:
    backed_up(lived_in, store.url)
    name = next(name for name in store.names() if "tables/" in name)
    store.client.put_object(Bucket=store.bucket, Key=name, Body=b"forged")
    with pytest.raises(CommandError, match="is damaged: tables/"):
        manage("verify_backup", store.url)


def test_a_file_that_is_gone_from_the_bucket_is_found(lived_in: dict[str, Any], store: ObjectStore) -> None:
    backed_up(lived_in, store.url)
    name = next(name for name in store.names() if "tables/" in name)
    store.client.delete_object(Bucket=store.bucket, Key=name)
    with pytest.raises(CommandError, match="is damaged: tables/"):
        manage("verify_backup", store.url)


def test_only_what_was_sent_whole_is_a_backup(lived_in: dict[str, Any], store: ObjectStore) -> None:
    store.client.put_object(
        Bucket=store.bucket, Key="prefix/of/ours/desk-29990101T000000Z/tables/x", Body=b"x"
    )
    with pytest.raises(CommandError, match="There is no complete backup in s3://desk-files/prefix/of/ours"):
        manage("verify_backup", store.url)


def test_older_backups_and_broken_ones_go(lived_in: dict[str, Any], store: ObjectStore, frozen: Any) -> None:
    store.client.put_object(
        Bucket=store.bucket, Key="prefix/of/ours/desk-20200101T000000Z/tables/x", Body=b"x"
    )
    for _day in range(3):
        backed_up(lived_in, store.url)
        frozen.shift(timedelta(days=1))
    said = backed_up(lived_in, store.url, keep=2)
    assert "Removed older backups: 2" in said
    assert len(BucketBackups(store.url).complete()) == 2
    assert len({name.split("/")[3] for name in store.names()}) == 2


@pytest.mark.parametrize("fault", ["away", "refuses"])
def test_a_bucket_that_takes_nothing_is_said_and_leaves_nothing(
    lived_in: dict[str, Any], store: ObjectStore, tmp_path: Path, fault: str
) -> None:
    url = store.url_of("desk", endpoint=NOWHERE) if fault == "away" else store.url_of("somebody-elses")
    with pytest.raises(CommandError, match=r"cannot be written to s3://\S+: the file store: "):
        backed_up(lived_in, url)
    assert [each.name for each in (tmp_path / "var/unsent-backups").iterdir()] == [".lock"]
    with pytest.raises(CommandError, match="cannot be fetched: the file store: "):
        manage("restore", url)


def test_the_scheduled_backup_goes_to_a_bucket_and_health_hears_of_it(
    lived_in: dict[str, Any], store: ObjectStore, settings: Any, quick_tables: None
) -> None:
    settings.BACKUP_FOLDER = store.url
    with desk_in(lived_in):
        manage("backup")
        assert Heartbeat.objects.filter(name=BACKUP).exists()
    assert len(BucketBackups(store.url).complete()) == 1
    assert BucketBackups(store.url).size_of_last() > 1000
    settings.BACKUP_FOLDER = store.url_of("somebody-elses")
    with desk_in(lived_in):
        with pytest.raises(CommandError):
            manage("backup")
        assert "NoSuchBucket" in Heartbeat.objects.get(name=BACKUP_FAILED).detail


def test_an_address_without_a_bucket_is_refused() -> None:
    with pytest.raises(CommandError, match="names no bucket"):
        manage("verify_backup", "s3:///prefix")
