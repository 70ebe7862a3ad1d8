"""A backup is complete or not there, and has every row and file of one moment."""

import errno
import fcntl
import gc
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage

from supportdesk.backup import backup_files, making
from supportdesk.backup.encryption import new_identity, recipients_of
from supportdesk.backup.making import chosen_backup, complete_backups, make_backup, remove_older
from supportdesk.backup.restoring import checked_backup
from tests.factories import NOW, AttachmentFactory, ContactFactory, OutboundEmailFactory
from tests.wholedesks import desk_in, silent, sqlite_at
from tickets.errors import DeskError
from tickets.models import Attachment

pytestmark = pytest.mark.django_db


def backed_up(database, folder, at=NOW, recipients=()):
    with desk_in(database):
        return make_backup(
            folder, at=at, recipients=recipients, names=[str(each) for each in recipients], say=silent
        )


def test_a_backup_has_a_name_of_its_time_and_counts_what_is_in_it(lived_in, tmp_path):
    report = backed_up(lived_in, tmp_path / "kept")
    assert report.folder.name == "desk-20261118T120000Z"
    assert report.manifest.made_at == "2026-11-18T12:00:00Z"
    assert {table.name: table.rows for table in report.manifest.tables}["tickets_ticket"] == 3
    assert (report.missing, report.erased, report.manifest.recipients) == ((), (), ())


def test_all_that_a_backup_holds_is_for_this_user_only(lived_in, tmp_path):
    report = backed_up(lived_in, tmp_path / "kept")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in report.folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(report.folder.stat().st_mode) == 0o700


def test_plain_keys_lie_apart_for_this_user_only(lived_in, tmp_path, settings):
    report = backed_up(lived_in, tmp_path / "kept")
    assert report.keys.parent == tmp_path / "kept-keys"
    assert stat.S_IMODE(report.keys.stat().st_mode) == 0o600
    key = settings.SECRET_KEY.encode()
    assert key in report.keys.read_bytes()
    assert not [path for path in report.folder.rglob("*") if path.is_file() and key in path.read_bytes()]


def test_an_encrypted_backup_shows_nothing_and_has_its_keys_in_it(lived_in, tmp_path):
    identity = new_identity()
    report = backed_up(lived_in, tmp_path / "kept", recipients=[identity.to_public()])
    assert report.keys is None
    assert not (tmp_path / "kept-keys").exists()
    plain = [path.name for path in report.folder.rglob("*") if path.is_file() and path.suffix != ".age"]
    assert plain == ["manifest.json"]
    assert all(
        path.read_bytes().startswith(b"age-encryption.org/v1") for path in report.folder.rglob("*.age")
    )
    assert checked_backup(report.folder, [identity]).keys().mark == report.manifest.key_mark


def test_the_same_keys_are_written_once(lived_in, tmp_path):
    reports = [backed_up(lived_in, tmp_path / "kept", at=NOW + timedelta(days=day)) for day in (0, 1)]
    assert reports[0].keys == reports[1].keys
    assert len(list((tmp_path / "kept-keys").iterdir())) == 1


def test_a_file_that_is_missing_is_named(lived_in, tmp_path):
    with desk_in(lived_in):
        name = Attachment.objects.first().file.name
    default_storage.delete(name)
    report = backed_up(lived_in, tmp_path / "kept")
    assert (report.missing, report.erased, report.manifest.missing) == ((name,), (), 1)


def test_a_file_that_is_erased_meanwhile_is_told_apart(lived_in, tmp_path, monkeypatch):
    names = making.named_files

    def erase_after_the_rows(desk):
        named = names(desk)
        attachment = Attachment.objects.first()
        if attachment is not None:
            default_storage.delete(attachment.file.name)
            attachment.delete()
        return named

    with desk_in(lived_in):
        erased = Attachment.objects.first().file.name
    monkeypatch.setattr(making, "named_files", erase_after_the_rows)
    report = backed_up(lived_in, tmp_path / "kept")
    assert (report.missing, report.erased) == ((), (erased,))


def test_what_arrives_while_the_backup_is_written_is_not_half_in_it(lived_in, tmp_path, monkeypatch):
    written = making.write_lines
    arrived = []

    def write_and_receive(folder, path, lines, recipients):
        if path == "tables/customers_customer.jsonl":
            arrived.append(ContactFactory())
        return written(folder, path, lines, recipients)

    monkeypatch.setattr(making, "write_lines", write_and_receive)
    before = backed_up(lived_in, tmp_path / "kept")
    rows = {table.name: table.rows for table in before.manifest.tables}
    after = backed_up(lived_in, tmp_path / "kept", at=NOW + timedelta(days=1))
    later = {table.name: table.rows for table in after.manifest.tables}
    assert len(arrived) == 2
    assert rows["customers_contact"] + 1 == later["customers_contact"]


def test_files_of_outgoing_mail_are_taken_too(lived_in, tmp_path):
    with desk_in(lived_in):
        name = AttachmentFactory().file.name
        Attachment.objects.filter(file=name).delete()
        OutboundEmailFactory(files=[{"name": "log.txt", "path": name, "type": "text/plain"}])
    report = backed_up(lived_in, tmp_path / "kept")
    assert name in checked_backup(report.folder, []).files()


def test_a_full_disk_leaves_the_last_backup_and_nothing_else(lived_in, tmp_path, monkeypatch):
    kept = backed_up(lived_in, tmp_path / "kept").folder
    write = backup_files.HashingFile.write

    def write_until_full(file, data):
        if file.size + len(data) > 2_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data)

    monkeypatch.setattr(backup_files.HashingFile, "write", write_until_full)
    for recipients in ((), [new_identity().to_public()]):
        with pytest.raises(DeskError, match=r"No space left on device\. Earlier backups are as they were"):
            backed_up(lived_in, tmp_path / "kept", at=NOW + timedelta(days=1), recipients=recipients)
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == [".lock", kept.name]


def test_a_backup_that_broke_off_is_none_and_is_removed_by_the_next(lived_in, tmp_path):
    left = tmp_path / "kept" / ".unfinished-desk-20261117T120000Z"
    (left / "tables").mkdir(parents=True)
    (left / "manifest.json").write_text("{}")
    with pytest.raises(DeskError, match="There is no complete backup"):
        chosen_backup(tmp_path / "kept")
    backed_up(lived_in, tmp_path / "kept")
    assert not left.exists()


def test_two_backups_at_once_are_refused(lived_in, tmp_path):
    (tmp_path / "kept").mkdir()
    with (tmp_path / "kept" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(DeskError, match="Another backup is being written"):
            backed_up(lived_in, tmp_path / "kept")


def test_only_the_newest_are_kept(lived_in, tmp_path):
    folders = [
        backed_up(lived_in, tmp_path / "kept", at=NOW + timedelta(days=day)).folder for day in range(3)
    ]
    assert remove_older(tmp_path / "kept", keep=0) == []
    assert remove_older(tmp_path / "kept", keep=2) == folders[:1]
    assert complete_backups(tmp_path / "kept") == folders[1:]
    assert chosen_backup(tmp_path / "kept") == folders[2]
    assert chosen_backup(folders[1]) == folders[1]


def test_what_is_no_recipient_is_refused():
    with pytest.raises(DeskError, match="no public key of age"):
        recipients_of(["age1wrong"])


def test_a_database_without_a_desk_is_refused(tmp_path):
    with pytest.raises(DeskError, match="There is no desk in the database"):
        backed_up(sqlite_at(tmp_path / "new.sqlite3"), tmp_path / "kept")


def test_a_table_that_cannot_be_read_is_named(lived_in, tmp_path):
    with closing(sqlite3.connect(lived_in["NAME"], isolation_level=None)) as hand:
        hand.execute("UPDATE tickets_ticket SET subject = CAST(x'ff' AS TEXT)")
    with pytest.raises(DeskError, match="The table tickets_ticket cannot be read: Could not decode"):
        backed_up(lived_in, tmp_path / "kept")


def test_what_breaks_off_leaves_no_rows_half_read(lived_in, tmp_path, monkeypatch):
    """A generator that outlives its connection would complain when it is collected."""
    lines = making.line_of

    def fail(row):
        if len(row) > 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return lines(row)

    monkeypatch.setattr(making, "line_of", fail)
    with pytest.raises(DeskError, match="No space left"):
        backed_up(lived_in, tmp_path / "kept")
    gc.collect()
