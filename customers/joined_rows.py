"""Rows of several models from one query by hand, for the few queries that Django takes longer to write than to run."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import orjson
from django.db import connection, connections
from django.db.models import Model

ModelT = TypeVar("ModelT", bound=Model)


def columns_of(model: type[Model], table: str, prefix: str) -> str:
    """Every column of a joined table, each named after its field with the prefix."""
    fields = model._meta.concrete_fields
    return ", ".join(f'{table}."{field.column}" AS "{prefix}{field.attname}"' for field in fields)


class JoinedRow:
    """One row of a cursor, read from left to right: instances of models, then other columns."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values
        self._place = 0

    def take(self, model: type[ModelT]) -> ModelT | None:
        """The instance whose columns come next, as `columns_of` writes them; None if the join found none."""
        names = _names(model)
        values = self._values[self._place : self._place + len(names)]
        self._place += len(names)
        return _instance(model, names, list(values), connection.alias)

    def rest(self) -> Sequence[Any]:
        return self._values[self._place :]


def asked_rows(**types: str) -> str:
    """A table called `asked` with these columns and types of PostgreSQL, for FROM; see `as_asked`."""
    if connection.vendor == "postgresql":
        columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
        return f"json_to_recordset(%(asked)s::json) AS asked({columns})"
    columns = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in types)
    return f"(SELECT {columns} FROM json_each(%(asked)s)) AS asked"  # noqa: S608 - names of our own


def as_asked(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The parameter of `asked_rows`: one row or many make the same statement."""
    return {"asked": orjson.dumps(rows).decode()}


def _instance(model: type[ModelT], names: list[str], values: list[Any], using: str) -> ModelT | None:
    if values[names.index(model._meta.pk.attname)] is None:
        return None
    for name, convert in _converters(model, using):
        place = names.index(name)
        values[place] = convert(values[place])
    return model.from_db(using, names, values)


@lru_cache(maxsize=32)
def _names(model: type[Model]) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]


@lru_cache(maxsize=32)
def _converters(model: type[Model], using: str) -> list[tuple[str, Callable[[Any], Any]]]:
    """What makes Python's values of the database's, for the fields that need it: SQLite has no times and no truth."""
    database, found = connections[using], []
    for field in model._meta.concrete_fields:
        column = field.get_col(model._meta.db_table)
        steps = [*database.ops.get_db_converters(column), *column.get_db_converters(database)]
        if steps:
            found.append((field.attname, _chain(steps, column, using)))
    return found


def _chain(steps: list[Callable[..., Any]], column: Any, using: str) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connections[using])
        return value

    return convert
