"""The rows of a PostgreSQL database, in the form that SQLite stores them."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.sql import SQL, Composed, Identifier

from supportdesk.backup.connecting import connection_to
from supportdesk.backup.desk_tables import LEFT_BEHIND, DeskTable, Row

# Rows that the server hands over at once.
BATCH = 2_000
UNBOUNDED = (
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = '60s'",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL timezone = 'UTC'",
)
TABLES = """
    SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
    GROUP BY c.relname ORDER BY c.relname COLLATE "C"
"""
# Words of a search: their tokens, which hold no quotation marks, are one text in SQLite.
TOKENS = """
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.atttypid = 'tsvector'::regtype
"""
# A table has one numbered column at most.
NUMBERED = """
    SELECT c.relname, a.attname, pg_get_serial_sequence(quote_ident(c.relname), a.attname)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL ORDER BY c.relname
"""
FOREIGN_KEYS = """
    SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace ORDER BY oid
"""


class PostgresqlRows:
    """What a desk of PostgreSQL has, in the one state that an open transaction sees."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        connection.ensure_connection()
        self.raw: Any = connection.connection
        for statement in UNBOUNDED:
            self.raw.execute(statement)
        self._tokens: set[tuple[str, str]] = set(self.raw.execute(TOKENS).fetchall())

    def tables(self) -> list[DeskTable]:
        found = self.raw.execute(TABLES).fetchall()
        return [DeskTable(name, tuple(columns)) for name, columns in found if name not in LEFT_BEHIND]

    def rows(self, table: DeskTable) -> Generator[Row, None, None]:
        with self.raw.cursor(name="rows_of_a_desk") as cursor:
            cursor.itersize = BATCH
            cursor.execute(SQL("SELECT {} FROM {}").format(self._asked(table), Identifier(table.name)))
            yield from (tuple(map(_stored, row)) for row in cursor)

    def _asked(self, table: DeskTable) -> Composed:
        plain, tokens = SQL("{}"), SQL("array_to_string(tsvector_to_array({}), ' ')")
        columns = ((tokens if (table.name, name) in self._tokens else plain, name) for name in table.columns)
        return SQL(", ").join(form.format(Identifier(name)) for form, name in columns)

    def count(self, name: str) -> int:
        count: int = self.raw.execute(SQL("SELECT count(*) FROM {}").format(Identifier(name))).fetchone()[0]
        return count

    def last_numbers(self) -> dict[str, int]:
        numbers = {}
        for table, _column, sequence in self.raw.execute(NUMBERED).fetchall():
            number, is_given = self.raw.execute(f"SELECT last_value, is_called FROM {sequence}").fetchone()  # noqa: S608 - quoted by PostgreSQL
            if is_given and table not in LEFT_BEHIND:
                numbers[table] = number
        return numbers


class EmptyPostgresql(PostgresqlRows):
    """The tables of an empty desk of PostgreSQL, for their owner."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        super().__init__(connection)
        self._foreign_keys: list[tuple[str, str, str]] = []

    def open_up(self) -> None:
        self._foreign_keys = self.raw.execute(FOREIGN_KEYS).fetchall()
        names = [Identifier(table.name) for table in self.tables()]
        self.raw.execute(SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(SQL(", ").join(names)))
        for table, constraint, _definition in self._foreign_keys:
            self.raw.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        for name in names:
            self.raw.execute(SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        self.raw.execute(SQL("TRUNCATE {}").format(SQL(", ").join(names)))

    def write(self, table: DeskTable, rows: Iterable[Row]) -> None:
        copying = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), _listed(table))
        with self.raw.cursor() as cursor, cursor.copy(copying) as copy:
            for row in self._with_tokens(table, rows):
                copy.write_row(row)

    def _with_tokens(self, table: DeskTable, rows: Iterable[Row]) -> Iterable[Row]:
        are_tokens = [(table.name, name) in self._tokens for name in table.columns]
        if not any(are_tokens):
            return rows
        return (
            tuple(
                _quoted_tokens(value) if is_one else value
                for value, is_one in zip(row, are_tokens, strict=True)
            )
            for row in rows
        )

    def close_up(self, last_numbers: Mapping[str, int]) -> None:
        for holder, constraint, definition in self._foreign_keys:
            self.raw.execute(f"ALTER TABLE {holder} ADD CONSTRAINT {constraint} {definition}")
        for table in self.tables():
            self.raw.execute(SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(Identifier(table.name)))
        for numbered, column, sequence in self.raw.execute(NUMBERED).fetchall():
            self._count_on(numbered, column, sequence, last_numbers.get(numbered, 0))
        self.raw.execute("ANALYZE")

    def _count_on(self, table: str, column: str, sequence: str, last_number: int) -> None:
        highest = SQL("SELECT max({}) FROM {}").format(Identifier(column), Identifier(table))
        number = max(last_number, self.raw.execute(highest).fetchone()[0] or 0)
        self.raw.execute("SELECT setval(%s::regclass, %s, %s)", [sequence, max(number, 1), number > 0])


@contextmanager
def reading_postgresql(database: dict[str, Any]) -> Iterator[PostgresqlRows]:
    """One state of the database, until the end. Writers go on meanwhile."""
    connection = connection_to(database)
    try:
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield PostgresqlRows(connection)
    finally:
        connection.close()


def _listed(table: DeskTable) -> Composed:
    return SQL(", ").join(Identifier(column) for column in table.columns)


def _quoted_tokens(value: Any) -> str | None:
    return None if value is None else " ".join(f"'{token}'" for token in str(value).split())


def _stored(value: Any) -> Any:
    """The value as Django stores it in SQLite."""
    convert = CONVERTED.get(type(value))
    return value if convert is None else convert(value)


def _in_utc(at: datetime) -> str:
    return str(at.astimezone(UTC).replace(tzinfo=None))


CONVERTED: Mapping[type, Callable[[Any], Any]] = {
    bool: int,
    datetime: _in_utc,
    date: str,
    time: str,
    UUID: lambda value: value.hex,
    memoryview: bytes,
}
