"""The rows of a SQLite database, read and written without Django's converters, as they are stored."""

import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from supportdesk.backup.desk_tables import LEFT_BEHIND, DeskTable, Row


class SqliteRows:
    """What a desk of SQLite has, in the one state that an open transaction sees."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def tables(self) -> list[DeskTable]:
        names = self.connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        )
        indexes = self._search_indexes()
        beside = tuple(f"{index}_" for index in indexes)
        return [
            DeskTable(name, self._columns(name))
            for (name,) in names
            if name not in LEFT_BEHIND and name not in indexes and not name.startswith(beside)
        ]

    def _search_indexes(self) -> list[str]:
        """Tables of FTS5, which keep their words in tables whose names begin with theirs."""
        virtual = self.connection.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL TABLE%'"
        )
        return [name for (name,) in virtual]

    def _columns(self, table: str) -> tuple[str, ...]:
        return tuple(
            name for (name,) in self.connection.execute("SELECT name FROM pragma_table_info(?)", [table])
        )

    def rows(self, table: DeskTable) -> Generator[Row, None, None]:
        yield from self.connection.execute(f"SELECT {_listed(table)} FROM {quoted(table.name)}")  # noqa: S608 - quoted

    def count(self, name: str) -> int:
        count: int = self.connection.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()[0]  # noqa: S608 - quoted
        return count

    def last_numbers(self) -> dict[str, int]:
        names = {table.name for table in self.tables()}
        numbers = self.connection.execute("SELECT name, seq FROM sqlite_sequence WHERE seq > 0 ORDER BY name")
        return {name: number for name, number in numbers if name in names}


class EmptySqlite(SqliteRows):
    """The tables of an empty desk of SQLite. The connection is Django's, within a transaction of Django's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__(connection)
        self._triggers: list[str] = []

    def open_up(self) -> None:
        triggers = self.connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        self._triggers = [statement for _name, statement in triggers]
        for name, _statement in triggers:
            self.connection.execute(f"DROP TRIGGER {quoted(name)}")
        self.connection.execute("PRAGMA defer_foreign_keys = ON")
        for table in self.tables():
            self.connection.execute(f"DELETE FROM {quoted(table.name)}")  # noqa: S608 - quoted

    def write(self, table: DeskTable, rows: Iterable[Row]) -> None:
        places = ", ".join("?" * len(table.columns))
        self.connection.executemany(
            f"INSERT INTO {quoted(table.name)} ({_listed(table)}) VALUES ({places})",  # noqa: S608 - quoted
            rows,
        )

    def close_up(self, last_numbers: Mapping[str, int]) -> None:
        self.connection.execute("DELETE FROM sqlite_sequence")
        self.connection.executemany(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", last_numbers.items()
        )
        for index in map(quoted, self._search_indexes()):
            self.connection.execute(f"INSERT INTO {index} ({index}) VALUES ('rebuild')")  # noqa: S608 - quoted
        for statement in self._triggers:
            self.connection.execute(statement)
        for table, _row, parent, _key in self.connection.execute("PRAGMA foreign_key_check"):
            raise sqlite3.IntegrityError(f"a row of {table} names a row of {parent} that does not exist")


@contextmanager
def reading_sqlite(database: Mapping[str, Any], *, nobody_writes: bool) -> Iterator[SqliteRows]:
    """One state of the database, until the end. Writers go on meanwhile, or wait if asked so."""
    name = str(database["NAME"])
    with closing(
        sqlite3.connect(name, uri=name.startswith("file:"), isolation_level=None, timeout=20)
    ) as connection:
        connection.execute("BEGIN IMMEDIATE" if nobody_writes else "BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from now on nothing new is seen
        yield SqliteRows(connection)


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _listed(table: DeskTable) -> str:
    return ", ".join(quoted(column) for column in table.columns)
