"""The changes of an audited row in the reader's language."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from customers.admin.users import ACTIONS
from customers.phrases import listed
from supportdesk.audit.row_names import RowNames, field_of

LONGEST = 300  # characters of one value
ADDED = "add"


def changes_in_words(
    model: type[Model] | None, changes: Mapping[str, Any] | None, names: RowNames = MappingProxyType({})
) -> list[str]:
    """One line for each column: from what to what. Rows without a name in ``names`` keep their key."""
    return [_line(model, name, change, names) for name, change in (changes or {}).items()]


def _line(model: type[Model] | None, name: str, change: Any, names: RowNames) -> str:
    words = {"field": _name_of(model, name)}
    if isinstance(change, Mapping):
        words["rows"] = listed(_permission(_short(row)) for row in change.get("objects", ()))
        if change.get("operation") == ADDED:
            return _("%(field)s: added %(rows)s") % words
        return _("%(field)s: removed %(rows)s") % words
    field = field_of(model, name)
    labels = {str(key): label for key, label in getattr(field, "flatchoices", ())}
    related: Any = getattr(field, "related_model", None)
    words["old"], words["new"] = (
        _short(names.get((related, str(value))) or labels.get(str(value), value)) for value in change
    )
    return _("%(field)s: %(old)s → %(new)s") % words


def _name_of(model: type[Model] | None, name: str) -> str:
    return str(getattr(field_of(model, name), "verbose_name", name))


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
