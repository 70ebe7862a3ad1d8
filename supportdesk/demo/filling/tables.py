"""Writes rows by the hundred thousand: COPY without indexes and foreign keys on PostgreSQL, plain inserts on SQLite.

On PostgreSQL indexes and foreign keys are dropped before and made anew afterwards, which is many times quicker than
keeping them while rows come, and checks every row all the same. It is one transaction: a failure leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import Queue
from threading import Thread
from typing import Any

import orjson
from django.db import connection
from django.db.models import JSONField, Max, Model

from customers.search.column import TokensField, create_indexes

AT_ONCE = 4_000  # rows of a table in one statement
FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f' AND conrelid = ANY(%s::regclass[]) ORDER BY oid
"""
INDEXES = """
    SELECT quote_ident(c.relname), pg_get_indexdef(c.oid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = ANY(%s::regclass[])
    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY c.oid
"""
# So that a large index is sorted in memory.
MEMORY = "SET LOCAL maintenance_work_mem = '1GB'"


def json_text(value: object) -> str:
    return orjson.dumps(value).decode()


class TableRows:
    """Takes rows of one table. ``varying`` are the attributes that each row gives; the others have their default."""

    def __init__(self, sink: RowSink, model: type[Model], *varying: str) -> None:
        fields = {field.attname: field for field in model._meta.concrete_fields}
        others = [field for name, field in fields.items() if name not in varying]
        constants = [_stored_default(field) for field in others]
        self.model, self.sink = model, sink
        self.columns = [field.column for field in (*(fields[name] for name in varying), *others)]
        self.next_key = _highest_key(model) + 1
        self.rows: list[Any] = []
        self.write = sink.writer(self.rows, constants, len(varying))

    def key(self) -> int:
        """A new key of the table."""
        key = self.next_key
        self.next_key += 1
        return key

    def flush(self) -> None:
        if self.rows:
            self.sink.send(self, list(self.rows))
            self.rows.clear()


def _stored_default(field: Any) -> Any:
    value = field.get_default()
    if isinstance(field, JSONField):
        return json_text(value)
    return value


def _highest_key(model: type[Model]) -> int:
    highest: int | None = model._base_manager.aggregate(highest=Max("pk"))["highest"]
    return highest or 0


class RowSink:
    """Where rows go, and how values are written there."""

    def writer(self, rows: list[Any], constants: Sequence[Any], varying: int) -> Callable[..., None]:
        raise NotImplementedError

    def send(self, table: TableRows, rows: Sequence[Any]) -> None:
        raise NotImplementedError

    def tokens(self, tokens: Sequence[str]) -> str:
        raise NotImplementedError

    @contextmanager
    def opened(self, models: Sequence[type[Model]]) -> Iterator[None]:
        """For as long as rows come. Raises what went wrong with any of them."""
        yield


class PostgresqlSink(RowSink):
    """COPY by a thread of its own, so that rows are made while the server writes others."""

    def __init__(self) -> None:
        self.waiting: Queue[tuple[str, bytes] | None] = Queue(maxsize=8)
        self.error: BaseException | None = None

    def writer(self, rows: list[Any], constants: Sequence[Any], varying: int) -> Callable[..., None]:
        fixed = [copied(value).replace("%", "%%") for value in constants]
        template = "\t".join(["%s"] * varying + fixed) + "\n"
        append = rows.append

        def write(*values: Any) -> None:
            append(template % tuple([COPIED[type(value)](value) for value in values]))

        return write

    def send(self, table: TableRows, rows: Sequence[Any]) -> None:
        if self.error is not None:
            raise self.error
        columns = ", ".join(f'"{name}"' for name in table.columns)
        statement = f'COPY "{table.model._meta.db_table}" ({columns}) FROM STDIN'
        self.waiting.put((statement, "".join(rows).encode()))

    def tokens(self, tokens: Sequence[str]) -> str:
        return " ".join(f"'{token}'" for token in tokens)

    @contextmanager
    def opened(self, models: Sequence[type[Model]]) -> Iterator[None]:
        tables = [model._meta.db_table for model in models]
        connection.check_constraints()  # or pending checks would keep the tables from being changed
        with connection.cursor() as cursor:
            cursor.execute(MEMORY)
            foreign_keys, indexes = _taken_down(cursor, tables)
        copying = Thread(target=self._copy, args=[connection.connection])
        copying.start()
        try:
            yield
        finally:
            self.waiting.put(None)
            copying.join()
        if self.error is not None:
            raise self.error
        with connection.cursor() as cursor:
            for statement in indexes:
                cursor.execute(statement)
            for table, name, definition in foreign_keys:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")

    def _copy(self, raw: Any) -> None:
        while (item := self.waiting.get()) is not None:
            if self.error is None:
                try:
                    with raw.cursor() as cursor, cursor.copy(item[0]) as copy:
                        copy.write(item[1])
                except BaseException as error:
                    self.error = error


def _taken_down(cursor: Any, tables: Sequence[str]) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Drop foreign keys and indexes of the tables; give what makes them anew."""
    cursor.execute(FOREIGN_KEYS, [list(tables)])
    foreign_keys = cursor.fetchall()
    cursor.execute(INDEXES, [list(tables)])
    indexes = cursor.fetchall()
    for table, name, _definition in foreign_keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    return foreign_keys, [definition for _name, definition in indexes]


class SqliteSink(RowSink):
    def writer(self, rows: list[Any], constants: Sequence[Any], varying: int) -> Callable[..., None]:
        fixed = tuple(map(_in_sqlite, constants))

        def write(*values: Any) -> None:
            rows.append((*map(_in_sqlite, values), *fixed))

        return write

    def send(self, table: TableRows, rows: Sequence[Any]) -> None:
        columns = ", ".join(f'"{name}"' for name in table.columns)
        places = ", ".join("?" * len(table.columns))
        with connection.cursor() as cursor:
            cursor.cursor.connection.executemany(
                f'INSERT INTO "{table.model._meta.db_table}" ({columns}) VALUES ({places})',  # noqa: S608 - our names
                rows,
            )

    def tokens(self, tokens: Sequence[str]) -> str:
        return " ".join(tokens)


def sink() -> RowSink:
    return PostgresqlSink() if connection.vendor == "postgresql" else SqliteSink()


def copied(value: Any) -> str:
    """The value as COPY reads it."""
    return COPIED[type(value)](value)


def _escaped(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return text.replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r") if "\n" in text else text


class _Copied(dict[type, Callable[[Any], str]]):
    """By type; members of enumerations by the type that they extend."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        known = next(convert for base, convert in self.items() if issubclass(kind, base))
        self[kind] = known
        return known


COPIED: Mapping[type, Callable[[Any], str]] = _Copied(
    {
        bool: lambda value: "t" if value else "f",
        int: int.__repr__,
        str: lambda value: _escaped(str(value)),
        bytes: lambda value: "\\\\x" + value.hex(),
        datetime: datetime.isoformat,
        type(None): lambda _value: "\\N",
    }
)


def _in_sqlite(value: Any) -> Any:
    if isinstance(value, datetime):
        return str(value.astimezone(UTC).replace(tzinfo=None))
    return str(value) if isinstance(value, str) else value


def continue_numbers(tables: Sequence[TableRows]) -> None:
    """Let the database count on from the last key of each table. SQLite does so by itself."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for table in tables:
            if "id" in table.columns:
                cursor.execute(
                    "SELECT setval(pg_get_serial_sequence(%s, 'id')::regclass, %s, false)",
                    [table.model._meta.db_table, table.next_key],
                )


def tidy(models: Sequence[type[Model]]) -> None:
    """Let the planner know how large the tables are. Must not run inside a transaction on PostgreSQL."""
    for model in models:
        if any(isinstance(field, TokensField) for field in model._meta.concrete_fields):
            create_indexes(model)
    with connection.cursor() as cursor:
        cursor.execute(
            "VACUUM ANALYZE"
            if connection.vendor == "postgresql" and not connection.in_atomic_block
            else "ANALYZE"
        )
