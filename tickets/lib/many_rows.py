"""Statements for many rows of one table at once, and how the values of a row are made ready for them.

On PostgreSQL rows are inserted with COPY, which costs a fifth of one INSERT each, from about three rows on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import count
from operator import attrgetter
from typing import Any

from django.db import DatabaseError, connection, connections
from django.db.models import (
    AutoField,
    BinaryField,
    BooleanField,
    CharField,
    DateField,
    Field,
    ForeignKey,
    IntegerField,
    JSONField,
    Model,
    TextField,
)

Values = Sequence[Any]
Prepare = Callable[[Any], Any]
# PostgreSQL takes what stands in an instance, for Django's own fields of these kinds.
AS_THEY_ARE = (BinaryField, BooleanField, CharField, DateField, ForeignKey, IntegerField, TextField)


@lru_cache(maxsize=128)
def fields_of(model: type[Model], *, with_key: bool) -> list[Any]:
    """The fields of a new row, with a key that was drawn ahead or without one that the database draws."""
    return [field for field in model._meta.concrete_fields if with_key or not isinstance(field, AutoField)]


def prepared_row(row: Model, *, with_key: bool) -> Values:
    """The values of a new instance as the statements below take them, in the order of `fields_of`."""
    return _plan(type(row), with_key, connection.alias).values_of(row, add=True)


def prepared_values(model: type[Model], values: Values) -> Values:
    """The values of a new row without its key as the statements below take them."""
    return _plan(model, False, connection.alias).ready(values)


def prepared_changes(row: Model, names: Sequence[str]) -> Values:
    """The values of these fields of a stored instance, for `update_rows`."""
    return _plan_of_changes(type(row), tuple(names), connection.alias).values_of(row, add=False)


def insert_rows(model: type[Model], rows: Sequence[Values], *, with_keys: bool) -> None:
    """Insert prepared rows, in their order."""
    fields, quote = fields_of(model, with_key=with_keys), connection.ops.quote_name
    table, columns = quote(model._meta.db_table), ", ".join(quote(str(field.column)) for field in fields)
    if connection.vendor == "postgresql":
        copy = f"COPY {table} ({columns}) FROM STDIN"
        with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(copy) as copying:
            for row in rows:
                copying.write_row(row)
        return
    places = ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)  # noqa: S608 - our own names


def update_rows(model: type[Model], names: Sequence[str], changes: Mapping[Any, Values]) -> None:
    """Update these fields of stored rows; prepared values by key. Raises DatabaseError if a row is gone."""
    statement = _update(model, tuple(names), connection.alias)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            columns = map(list, zip(*changes.values(), strict=True))
            cursor.execute(statement, [list(changes), *columns])
        else:
            cursor.executemany(statement, [(*values, key) for key, values in changes.items()])
        if cursor.rowcount != len(changes):
            raise DatabaseError(f"{model._meta.label}: {len(changes) - cursor.rowcount} rows are gone.")


def new_keys(model: type[Model], number: int) -> Iterator[int]:
    """Keys that nobody else uses. On SQLite whoever writes is alone, until the next statement of its own."""
    table, key = model._meta.db_table, model._meta.pk.column
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
                [connection.ops.quote_name(table), key, number],
            )
            return iter([drawn for (drawn,) in cursor.fetchall()])
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        newest = cursor.fetchone()
        return count(1 if newest is None else newest[0] + 1)


class _Plan:
    """How the values of an instance are read: where a field sets itself, and where a value must be made ready."""

    def __init__(self, fields: Sequence[Any], alias: str) -> None:
        names = [field.attname for field in fields]
        self._read: Callable[[Model], Sequence[Any]] = attrgetter(*names, names[0])  # a tuple even of one
        self._set_themselves = [(place, field) for place, field in enumerate(fields) if _sets_itself(field)]
        steps = [(place, _preparation(field, alias)) for place, field in enumerate(fields)]
        self._steps = [(place, prepare) for place, prepare in steps if prepare is not None]

    def values_of(self, row: Model, *, add: bool) -> Values:
        values = [*self._read(row)[:-1]]
        for place, field in self._set_themselves:
            values[place] = field.pre_save(row, add=add)
        return self.ready(values)

    def ready(self, values: Values) -> Values:
        """None is ready in any column."""
        ready = [*values]
        for place, prepare in self._steps:
            if ready[place] is not None:
                ready[place] = prepare(ready[place])
        return ready


@lru_cache(maxsize=128)
def _plan(model: type[Model], with_key: bool, alias: str) -> _Plan:
    return _Plan(fields_of(model, with_key=with_key), alias)


@lru_cache(maxsize=64)
def _plan_of_changes(model: type[Model], names: tuple[str, ...], alias: str) -> _Plan:
    return _Plan([model._meta.get_field(name) for name in names], alias)


def _sets_itself(field: Any) -> bool:
    if isinstance(field, DateField):
        return field.auto_now or field.auto_now_add
    return type(field).pre_save is not Field.pre_save


def _preparation(field: Any, alias: str) -> Prepare | None:
    """What makes a value ready; None if it is ready as it is. None is always ready."""
    is_postgresql = connections[alias].vendor == "postgresql"
    if is_postgresql and isinstance(field, JSONField):
        return partial(json.dumps, cls=field.encoder)
    is_django_s = type(field).__module__.startswith("django.db.models.fields")
    if is_postgresql and is_django_s and isinstance(field, AS_THEY_ARE):
        return None
    return lambda value: field.get_db_prep_save(value, connections[alias])


@lru_cache(maxsize=64)
def _update(model: type[Model], names: tuple[str, ...], alias: str) -> str:
    """For rows in any number on PostgreSQL, each column an array; else for one row."""
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote, database = connections[alias].ops.quote_name, connections[alias]
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    columns = [quote(str(field.column)) for field in fields]
    if database.vendor != "postgresql":
        changes = ", ".join(f"{column} = %s" for column in columns)
        return f"UPDATE {table} SET {changes} WHERE {key} = %s"  # noqa: S608 - our own names
    # Without a length, which would cut what is too long instead of refusing it.
    types = (field.cast_db_type(database).partition("(")[0] for field in (model._meta.pk, *fields))
    arrays = ", ".join(f"%s::{name}[]" for name in types)
    changes = ", ".join(f"{column} = changed.{column}" for column in columns)
    source = f"unnest({arrays}) AS changed({', '.join([key, *columns])})"
    return f"UPDATE {table} SET {changes} FROM {source} WHERE {table}.{key} = changed.{key}"  # noqa: S608
