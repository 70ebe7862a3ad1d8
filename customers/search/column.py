"""A column with the tokens of a text and its index: a tsvector with GIN on PostgreSQL, FTS5 on SQLite.

PostgreSQL compares tokens as they are: no dictionary of it looks at them. On SQLite they are one text, which triggers
copy into a virtual table. Both find the same: .github/decisions/search.md.
"""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Lookup, Model
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler

from customers.search.wanted import WantedWords

# A row's tokens wait in the index's list until a task sorts them in, many at once (`tidy_index`).
MOST_WAITING = 8 * 1024  # kilobytes; beyond them a writer has to do it


class TokensField(models.Field):  # type: ignore[type-arg]
    """Set it to what `tokens_of` gives. It is asked with ``__has`` and never read."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "tsvector" if connection.vendor == "postgresql" else "text"

    def get_placeholder(self, value: Any, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> str:
        return "array_to_tsvector(%s::text[])" if connection.vendor == "postgresql" else "%s"

    def get_db_prep_value(self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False) -> Any:
        return list(value) if connection.vendor == "postgresql" else " ".join(value)


@TokensField.register_lookup
class HasWords(Lookup):
    """``tokens__has=wanted_words(text)``"""

    lookup_name = "has"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        wanted: WantedWords = self.rhs
        if not wanted:
            raise EmptyResultSet
        column, params = self.process_lhs(compiler, connection)
        if connection.vendor == "postgresql":
            return f"{column} @@ %s::tsquery", [*params, wanted.as_tsquery()]
        rows, key = _rows_in_fts5(self.lhs, connection)
        return f"{key} IN ({rows})", [*params, wanted.as_fts5()]


def _rows_in_fts5(column: Col, connection: BaseDatabaseWrapper) -> tuple[str, str]:
    """The query for the keys of the rows that match its one parameter, and the key's column."""
    quote, table = connection.ops.quote_name, column.target.model._meta.db_table
    words = quote(fts5_table(table))
    key = f"{quote(column.alias)}.{quote(str(column.target.model._meta.pk.column))}"
    return f"SELECT rowid FROM {words} WHERE {words} MATCH %s", key  # noqa: S608 - names of our own tables


def fts5_table(table: str) -> str:
    return f"{table}_words"


def create_indexes(model: type[Model], using: str = "default", **_signal: Any) -> None:
    """Create what is missing of the index of a model's tokens; also a receiver of post_migrate."""
    connection = connections[using]
    if model._meta.db_table not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        for statement in _statements(model, connection):
            cursor.execute(statement)


def _statements(model: type[Model], connection: BaseDatabaseWrapper) -> Iterator[str]:
    table, key = model._meta.db_table, str(model._meta.pk.column)
    if connection.vendor == "postgresql":
        yield from _postgresql_statements(table, connection)
        return
    words = fts5_table(table)
    yield (
        f"CREATE VIRTUAL TABLE IF NOT EXISTS {words} USING fts5("
        f"tokens, content='{table}', content_rowid='{key}', detail=none, tokenize=\"ascii tokenchars '_~'\")"
    )
    insert = f"INSERT INTO {words}(rowid, tokens) VALUES (new.{key}, new.tokens)"  # noqa: S608
    delete = f"INSERT INTO {words}({words}, rowid, tokens) VALUES ('delete', old.{key}, old.tokens)"  # noqa: S608
    for verb, actions in (
        ("INSERT", insert),
        ("DELETE", delete),
        (f"UPDATE OF tokens, {key}", f"{delete}; {insert}"),
    ):
        name = f"{words}_{verb.split()[0].lower()}"
        yield f"CREATE TRIGGER IF NOT EXISTS {name} AFTER {verb} ON {table} BEGIN {actions}; END"


def _postgresql_statements(table: str, connection: BaseDatabaseWrapper) -> Iterator[str]:
    """The index, and a function that tidies it for a desk that signs in as another role than the table's owner."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(current_schema()), to_regclass(%s) IS NULL, to_regprocedure(%s) IS NULL",
            [f"{table}_words", f"{_tidying(table)}()"],
        )
        schema, has_no_index, has_no_function = cursor.fetchone()
    if has_no_index:  # even an IF NOT EXISTS fails among pending checks of foreign keys
        how = f"fastupdate = on, gin_pending_list_limit = {MOST_WAITING}"
        yield f"CREATE INDEX {table}_words ON {table} USING gin (tokens) WITH ({how})"
    if has_no_function:  # another role than the owner may not even replace it by itself
        yield (
            f"CREATE OR REPLACE FUNCTION {_tidying(table)}() RETURNS bigint LANGUAGE sql SECURITY DEFINER "
            f"SET search_path = pg_catalog AS $$ SELECT gin_clean_pending_list('{schema}.{table}_words'::regclass) $$"
        )


def _tidying(table: str) -> str:
    return f"{table}_tidy"


def tidy_index(model: type[Model], using: str = "default") -> None:
    """Sort what waits into the index, so that no writer has to and searches need not read through it.

    Only PostgreSQL lets rows wait.
    """
    connection = connections[using]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {_tidying(model._meta.db_table)}()")


def rewrite_index(model: type[Model], using: str = "default") -> None:
    """Leave no removed token in the index. SQLite keeps them until it merges; PostgreSQL's VACUUM comes by itself."""
    connection = connections[using]
    if connection.vendor == "sqlite":
        words = fts5_table(model._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {words}({words}) VALUES ('optimize')")  # noqa: S608 - our own table


def drop_indexes(model: type[Model], using: str = "default") -> None:
    """Drop what stands beside the model's table, before that goes itself and takes its own index with it."""
    connection = connections[using]
    table = model._meta.db_table
    postgresql = connection.vendor == "postgresql"
    beside = f"FUNCTION IF EXISTS {_tidying(table)}" if postgresql else f"TABLE IF EXISTS {fts5_table(table)}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP {beside}")
