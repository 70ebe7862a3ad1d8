"""A backup that an older version wrote is restored by this one, with real migrations on both sides."""

import pytest

from tests.upgrades.desks import sqlite_desk

pytestmark = pytest.mark.upgrades


def test_a_backup_of_an_older_version_fits_this_one(tmp_path):
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    old, new = sqlite_desk(tmp_path / "old"), sqlite_desk(tmp_path / "new")
    old.migrate()
    for app, name in (("tickets", "0034"), ("escalation", "0034")):
        old.run("manage.py", "migrate", "--verbosity=0", app, name)
    assert "can be restored" in old.run("manage.py", "backup", str(tmp_path / "kept"), "--verify")
    assert "Restored" in new.run("manage.py", "restore", str(tmp_path / "kept"))
    old.migrate()
    assert new.described() == old.described()
