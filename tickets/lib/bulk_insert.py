"""Inserts rows by the hundred: with COPY on PostgreSQL, one by one elsewhere. A few go in one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import connection
from django.db.models import Field, Model

from tickets.lib.many_rows import fields_of, insert_rows, new_keys, prepared_row, prepared_values
from tickets.lib.single_row import insert_values
from tickets.lib.waiting_rows import rows_together

FEW = 3  # up to this many rows one INSERT costs no more than COPY
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
    fields = {field.attname: field for field in fields_of(model, with_key=False)}
    values = [_values(row, fields) for row in rows]
    if len(rows) <= FEW or rows_together() is not None:
        insert_values(model, values)
    else:
        insert_rows(model, [prepared_values(model, row) for row in values], with_keys=False)


def insert_with_keys(rows: Sequence[Model]) -> None:
    """Like insert_all, for rows that other rows will refer to: their keys are drawn first and set on the instances."""
    if connection.vendor != "postgresql" or len(rows) <= FEW:
        if rows:
            type(rows[0])._base_manager.bulk_create(rows)
        return
    model = type(rows[0])
    for row, key in zip(rows, new_keys(model, len(rows)), strict=True):
        row.pk, row._state.adding, row._state.db = key, False, connection.alias
    insert_rows(model, [prepared_row(row, with_key=True) for row in rows], with_keys=True)


def _values(row: NewRow[Any], fields: Mapping[str, Field[Any, Any]]) -> list[Any]:
    given = row.values
    if unknown := given.keys() - fields.keys():
        raise TypeError(f"{row.model.__name__} has no {', '.join(unknown)}.")
    return [given[name] if name in given else field.get_default() for name, field in fields.items()]
