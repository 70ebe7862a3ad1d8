"""The names of the rows that changes refer to by their keys, read for many entries at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditlog.models import LogEntry
from django.contrib.auth.models import User
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from customers.names import name_of

RowNames = Mapping[tuple[type[Model], str], str]


def names_of_rows(entries: Iterable[LogEntry]) -> RowNames:
    """By model and key as text. One query for each kind of row; a row that is gone, or has no name, is left out."""
    keys = defaultdict[type[Model], set[str]](set)
    for entry in entries:
        for model, key in _referred(entry):
            keys[model].add(key)
    names: dict[tuple[type[Model], str], str] = {}
    for model, wanted in keys.items():
        for row in model._base_manager.filter(pk__in=wanted):
            name = name_of(row) if isinstance(row, User) else str(getattr(row, "name", ""))
            if name:
                names[model, str(row.pk)] = name
    return names


def field_of(model: type[Model] | None, name: str) -> Any:
    """None for what is a column no more."""
    try:
        return model._meta.get_field(name) if model is not None else None
    except FieldDoesNotExist:
        return None


def _referred(entry: LogEntry) -> Iterator[tuple[type[Model], str]]:
    model = entry.content_type.model_class()
    for name, change in (entry.changes or {}).items():
        related = getattr(field_of(model, name), "related_model", None)
        if related is not None and not isinstance(change, Mapping):
            yield from ((related, key) for key in map(str, change) if key.isdecimal())
