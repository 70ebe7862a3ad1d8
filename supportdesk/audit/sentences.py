"""The changes of an audited row in the reader's language."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model
from django.utils.translation import gettext as _

from customers.admin.users import ACTIONS
from customers.phrases import listed

LONGEST = 300  # characters of one value
ADDED = "add"


def changes_in_words(model: type[Model] | None, changes: Mapping[str, Any] | None) -> list[str]:
    """One line for each column: from what to what."""
    return [_line(model, name, change) for name, change in (changes or {}).items()]


def _line(model: type[Model] | None, name: str, change: Any) -> str:
    words = {"field": _name_of(model, name)}
    if isinstance(change, Mapping):
        words["rows"] = listed(_permission(_short(row)) for row in change.get("objects", ()))
        if change.get("operation") == ADDED:
            return _("%(field)s: added %(rows)s") % words
        return _("%(field)s: removed %(rows)s") % words
    labels = {str(key): label for key, label in getattr(_field(model, name), "flatchoices", ())}
    words["old"], words["new"] = (_short(labels.get(str(value), value)) for value in change)
    return _("%(field)s: %(old)s → %(new)s") % words


def _name_of(model: type[Model] | None, name: str) -> str:
    return str(getattr(_field(model, name), "verbose_name", name))


def _field(model: type[Model] | None, name: str) -> Any:
    """None for what is a column no more."""
    try:
        return model._meta.get_field(name) if model is not None else None
    except FieldDoesNotExist:
        return None


def _permission(text: str) -> str:
    """A permission, which is stored in English as "Email | ticket | Can view ticket", in the reader's language."""
    name = text.rpartition(" | ")[2]
    can, action, model = [*name.split(" ", 2), "", ""][:3]
    if name == text or can != "Can":
        return text
    return _(ACTIONS[action]) % {"model": _(model)} if action in ACTIONS else _(name)


def _short(value: object) -> str:
    answers = {"None": "-", "": "-", "True": _("Yes"), "False": _("No")}
    text = answers.get(str(value), str(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def first_words(lines: Sequence[str], most: int = 3) -> str:
    return listed([*lines[:most], *(["…"] if len(lines) > most else [])])
