"""Fills an empty desk with the rows of another one, or of a backup: all of them or none."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any

import psycopg
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _

from supportdesk.backup.desk_tables import SHIPPED, DeskTable, Row, RowSource, RowTarget
from supportdesk.backup.postgresql_rows import EmptyPostgresql, reading_postgresql
from supportdesk.backup.sqlite_rows import EmptySqlite, reading_sqlite
from tickets.errors import DeskError

Say = Callable[[str], None]
# After so many rows of one table the progress is told again.
TOLD_EVERY = 100_000


@contextmanager
def reading_desk(*, nobody_writes: bool = False) -> Iterator[RowSource]:
    """The rows of this process's desk, in one state. ``nobody_writes`` holds up writers; only SQLite can."""
    database: dict[str, Any] = dict(connection.settings_dict)
    is_sqlite = connection.vendor == "sqlite"
    reading: AbstractContextManager[RowSource] = (
        reading_sqlite(database, nobody_writes=nobody_writes) if is_sqlite else reading_postgresql(database)
    )
    with reading as desk:
        yield desk


@contextmanager
def empty_desk() -> Iterator[RowTarget]:
    """The tables of this process's desk, in a transaction; refused if somebody has used them."""
    with transaction.atomic(durable=True):
        target = _target(connection)
        refuse_used(target)
        yield target


def _target(database: BaseDatabaseWrapper) -> EmptySqlite | EmptyPostgresql:
    database.ensure_connection()
    return EmptySqlite(database.connection) if database.vendor == "sqlite" else EmptyPostgresql(database)


def refuse_used(target: RowTarget) -> None:
    """Refuse a desk with rows that neither its migrations nor its processes wrote."""
    names = (table.name for table in target.tables() if table.name not in SHIPPED)
    used = next((name for name in names if target.count(name)), None)
    if used is not None:
        words = {"database": database_name(), "table": used}
        raise DeskError(
            _("The desk in %(database)s is in use (it has rows in %(table)s). Name an empty database.")
            % words
        )


def refuse_foreign() -> None:
    """Refuse a database that holds something else than a desk, before tables are made in it."""
    names = set(connection.introspection.table_names())
    if names and "django_migrations" not in names:
        words = {"database": database_name(), "table": min(names)}
        raise DeskError(
            _("%(database)s holds other tables than a desk's (%(table)s). Name an empty database.") % words
        )


def database_name() -> str:
    """The name of this process's database, without its password."""
    return str(connection.settings_dict["NAME"])


def load(source: RowSource, target: RowTarget, *, say: Say) -> int:
    """Copy every row, and give their number. The transaction of the target is the caller's."""
    tables = source.tables()
    _refuse_other_columns(tables, target.tables())
    target.open_up()
    for table in tables:
        _write(table, source, target, say)
    _close_up(source, target)
    return sum(_compared_count(table.name, source, target) for table in tables)


def _close_up(source: RowSource, target: RowTarget) -> None:
    try:
        target.close_up(source.last_numbers())
    except (psycopg.Error, sqlite3.Error) as error:
        raise DeskError(
            _("The rows do not fit together: %(error)s") % {"error": str(error).strip()}
        ) from error


def _compared_count(name: str, source: RowSource, target: RowTarget) -> int:
    counts = {"table": name, "there": target.count(name), "here": source.count(name)}
    if counts["there"] != counts["here"]:
        raise DeskError(_("%(table)s has %(there)s rows there and %(here)s here.") % counts)
    return source.count(name)


def _refuse_other_columns(tables: Iterable[DeskTable], there: Iterable[DeskTable]) -> None:
    columns = {table.name: set(table.columns) for table in there}
    for table in tables:
        if columns.get(table.name) != set(table.columns):
            raise DeskError(
                _("The table %(table)s has other columns there. Use the version of the desk that wrote it.")
                % {"table": table.name}
            )


def _write(table: DeskTable, source: RowSource, target: RowTarget, say: Say) -> None:
    with closing(source.rows(table)) as rows:
        counting = CountedRows(rows, table.name, say)
        try:
            target.write(table, counting)
        except (psycopg.Error, sqlite3.Error) as error:
            words = {"table": table.name, "number": counting.count, "error": str(error).strip()}
            raise DeskError(
                _("A row of %(table)s (about the %(number)s. of them) cannot be stored there: %(error)s")
                % words
            ) from error
    counting.tell()


class CountedRows:
    """Rows on their way, counted; tells the progress of large tables."""

    def __init__(self, rows: Iterator[Row], name: str, say: Say) -> None:
        self._rows, self._name, self._say = rows, name, say
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            if self.count % TOLD_EVERY == 0:
                self.tell()
            yield row

    def tell(self) -> None:
        if self.count:
            self._say(f"{self._name}: {self.count:,}")
