"""Rows of several models from one query by hand, for the few queries that Django takes longer to write than to run."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connections
from django.db.models import Model

ModelT = TypeVar("ModelT", bound=Model)


def columns_of(model: type[Model], table: str, prefix: str) -> str:
    """Every column of a joined table, each named after its field with the prefix."""
    fields = model._meta.concrete_fields
    return ", ".join(f'{table}."{field.column}" AS "{prefix}{field.attname}"' for field in fields)


def joined_row(row: Any, model: type[ModelT], prefix: str) -> ModelT | None:
    """The instance of a joined model; None if the join found none. ``row`` has its columns as attributes."""
    using, values = row._state.db, row.__dict__
    taken = {name: values.pop(prefix + name) for name in _names(model)}
    if taken[model._meta.pk.attname] is None:
        return None
    for name, convert in _converters(model, using):
        taken[name] = convert(taken[name])
    return model.from_db(using, list(taken), list(taken.values()))


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
