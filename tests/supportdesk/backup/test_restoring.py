"""What was backed up is there again, row by row and file by file; a damaged backup touches nothing."""

import gzip
import hashlib
import hmac
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from io import StringIO

import orjson
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from escalation.proof.whole_proof import prove_all
from supportdesk.backup.encryption import new_identity
from supportdesk.backup.keys import DeskKeys
from supportdesk.backup.manifest import BackupFile, read_manifest, refuse_damaged
from supportdesk.backup.restoring import BackupRows
from supportdesk.secrets import kept_encryption_keys, kept_secret_key
from tests.factories import UserFactory
from tests.supportdesk.backup.test_making import backed_up
from tests.wholedesks import all_rows, desk_in, live_through_a_week, put_files_into, sqlite_at
from tickets.errors import DeskError
from tickets.models import Attachment, Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def backup(lived_in, tmp_path):
    """A plain backup of the desk that was lived in; the file storage is empty again."""
    report = backed_up(lived_in, tmp_path / "kept")
    put_files_into(tmp_path / "new files")
    return report


def restored(database, folder, **options):
    with desk_in(database):
        call_command("restore", str(folder), stdout=(out := StringIO()), **options)
    return out.getvalue()


def test_every_row_and_file_is_back(lived_in, empty, backup, tmp_path):
    out = restored(empty, backup.folder)
    assert all_rows(empty) == all_rows(lived_in)
    with desk_in(empty), Attachment.objects.get().file.open() as file:
        assert file.read() == b"join failed: 4006\n"
    rows = f"{backup.manifest.rows:,}"
    assert f"Restored {rows} rows and 1 files of 2026-11-18T12:00:00Z from {backup.folder}\n" in out
    assert out.endswith("All 4 SLAs match the ledger.\nThis desk has the keys of the backup.\n")


def test_an_encrypted_backup_is_back_with_its_identity_only(lived_in, empty, tmp_path):
    identity = new_identity()
    folder = backed_up(lived_in, tmp_path / "kept", recipients=[identity.to_public()]).folder
    put_files_into(tmp_path / "new files")
    for name, secret in (("right", identity), ("wrong", new_identity())):
        (tmp_path / name).write_text(f"# created by age-keygen\n{secret}\n")
    before = all_rows(empty)
    with pytest.raises(CommandError, match="The backup is encrypted"):
        restored(empty, folder)
    with pytest.raises(CommandError, match="cannot be decrypted with this identity"):
        restored(empty, folder, identity=tmp_path / "wrong")
    assert all_rows(empty) == before
    restored(empty, folder, identity=tmp_path / "right")
    assert all_rows(empty) == all_rows(lived_in)


def test_a_database_without_tables_gets_them(lived_in, empty, backup, monkeypatch):
    """What `migrate` does is put in its place, for it takes seconds."""
    new = sqlite_at(backup.folder.parent / "new.sqlite3")

    def migrated(_applied):
        shutil.copy(empty["NAME"], new["NAME"])
        connection.close()

    monkeypatch.setattr("supportdesk.backup.restoring.migrate_to", migrated)
    restored(new, backup.folder)
    assert all_rows(new) == all_rows(lived_in)


def test_a_desk_in_use_is_refused(empty, backup):
    with desk_in(empty):
        UserFactory()
    with pytest.raises(CommandError, match="is in use"):
        restored(empty, backup.folder)


def damage_by_a_byte(folder):
    file = next(folder.glob("tables/tickets_ticket.*"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def lose_a_file(folder):
    next(folder.glob("files/*/*")).unlink()


def change_the_manifest(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"].pop()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def cut_the_manifest(folder):
    (folder / "manifest.json").write_bytes((folder / "manifest.json").read_bytes()[:-2])


@pytest.mark.parametrize("damage", [damage_by_a_byte, lose_a_file, change_the_manifest, cut_the_manifest])
def test_a_damaged_backup_is_refused_before_anything_is_written(empty, backup, tmp_path, damage):
    damage(backup.folder)
    before = all_rows(empty)
    with pytest.raises(CommandError, match=f"The backup in {backup.folder} is damaged"):
        restored(empty, backup.folder)
    assert all_rows(empty) == before
    assert not (tmp_path / "new files").exists()


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname"])
def test_a_forged_index_brings_no_file_of_the_machine_into_the_desk(backup, path):
    manifest = read_manifest(backup.folder)
    line = json.dumps(["attachments/ab/stolen", path]).encode() + b"\n"
    (backup.folder / manifest.index).write_bytes(gzip.compress(line))
    rows = BackupRows(backup.folder, manifest, [])
    with pytest.raises(DeskError, match="which is no file of it"):
        rows.files()


@pytest.mark.parametrize("path", ["../secret", "/etc/hostname"])
def test_a_manifest_that_names_a_file_outside_the_backup_is_damaged(backup, path):
    there = (backup.folder / path).resolve()
    if not there.exists():
        there.write_text("a key")
    digest = hashlib.sha256(there.read_bytes()).hexdigest()
    manifest = read_manifest(backup.folder)
    outside = replace(manifest, files=(*manifest.files, BackupFile(path, there.stat().st_size, digest)))
    with pytest.raises(DeskError, match="is damaged"):
        refuse_damaged(backup.folder, outside)


def test_a_folder_without_a_backup_is_refused(empty, tmp_path):
    with pytest.raises(CommandError, match=f"no complete backup in {tmp_path}"):
        restored(empty, tmp_path)


def test_a_backup_of_a_later_version_is_refused(lived_in, empty, tmp_path):
    with closing(sqlite3.connect(lived_in["NAME"], isolation_level=None)) as hand:
        hand.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('tickets', '9999_x', '2027-01-01')"
        )
    folder = backed_up(lived_in, tmp_path / "kept").folder
    with pytest.raises(CommandError, match=r"later version of the desk \(migration tickets\.9999_x\)"):
        restored(empty, folder)


def test_a_restore_that_broke_off_after_the_files_can_be_begun_again(lived_in, empty, backup):
    with desk_in(lived_in):
        name = Attachment.objects.first().file.name
    assert default_storage.save(name, ContentFile(b"join failed: 4006\n")) == name
    restored(empty, backup.folder)
    assert all_rows(empty) == all_rows(lived_in)


def test_other_files_are_never_overwritten(lived_in, empty, backup):
    with desk_in(lived_in):
        name = Attachment.objects.first().file.name
    default_storage.save(name, ContentFile(b"somebody else's\n"))
    with pytest.raises(CommandError, match="The file storage is in use"):
        restored(empty, backup.folder)
    with desk_in(empty):
        assert not Ticket.objects.exists()


def test_without_the_keys_it_says_what_cannot_be_read(empty, backup, settings):
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-the-desk-1"
    settings.ENCRYPTION_KEYS = [settings.SECRET_KEY]
    assert "This desk has other keys than the backup: 1 encrypted values" in restored(empty, backup.folder)


def test_an_old_key_among_the_fallbacks_is_known(empty, backup, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-key-that-is-long-enough-for-the-desk-1"
    assert "This desk has the keys of the backup." in restored(empty, backup.folder)


def test_given_keys_are_put_in_place_on_an_embedded_desk(empty, backup, settings, tmp_path):
    settings.KEEPS_OWN_KEYS = True
    old, encrypting = settings.SECRET_KEY, settings.ENCRYPTION_KEYS
    settings.SECRET_KEY, settings.VAR_DIR = "another-key-that-is-long-enough-for-the-desk-1", tmp_path
    settings.ENCRYPTION_KEYS = [settings.SECRET_KEY]
    assert restored(empty, backup.folder, keys=backup.keys).endswith("It holds when the desk starts.\n")
    assert kept_secret_key(tmp_path / "secret_key") == old
    assert kept_encryption_keys(tmp_path / "encryption_keys") == encrypting


def test_the_keys_of_a_backup_from_before_there_were_encryption_keys_open_it():
    old = DeskKeys("signing-key-1", ("signing-key-0",), "salt")
    document = orjson.loads(old.as_json())
    del document["ENCRYPTION_KEYS"]
    assert DeskKeys.from_json(orjson.dumps(document)) == old
    mark = hmac.digest(b"signing-key-1", b"backup\0salt", hashlib.sha256).hex()[:16]  # as it was written
    assert old.open_what(mark)
    assert DeskKeys("signing-key-2", ("signing-key-1",), "salt", ("encryption-key-1",)).open_what(mark)
    assert not DeskKeys("signing-key-2", (), "salt", ("encryption-key-1",)).open_what(mark)


def test_a_key_that_encrypts_no_longer_is_known_as_long_as_it_is_there():
    then = DeskKeys("signing-key-1", (), "salt", ("encryption-key-1",))
    assert DeskKeys("signing-key-1", (), "salt", ("encryption-key-2", "encryption-key-1")).open_what(
        then.mark
    )
    assert not DeskKeys("signing-key-1", (), "salt", ("encryption-key-2",)).open_what(then.mark)


def test_given_keys_are_left_to_an_environment_that_names_its_own(empty, backup, settings, tmp_path):
    settings.KEEPS_OWN_KEYS = False
    keys = DeskKeys.of_this_desk()
    settings.SECRET_KEY, settings.VAR_DIR = "another-key-that-is-long-enough-for-the-desk-1", tmp_path
    out = restored(empty, backup.folder, keys=backup.keys)
    file = tmp_path / f"keys-{keys.mark}.json"
    assert f"Set SECRET_KEY, SALT_KEY and ENCRYPTION_KEYS to those in {file}" in out
    assert DeskKeys.from_json(file.read_bytes()) == keys


@pytest.mark.parametrize(
    "content", [b"no json", b"{}", b"[1]", b'{"SECRET_KEY": 1, "SECRET_KEY_FALLBACKS": []}']
)
def test_keys_that_are_none_are_refused_before_anything_is_written(empty, backup, tmp_path, content):
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(CommandError, match="These are no keys"):
        restored(empty, backup.folder, keys=tmp_path / "keys")
    with desk_in(empty):
        assert not Ticket.objects.exists()


@pytest.mark.postgresql
def test_postgresql_is_back_on_both_databases(lived_in, empty, empty_postgresql, tmp_path):
    folder = backed_up(lived_in, tmp_path / "kept").folder
    restored(empty_postgresql, folder)
    with desk_in(empty_postgresql):
        live_through_a_week(2)
    second = backed_up(empty_postgresql, tmp_path / "second").folder
    restored(empty, second)
    assert all_rows(empty) == all_rows(empty_postgresql)
    with desk_in(empty):
        assert prove_all().mismatches == ()
        assert prove_all().clocks == 8
