"""Tables made by the squashed migrations, and by the files that they replace, whole or half way: all are the same.

They are made several times over, so `.ci/run` starts this, on SQLite and on PostgreSQL.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.upgrades.desks import Desk
from tests.upgrades.replaced import EARLIER

pytestmark = pytest.mark.upgrades

ROOT = Path(__file__).resolve().parent.parent.parent
GIVEN = os.environ.get("DATABASE_URL", "")
# Desks that stopped somewhere: an app is whole, half way or not begun.
HALF_WAY = {
    "an early desk": ["supportdesk=0002", "tickets=0004"],
    "only the groups are missing": ["customers", "tickets=0011", "escalation=0022"],
}


@pytest.fixture(scope="module")
def new(new_desk: Callable[[], Desk]) -> dict[str, Any]:
    desk = new_desk()
    desk.migrate()
    return desk.described()


@pytest.fixture(scope="module")
def grown(new_desk: Callable[[], Desk]) -> Desk:
    desk = new_desk()
    desk.take_replaced_files()
    return desk


@pytest.fixture(scope="module")
def grown_before_its_upgrade(grown: Desk) -> dict[str, Any]:
    return grown.described()


def squashed(described: dict[str, Any]) -> list[str]:
    return [name for name in described["history"] if "_squashed_" in name]


def without_names_of_permissions(contents: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Django names a permission when it first sees it, after what the model was called at that time."""
    nameless = [{**row, "name": ""} for row in contents["rows of auth_permission"]]
    return {**contents, "rows of auth_permission": nameless}


def test_a_new_desk_has_the_tables_and_rows_of_a_grown_one(new, grown_before_its_upgrade):
    assert squashed(grown_before_its_upgrade) == []
    assert new["contents"] == grown_before_its_upgrade["contents"]


def test_the_upgrade_of_a_grown_desk_changes_nothing(new, grown, grown_before_its_upgrade):
    before = grown_before_its_upgrade
    grown.migrate()
    after = grown.described()
    assert after["contents"] == before["contents"]
    assert sorted(after["history"]) == sorted(before["history"] + squashed(new))
    assert len(squashed(new)) == 4


@pytest.mark.parametrize("targets", HALF_WAY.values(), ids=HALF_WAY)
def test_a_desk_that_is_half_way_becomes_the_same(new, new_desk, targets):
    desk = new_desk()
    desk.take_replaced_files(*targets)
    desk.migrate()
    described = desk.described()
    ours, theirs = (without_names_of_permissions(each["contents"]) for each in (described, new))
    assert ours == theirs
    assert squashed(described) == squashed(new)


def test_a_desk_that_was_made_from_earlier_squashed_files_becomes_the_same(new, new_desk):
    desk = new_desk()
    desk.take_replaced_files("earlier")
    earlier = squashed(desk.described())
    desk.migrate()
    described = desk.described()
    ours, theirs = (without_names_of_permissions(each["contents"]) for each in (described, new))
    assert ours == theirs
    assert earlier == sorted(f"{app}.{name}" for app, name in EARLIER.items())
    assert squashed(described) == sorted(earlier + squashed(new))
