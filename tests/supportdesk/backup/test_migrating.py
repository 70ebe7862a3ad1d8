"""To which migrations an empty desk is brought, so that a backup of an older version fits."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from supportdesk.backup import migrating
from supportdesk.backup.migrating import migrate_to
from tests.wholedesks import desk_in
from tickets.errors import DeskError

pytestmark = pytest.mark.django_db


@pytest.fixture
def targets(empty, monkeypatch):
    """What an empty desk would be migrated to, after all of it or after part of it was applied."""
    chosen = []
    monkeypatch.setattr(MigrationExecutor, "migrate", lambda _self, targets: chosen.append(set(targets)))
    monkeypatch.setattr(migrating, "migrate_fully", lambda: chosen.append("all"))

    def of(*, without=()):
        with desk_in(empty):
            migrate_to(
                [key for key in MigrationExecutor(connection).loader.applied_migrations if key not in without]
            )
        return chosen[-1]

    return of


def test_a_backup_of_this_version_gets_everything(targets):
    assert targets() == "all"


def test_an_older_backup_gets_the_last_migrations_it_had(targets):
    chosen = targets(without=[("escalation", "0035_people_who_left"), ("tickets", "0035_erased_words")])
    assert {("escalation", "0034_proposed_waivers"), ("tickets", "0034_words_digest")} < chosen
    assert len([name for app, name in chosen if app == "auth"]) == 1


def test_replaced_migrations_stand_for_the_one_that_replaces_them(targets):
    squashed = ("escalation", "0001_squashed_0029_nothing_to_acknowledge")
    assert targets(without=[squashed]) == "all"


def test_what_this_version_does_not_know_is_refused(empty):
    with desk_in(empty), pytest.raises(DeskError, match=r"later version .* tickets\.9999_x"):
        migrate_to([("tickets", "9999_x")])
