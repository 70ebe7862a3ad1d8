"""The changes of an audited row in the reader's language."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext as _

from customers.phrases import listed

LONGEST = 300  # characters of one value
ADDED = "add"


def changes_in_words(model: type[Model] | None, changes: Mapping[str, Any] | None) -> list[str]:
    """One line for each column: from what to what."""
    return [_line(model, name, change) for name, change in (changes or {}).items()]


def _line(model: type[Model] | None, name: str, change: Any) -> str:
    words = {"field": _name_of(model, name)}
    if isinstance(change, Mapping):
        words["rows"] = listed(_short(row) for row in change.get("objects", ()))
        if change.get("operation") == ADDED:
            return _("%(field)s: added %(rows)s") % words
        return _("%(field)s: removed %(rows)s") % words
    words["old"], words["new"] = (_short(value) for value in change)
    return _("%(field)s: %(old)s → %(new)s") % words


def _name_of(model: type[Model] | None, name: str) -> str:
    try:
        return str(model._meta.get_field(name).verbose_name) if model is not None else name  # type: ignore[union-attr]
    except (FieldDoesNotExist, AttributeError):
        return name


def _short(value: object) -> str:
    text = "-" if value in (None, "None", "") else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def first_words(lines: Iterator[str] | list[str], most: int = 3) -> str:
    shown = list(lines)
    return "; ".join(shown[:most]) + ("; …" if len(shown) > most else "")
