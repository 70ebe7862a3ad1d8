"""Plants the traces of a person in every text of the desk, and looks for them everywhere: by the models themselves.

A model or column that is added is covered the day it is added: it gets a row here, and nobody has to think of it.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import time, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Field, Model
from django_q.models import OrmQ, Schedule
from picklefield.fields import PickledObjectField

from customers.search.column import TokensField
from escalation.models import PolicyStamp
from supportdesk.personal_data.belongings import models_of_the_desk
from supportdesk.personal_data.columns import UNTOUCHED, Treatment, treatment_of
from tests.factories import NOW

# Tables that cannot have a further row or a changed one: the ledger by its triggers, the queue's by their signatures.
AS_THEY_ARE = UNTOUCHED | {PolicyStamp, Schedule, OrmQ}
_days = count()  # what ends is later than what began before it


def make_rows() -> None:
    """A row of every model that has none, with whatever its columns demand."""
    for model in models_of_the_desk():
        any_row(model)


def any_row(model: type[Model]) -> Any:
    first = model._base_manager.order_by("pk").first()
    if first is not None or model in AS_THEY_ARE:
        return first
    values = {field.name: _value(field) for field in model._meta.concrete_fields if _is_needed(field)}
    with transaction.atomic():
        return model._base_manager.bulk_create([model(**values)])[0]


def _is_needed(field: Field[Any, Any]) -> bool:
    if field.is_relation:
        return not field.null
    return not (field.has_default() or field.null or isinstance(field, models.AutoField))


def _value(field: Field[Any, Any]) -> Any:
    if field.is_relation:
        return any_row(field.related_model)
    if field.choices:
        return "" if field.blank else field.choices[0][0]
    day = timedelta(days=next(_days))
    values: dict[type[Field[Any, Any]], Any] = {
        TokensField: [],
        models.JSONField: {},
        models.BinaryField: b"x",
        models.GenericIPAddressField: "192.0.2.1",
        models.CharField: uuid4().hex[: min(field.max_length or 32, 32)],
        models.TextField: "x",
        models.BooleanField: False,
        models.DateTimeField: NOW + day,
        models.DateField: NOW.date() + day,
        models.TimeField: time(9),
        models.DurationField: day,
        models.UUIDField: uuid4(),
    }
    return next((value for kind, value in values.items() if isinstance(field, kind)), 1)


def plant(model: type[Model], keys: Collection[Any], *, words: str, address: str) -> Iterator[str]:
    """Put the words into each column that is emptied, the address into those that are marked. Names the columns."""
    for row in model._base_manager.filter(pk__in=list(keys)):
        for field in model._meta.concrete_fields:
            way = treatment_of(field)
            text = words if way is Treatment.EMPTY else address
            if way is Treatment.KEEP or not _has_room(field, text) or _is_a_place(field):
                continue
            value = _with(getattr(row, field.attname), text, field)
            model._base_manager.filter(pk=row.pk).update(**{field.name: value})
            yield f"{model._meta.label}.{field.name}"


def _is_a_place(field: Field[Any, Any]) -> bool:
    return isinstance(field, models.FileField | PickledObjectField) or f"{field.model._meta.label}.{field.name}" in {
        "tickets.RawMail.data", "escalation.ExportFile.path", "tickets.ErasedFile.path", "tickets.OutboundEmail.files",
    }  # fmt: skip


def _has_room(field: Field[Any, Any], text: str) -> bool:
    length = getattr(field, "max_length", None)
    return not field.unique and (length is None or isinstance(field, models.JSONField) or length >= len(text))


def _with(value: Any, text: str, field: Field[Any, Any]) -> Any:
    match field:
        case models.JSONField():
            if isinstance(value, list):
                return [*value, text]
            return {**value, "planted": text} if isinstance(value, dict) else {"planted": text}
        case models.BinaryField():
            return text.encode()
        case models.GenericIPAddressField():
            return value
    length = getattr(field, "max_length", None)
    whole = f"{value or ''} {text}".strip()
    return whole if length is None or len(whole) <= length else text


def traces_left(*markers: str) -> list[str]:
    """Where one of these texts still stands: tables as they are stored, values as the models read them, and files."""
    found = [
        f"{table}: {text}"
        for table, text in _stored()
        for marker in markers
        if marker.lower() in text.lower()
    ]
    found += [
        f"{model._meta.label}.{field.name}: {text}"
        for model in models_of_the_desk()
        for row in model._base_manager.defer(*_unread(model))
        for field in model._meta.concrete_fields
        if field.name not in _unread(model)
        for text in [_text(getattr(row, field.attname))]
        for marker in markers
        if marker.lower() in text.lower()
    ]
    return [*found, *_files_with(markers)]


def _unread(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if isinstance(field, TokensField)]


def _stored() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            for row in cursor.fetchall():
                yield table, " ".join(map(_text, row))


def _text(value: Any) -> str:
    if isinstance(value, memoryview | bytes):
        raw = bytes(value)
        with suppress(zlib.error):
            raw += zlib.decompress(raw)
        return raw.decode("utf-8", "replace")
    return (
        json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)
    )


def _files_with(markers: Collection[str]) -> Iterator[str]:
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            content = path.read_bytes().decode("utf-8", "replace").lower()
            yield from (f"{path}: {marker}" for marker in markers if marker.lower() in content)
