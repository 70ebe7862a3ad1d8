"""Keeps two people who edit one row at a time from undoing each other: a form knows what of the row it showed."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _


class EditStampField(forms.CharField):
    """A hidden field with the stamp of what the page showed."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, max_length=100)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


def stamp_of(shown: Mapping[str, Any]) -> str:
    """The same for the same values; it tells nobody what they are, secrets included."""
    text = json.dumps(shown, sort_keys=True, default=str)
    return salted_hmac("customers.admin.edit_stamp", text, algorithm="sha256").hexdigest()


def shown_values(row: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def refuse_stale(given: str, now: str) -> None:
    """Raise ValidationError if the row is not as the page showed it. Needs the row's lock."""
    if given and not constant_time_compare(given, now):
        raise ValidationError(
            _("Somebody else saved this meanwhile. Reload the page to see it, then enter your changes again.")
        )
