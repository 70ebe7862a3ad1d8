"""Inserts and updates a few rows with statements that are written once.

Django writes each statement anew, which takes longer than the database takes to run it. For the rows that every mail
writes; elsewhere ``save`` is plainer. No signals are sent, and a model's own ``save`` is passed over. Inside of
`written_together` the rows wait for others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import DatabaseError, connection, connections
from django.db.models import Field, Model

from tickets.lib.many_rows import fields_of
from tickets.lib.waiting_rows import rows_together


def insert_row(row: Model) -> None:
    """Insert a new instance, as ``save(force_insert=True)`` does, and set its key."""
    together = rows_together()
    if together is not None:
        together.insert(row)
        return
    fields, statement = _insertion(type(row), 1, connection.alias)
    values = [_prepared(field, field.pre_save(row, add=True)) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING {_quote(connection.alias)(row._meta.pk.column)}", values)
        (row.pk,) = cursor.fetchone()
    row._state.adding, row._state.db = False, connection.alias


def insert_unless_there(row: Model) -> bool:
    """Insert a new instance that has its key, unless one of its unique values is taken; then False.

    If another transaction has inserted the same and not ended yet, waits for it.
    """
    fields, statement = _insertion(type(row), 1, connection.alias)
    values = [_prepared(field, field.pre_save(row, add=True)) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} ON CONFLICT DO NOTHING", values)
        return bool(cursor.rowcount)


def insert_values(model: type[Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows of these values, in the order of `fields_of`, with one statement."""
    together = rows_together()
    if together is not None:
        together.insert_values(model, rows)
        return
    fields, statement = _insertion(model, len(rows), connection.alias)
    values = [_prepared(field, value) for row in rows for field, value in zip(fields, row, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def update_row(row: Model, names: Iterable[str]) -> None:
    """Update these fields of a stored row, as ``save(update_fields=...)`` does. Raises DatabaseError if it is gone."""
    together = rows_together()
    if together is not None:
        together.update(row, tuple(names))
        return
    fields, statement = _update(type(row), tuple(names), connection.alias)
    values = [_prepared(field, field.pre_save(row, add=False)) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*values, row.pk])
        if not cursor.rowcount:
            raise DatabaseError(f"{row._meta.label} {row.pk} is gone.")


def _prepared(field: Field[Any, Any], value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


@lru_cache(maxsize=256)
def _insertion(model: type[Model], number: int, alias: str) -> tuple[list[Field[Any, Any]], str]:
    fields, quote = fields_of(model, with_key=False), _quote(alias)
    columns = ", ".join(quote(field.column) for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    rows = ", ".join([row] * number)
    return fields, f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES {rows}"  # noqa: S608 - our own names


@lru_cache(maxsize=64)
def _update(model: type[Model], names: tuple[str, ...], alias: str) -> tuple[list[Field[Any, Any]], str]:
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    quote = _quote(alias)
    changes = ", ".join(f"{quote(field.column)} = %s" for field in fields)
    key = quote(model._meta.pk.column)
    return fields, f"UPDATE {quote(model._meta.db_table)} SET {changes} WHERE {key} = %s"  # noqa: S608 - our own names


def _quote(alias: str) -> Callable[[Any], str]:
    return connections[alias].ops.quote_name
