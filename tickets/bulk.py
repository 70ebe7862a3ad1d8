"""New rows by the hundred: PostgreSQL takes them by COPY, other databases by bulk_create."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from django.db import connection
from django.db.models import CharField, Field, IntegerField, JSONField, Model, TextField

FEW = 20  # for so many a statement costs less than the way around it


def insert_all(rows: Sequence[Model]) -> None:
    """Write new rows of one model in the caller's transaction. Their keys are not known afterwards.

    By COPY a row costs a tenth of the time that bulk_create takes to prepare it. Values are written as they stand:
    for models without fields that set themselves when saved.
    """
    if connection.vendor == "postgresql" and len(rows) > FEW:
        _copy(rows)
    elif rows:
        type(rows[0])._base_manager.bulk_create(rows)


def _copy(rows: Sequence[Model]) -> None:
    meta = type(rows[0])._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    values = attrgetter(*(field.attname for field in fields))
    plain = [_plain(field) for field in fields]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    statement = f"COPY {quote(meta.db_table)} ({columns}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([convert(value) for convert, value in zip(plain, values(row), strict=True)])


def _plain(field: Field[Any, Any]) -> Callable[[Any], Any]:
    """Members of enumerations as what they stand for, JSON as text."""
    if isinstance(field, JSONField):
        return lambda value: None if value is None else json.dumps(value, cls=field.encoder)
    if isinstance(field, CharField | TextField):
        return lambda value: None if value is None else str(value)
    if isinstance(field, IntegerField):
        return lambda value: None if value is None else int(value)
    return lambda value: value
