"""Inserts rows by the hundred: with COPY on PostgreSQL, with bulk_create elsewhere. A few go in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Field, JSONField, Model

from tickets.lib.single_row import insert_values, inserted_fields

FEW = 20  # up to this many rows one INSERT costs less than COPY
ModelT = TypeVar("ModelT", bound=Model)


@dataclass(frozen=True, slots=True)
class NewRow(Generic[ModelT]):
    """A row to insert: its values by attribute name (``ticket_id``). Fields left out get their default.

    A model instance costs several times as much, which matters where thousands of rows are written.
    """

    model: type[ModelT]
    values: Mapping[str, Any]

    def made(self) -> ModelT:
        return self.model(**self.values)


def insert_all(rows: Sequence[NewRow[Any]]) -> None:
    """Insert new rows of one model in the caller's transaction. Their keys are not known afterwards.

    Values are written as they are, so this is not for models with fields that set themselves when saved.
    """
    if not rows:
        return
    model: type[Model] = rows[0].model
    fields = {field.attname: field for field in inserted_fields(model)}
    if len(rows) <= FEW:
        insert_values(model, [_values(row, fields) for row in rows])
    elif _goes_by_copy(rows):
        _copy(model, [*fields.values()], (_values(row, fields) for row in rows))
    else:
        model._base_manager.bulk_create(row.made() for row in rows)


def insert_with_keys(rows: Sequence[Model]) -> None:
    """Like insert_all, for rows that other rows will refer to: their keys are drawn first and set on the instances."""
    if _goes_by_copy(rows):
        meta = rows[0]._meta
        for row, key in zip(rows, _new_keys(meta, len(rows)), strict=True):
            row.pk, row._state.adding, row._state.db = key, False, connection.alias
        values = attrgetter(*(field.attname for field in meta.concrete_fields))
        _copy(type(rows[0]), meta.concrete_fields, (list(values(row)) for row in rows))
    elif rows:
        type(rows[0])._base_manager.bulk_create(rows)


def _goes_by_copy(rows: Sequence[object]) -> bool:
    return connection.vendor == "postgresql" and len(rows) > FEW


def _values(row: NewRow[Any], fields: Mapping[str, Field[Any, Any]]) -> list[Any]:
    given = row.values
    if unknown := given.keys() - fields.keys():
        raise TypeError(f"{row.model.__name__} has no {', '.join(unknown)}.")
    return [given[name] if name in given else field.get_default() for name, field in fields.items()]


def _new_keys(meta: Any, number: int) -> list[int]:
    sequence_of = [connection.ops.quote_name(meta.db_table), meta.pk.column]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
            [*sequence_of, number],
        )
        return [key for (key,) in cursor.fetchall()]


def _copy(model: type[Model], fields: Sequence[Field[Any, Any]], rows: Iterable[list[Any]]) -> None:
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    statement = f"COPY {quote(model._meta.db_table)} ({columns}) FROM STDIN"
    as_json = [(place, field.encoder) for place, field in enumerate(fields) if isinstance(field, JSONField)]
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for values in rows:
            for place, encoder in as_json:
                if values[place] is not None:
                    values[place] = json.dumps(values[place], cls=encoder)
            copy.write_row(values)
