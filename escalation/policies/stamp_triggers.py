"""Triggers that renew the policies' stamp with every change of a row that decides what is promised.

They see what no service sees: bulk updates, loaded fixtures, a hand in the database. SQLite drops a table's triggers
whenever a migration rebuilds it, so they are created after each `migrate`.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

STAMP = "escalation_policystamp"
TABLES = (
    "customers_serviceplan",
    "escalation_calendar",
    "escalation_contractwindow",
    "escalation_dutyrota",
    "escalation_escalationstep",
    "escalation_policy",
    "escalation_policytarget",
    "escalation_policyversion",
)
VERBS = ("INSERT", "UPDATE", "DELETE")

POSTGRESQL = (
    f"""
    CREATE OR REPLACE FUNCTION {STAMP}_renew() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE {STAMP} SET stamp = (random() * 9e15)::bigint;
        RETURN NULL;
    END $$
    """,  # noqa: S608 - only names of our own tables
    *(
        f"""
        CREATE OR REPLACE TRIGGER {table}_renews_stamp AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION {STAMP}_renew()
        """
        for table in TABLES
    ),
)
RENEW = f"UPDATE {STAMP} SET stamp = random()"  # noqa: S608
SQLITE = tuple(
    f"CREATE TRIGGER IF NOT EXISTS {table}_{verb.lower()}_renews_stamp AFTER {verb} ON {table} BEGIN {RENEW}; END"
    for table in TABLES
    for verb in VERBS
)


def create_triggers(using: str = "default", **_signal: Any) -> None:
    """Create the triggers if one is missing; a receiver of post_migrate. None before the tables are there."""
    connection = connections[using]
    there = connection.introspection.table_names()
    if not {STAMP, *TABLES} <= set(there) or not any(missing_triggers(connection)):
        return
    with connection.cursor() as cursor:
        for statement in POSTGRESQL if connection.vendor == "postgresql" else SQLITE:
            cursor.execute(statement)


def missing_triggers(connection: BaseDatabaseWrapper) -> Iterator[str]:
    """The names of triggers that are missing or switched off."""
    if connection.vendor == "postgresql":
        wanted = [f"{table}_renews_stamp" for table in TABLES]
        query = "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')"
    else:
        wanted = [f"{table}_{verb.lower()}_renews_stamp" for table in TABLES for verb in VERBS]
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {name for (name,) in cursor.fetchall()}
    yield from (name for name in wanted if name not in there)
