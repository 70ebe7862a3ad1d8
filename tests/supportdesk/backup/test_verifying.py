"""verify_backup proves that a backup can be restored, and says so only if it can."""

import sqlite3
from contextlib import closing
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from tests.supportdesk.backup.test_making import backed_up
from tests.supportdesk.backup.test_restoring import damage_by_a_byte
from tests.wholedesks import all_rows, desk_in

pytestmark = pytest.mark.django_db


def verified(folder, **options):
    call_command("verify_backup", str(folder), stdout=(out := StringIO()), **options)
    return out.getvalue()


def test_a_good_backup_is_proven(lived_in, tmp_path, quick_tables):
    report = backed_up(lived_in, tmp_path / "kept")
    before = all_rows(lived_in)
    assert verified(tmp_path / "kept").endswith(
        f"The backup of 2026-11-18T12:00:00Z can be restored: {report.manifest.rows:,} rows, 1 files. "
        "All 4 SLAs match the ledger.\n"
    )
    assert all_rows(lived_in) == before


def test_a_damaged_backup_is_not(lived_in, tmp_path, quick_tables):
    damage_by_a_byte(backed_up(lived_in, tmp_path / "kept").folder)
    with pytest.raises(CommandError, match="is damaged: tables/tickets_ticket"):
        verified(tmp_path / "kept")


def test_a_ledger_that_does_not_match_is_named(lived_in, tmp_path, quick_tables):
    with closing(sqlite3.connect(lived_in["NAME"], isolation_level=None)) as hand:
        hand.execute("UPDATE escalation_clock SET paused_seconds = paused_seconds + 1")
    backed_up(lived_in, tmp_path / "kept")
    with pytest.raises(CommandError, match=r"its ledger does not match\. 4 of 4 SLAs do not"):
        verified(tmp_path / "kept")


def test_one_command_writes_encrypts_proves_and_keeps_the_newest(lived_in, tmp_path, quick_tables):
    recipient = "age1t68dcnvxhs7hx6nt88exp9cyj5z0munqet24nurv6s4fjd29ye6qn06cvy"
    out = StringIO()
    backed_up(lived_in, tmp_path / "kept")
    with desk_in(lived_in):
        call_command("backup", str(tmp_path / "kept"), recipient=[recipient], verify=True, keep=1, stdout=out)
    told = out.getvalue()
    assert "can be restored" in told
    assert "Removed older backups: 1\n" in told
    (kept,) = (tmp_path / "kept").glob("desk-*")
    assert told.endswith(f"The backup is in {kept}\n")
    assert f'"{recipient}"' in (kept / "manifest.json").read_text()
