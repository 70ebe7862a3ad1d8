"""What a database holds, in words that two databases share: its schema, and its rows by their content.

A program: it prints, as JSON, what the database of DATABASE_URL holds and which migrations it has applied.
"""

import json
import os
import re
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import django
from django.db import connection

Description = dict[str, list[Any]]

RECENT = timedelta(hours=12)
# Django gives these their keys as it comes to them; what refers to them is described by their content.
KINDS = "SELECT id, app_label || '.' || model FROM django_content_type"
POWERS = (
    "SELECT p.id, t.app_label || '.' || t.model || '.' || p.codename "
    "FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id"
)
KEYED_AT_RANDOM = {"django_content_type", "auth_permission", "auth_group_permissions"}
HISTORY = "django_migrations"

# PostgreSQL's own words for everything in the schema. Names of columns and constraints are part of them.
SCHEMA = {
    "columns": """
        SELECT c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
               format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
               pg_get_expr(d.adbin, d.adrelid), l.collname
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        LEFT JOIN pg_collation l ON l.oid = a.attcollation
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
          AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, contype::text, convalidated, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": """
        SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE c.relnamespace = 'public'::regnamespace""",
    "triggers": "SELECT tgname, tgenabled::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "sequences": """
        SELECT sequencename, data_type::text, start_value, min_value, max_value, increment_by, cycle,
               CASE WHEN sequencename ~ '^(customers|tickets|escalation|supportdesk|auth_group_id)'
                    THEN last_value END
        FROM pg_sequences WHERE schemaname = 'public'""",
    "extensions": "SELECT extname FROM pg_extension",
    "types": """
        SELECT t.typname FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
        WHERE t.typnamespace = 'public'::regnamespace AND t.typtype <> 'b' AND c.relkind IS DISTINCT FROM 'r'""",
}


def describe() -> Description:
    """The schema by the kinds of its parts, and under the name of each table its rows."""
    schema = described_by_postgresql() if connection.vendor == "postgresql" else described_by_sqlite()
    tables = sorted(set(connection.introspection.table_names()) - {HISTORY} - inner_tables())
    return {**schema, **{f"rows of {table}": rows_of(table) for table in tables}}


def inner_tables() -> set[str]:
    """How SQLite keeps its full-text indexes: the same index may look different there, once it was built anew."""
    if connection.vendor == "postgresql":
        return set()
    indexes = select("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%%'")
    return {
        f"{name}_{part}" for (name,) in indexes for part in ("data", "idx", "content", "docsize", "config")
    }


def history() -> list[str]:
    return [f"{app}.{name}" for app, name in in_order(select(f"SELECT app, name FROM {HISTORY}"))]


def described_by_postgresql() -> Description:
    return {part: in_order(select(query)) for part, query in SCHEMA.items()}


def described_by_sqlite() -> Description:
    """Statements as SQLite keeps them. To rebuild a table changes the order of its columns, so they are sorted."""
    statements = select("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    counters = select("SELECT name, seq FROM sqlite_sequence WHERE seq > 0")
    return {
        "statements": in_order([kind, name, in_order(parts(sql))] for kind, name, sql in statements),
        "counters": in_order(row for row in counters if row[0] not in KEYED_AT_RANDOM | {HISTORY}),
    }


def parts(statement: str) -> list[str]:
    """`CREATE TABLE t (a, b(c, d))` in parts: what stands before the first bracket, `a` and `b(c, d)`."""
    if not statement.startswith("CREATE TABLE"):
        return [statement]
    head, _bracket, inside = statement.partition("(")
    found, depth = [""], 0
    for piece in re.split(r"([(),]|'(?:[^']|'')*')", inside.rpartition(")")[0]):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and depth == 0:
            found.append("")
        else:
            found[-1] += piece
    return [head, *(each.strip() for each in found)]


def rows_of(table: str) -> list[Any]:
    named = {"content_type_id": dict(select(KINDS)), "permission_id": dict(select(POWERS))}
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{table}"')
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    if table in KEYED_AT_RANDOM:
        rows = [{column: value for column, value in row.items() if column != "id"} for row in rows]
    return in_order(
        {
            column: named[column][value] if column in named else plain(value)
            for column, value in sorted(row.items())
        }
        for row in rows
    )


def plain(value: Any) -> Any:
    """A value as JSON knows it; a time of today is the time at which the tables were made."""
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        return "now" if abs(datetime.now(UTC) - at) < RECENT else at.astimezone(UTC).isoformat()
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def select(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def in_order(rows: Iterable[Any]) -> list[Any]:
    return sorted(rows, key=repr)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportdesk.settings")
    django.setup()
    json.dump({"history": history(), "contents": describe()}, sys.stdout)
