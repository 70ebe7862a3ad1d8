"""Migrations expand first and contract later, so that two versions can work on one database during an update."""

from collections.abc import Iterator

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from tests.upgrades.expand_and_contract import faults_of
from tests.upgrades.releases import releases

# The newest migrations of release 0.1.0. Earlier ones were made before the rule.
BEFORE_THE_RULE = {
    "customers": "0011_people_who_left",
    "tickets": "0036_next_tries",
    "escalation": "0035_people_who_left",
    "supportdesk": "0017_clocks_of_hosts",
}


def since_the_rule(loader: MigrationLoader) -> Iterator[tuple[str, str]]:
    for app, name in sorted(loader.disk_migrations):
        if app in BEFORE_THE_RULE and name > BEFORE_THE_RULE[app]:
            yield app, name


def test_migrations_keep_to_the_rule() -> None:
    loader = MigrationLoader(None)
    faults = []
    for key in since_the_rule(loader):
        state = loader.project_state(key, at_end=False)
        sentences = faults_of(loader.disk_migrations[key], state, set(releases()))
        faults += [f"{'.'.join(key)}: {sentence}" for sentence in sentences]
    assert faults == []


def test_the_rule_begins_with_migrations_that_there_are() -> None:
    assert BEFORE_THE_RULE.items() <= MigrationLoader(None).disk_migrations.keys()


def ticket_state() -> ProjectState:
    state = ProjectState()
    fields = [
        ("id", models.BigAutoField(primary_key=True)),
        ("note", models.TextField(null=True)),
        ("mood", models.TextField(db_default="")),
    ]
    state.add_model(ModelState("tickets", "Ticket", fields))
    return state


def faults(*operations: Operation, unused_since: str = "") -> list[str]:
    migration = migrations.Migration("0099_next", "tickets")
    migration.operations = list(operations)
    if unused_since:
        migration.unused_since = unused_since  # type: ignore[attr-defined]
    return list(faults_of(migration, ticket_state(), {"0.1.0"}))


REMOVED = migrations.RemoveField("ticket", "note")
KEPT_IN_THE_TABLE = migrations.SeparateDatabaseAndState(state_operations=[REMOVED])


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("ticket", "heat", models.IntegerField(db_default=0)),
        migrations.AddField("ticket", "heat", models.IntegerField(null=True)),
        migrations.AddField("ticket", "others", models.ManyToManyField("tickets.Ticket")),
        migrations.AlterField("ticket", "note", models.TextField(null=True, blank=True)),
        migrations.AlterField("ticket", "note", models.TextField(db_default="")),
        migrations.CreateModel("Heat", [("id", models.BigAutoField(primary_key=True))]),
        migrations.AddIndex("ticket", models.Index(fields=["note"], name="note")),
        migrations.RunSQL("UPDATE tickets_ticket SET note = ''"),
        KEPT_IN_THE_TABLE,
    ],
    ids=Operation.describe,
)
def test_what_expands_is_taken(operation: Operation) -> None:
    assert faults(operation) == []


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("ticket", "heat", models.IntegerField()),
        migrations.AddField("ticket", "heat", models.IntegerField(default=0)),
        migrations.AlterField("ticket", "note", models.TextField()),
        migrations.AlterField("ticket", "mood", models.TextField()),
    ],
    ids=["without a default", "with Django's default", "no longer null", "no longer a default"],
)
def test_a_column_that_the_last_release_must_fill_is_refused(operation: Operation) -> None:
    [sentence] = faults(operation, unused_since="0.1.0")
    assert "the last release inserts without it" in sentence


@pytest.mark.parametrize(
    "operation",
    [
        REMOVED,
        migrations.RenameField("ticket", "note", "remark"),
        migrations.RenameModel("Ticket", "Case"),
        migrations.DeleteModel("Ticket"),
        migrations.AlterModelTable("ticket", "cases"),
        migrations.RunSQL("ALTER TABLE tickets_ticket DROP COLUMN note"),
        migrations.SeparateDatabaseAndState(database_operations=[REMOVED]),
    ],
    ids=Operation.describe,
)
def test_what_contracts_must_name_a_release_that_did_not_use_it(operation: Operation) -> None:
    assert len(faults(operation)) == 1
    assert len(faults(operation, unused_since="0.2.0")) == 1  # which is not released yet
    assert faults(operation, unused_since="0.1.0") == []
