"""Triggers that make the ledger and its seals append-only in the database itself, for PostgreSQL and for SQLite.

They refuse UPDATE, DELETE, PostgreSQL's TRUNCATE, and SQLite's REPLACE, which deletes a row without a DELETE. SQLite
drops a table's triggers whenever a migration rebuilds it, so they are created after each `migrate`.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

LEDGER = "escalation_clockevent"
# The unique keys of each guarded table. REPLACE deletes whatever row stands in the way of one.
KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    LEDGER: (("id",),),
    "escalation_seal": (("number",),),
    "escalation_sealedline": (("line",), ("seal_id", "position")),
}
REFUSAL = "The ledger is append-only: its lines are neither changed nor deleted."
FUNCTION = f"{LEDGER}_refuse"
BODY = f"BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'restrict_violation'; END"


def guard(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the triggers of the ledger itself; for migrations."""
    for statement in creating(schema_editor.connection, LEDGER):
        schema_editor.execute(statement)


def unguard(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the triggers of the ledger, as before a migration that rebuilds the table (SQLite does so for most)."""
    for statement in dropping(schema_editor.connection, LEDGER):
        schema_editor.execute(statement)


def create_guards(using: str = "default", **_signal: Any) -> None:
    """Create all triggers if one is missing; a receiver of post_migrate. None before the tables are there.

    A role that does not own the tables cannot, and need not.
    """
    connection = connections[using]
    if not KEYS.keys() <= set(connection.introspection.table_names()):
        return
    if any(missing_guards(connection)):
        with connection.cursor() as cursor:
            for statement in creating(connection, *KEYS):
                cursor.execute(statement)


def missing_guards(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """The names of triggers that are missing, switched off, or not the ones that `create_guards` creates."""
    there = _postgresql_state if connection.vendor == "postgresql" else _sqlite_state
    state = there(connection)
    for table in KEYS:
        of_table = _postgresql_triggers if connection.vendor == "postgresql" else _sqlite_triggers
        yield from (name for name, wanted in of_table(table).items() if state.get(name) != _plain(wanted))


def creating(connection: BaseDatabaseWrapper, *tables: str) -> Iterator[str]:
    """The statements that create the triggers of these tables, in place of those that are there."""
    if connection.vendor == "postgresql":
        yield f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $${BODY}$$"
        for table in tables:
            for statement in _postgresql_triggers(table).values():
                yield statement.replace("CREATE", "CREATE OR REPLACE", 1)
    else:
        for table in tables:
            yield from dropping(
                connection, table
            )  # SQLite does not replace a trigger that says something else
            yield from _sqlite_triggers(table).values()


def dropping(connection: BaseDatabaseWrapper, *tables: str) -> Iterator[str]:
    """The statements that drop the triggers of these tables."""
    for table in tables:
        if connection.vendor == "postgresql":
            yield from (f"DROP TRIGGER IF EXISTS {name} ON {table}" for name in _postgresql_triggers(table))
        else:
            yield from (f"DROP TRIGGER IF EXISTS {name}" for name in _sqlite_triggers(table))


def _postgresql_triggers(table: str) -> dict[str, str]:
    """By name, as PostgreSQL itself prints them."""
    act = f"EXECUTE FUNCTION {FUNCTION}()"
    name = f"{table}_append_only"
    return {
        name: f"CREATE TRIGGER {name} BEFORE DELETE OR UPDATE ON {table} FOR EACH ROW {act}",
        f"{table}_no_truncate": (
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {act}"
        ),
    }


def _sqlite_triggers(table: str) -> dict[str, str]:
    """By name, as SQLite keeps them."""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    same = " OR ".join(
        " AND ".join(f"{column} = NEW.{column}" for column in columns) for columns in KEYS[table]
    )
    taken = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - names of our own tables
    triggers = {
        f"{table}_no_{verb.lower()}": f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {refuse}"
        for verb in ("UPDATE", "DELETE")
    }
    triggers[f"{table}_no_replace"] = (
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {taken} {refuse}"
    )
    return triggers


def _postgresql_state(connection: BaseDatabaseWrapper) -> dict[str, str]:
    """The triggers in force on the guarded tables; none if their function was replaced or triggers are switched off."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE oid = to_regproc(%s)", [FUNCTION])
        row = cursor.fetchone()
        cursor.execute("SHOW session_replication_role")
        if row is None or _plain(row[0]) != _plain(BODY) or cursor.fetchone()[0] == "replica":
            return {}
        cursor.execute(
            "SELECT tgname, pg_get_triggerdef(oid, true) FROM pg_trigger "
            "WHERE tgrelid IN (SELECT to_regclass(name) FROM unnest(%s::text[]) AS name) AND tgenabled IN ('O', 'A')",
            [list(KEYS)],
        )
        return {name: _plain(statement) for name, statement in cursor.fetchall()}


def _sqlite_state(connection: BaseDatabaseWrapper) -> dict[str, str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {name: _plain(statement) for name, statement in cursor.fetchall()}


def _plain(statement: str) -> str:
    return " ".join(statement.replace("public.", "").split())
