"""A form field for a secret that is stored encrypted: it never reaches the page, and it can be replaced or cleared."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminPasswordWidget

from customers.encrypted_field import is_unreadable

KEPT = gettext_lazy("Stored encrypted and never shown. Leave blank to keep the current one.")


UNREADABLE = gettext_lazy(
    "The stored one cannot be read, because the desk lacks the key that encrypted it. It stays as it is until you "
    "enter it again."
)


class _Clear:
    """What a ticked box gives instead of typed text."""


CLEAR: Final = _Clear()


class SecretWidget(UnfoldAdminPasswordWidget):
    """An empty input; if something ``is_stored``, with a box that clears it. What is typed goes before the box."""

    is_stored = False
    is_unreadable = False

    def __init__(self) -> None:
        super().__init__(attrs={"autocomplete": "new-password"}, render_value=False)

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        typed = super().value_from_datadict(data, files, name)
        return CLEAR if not typed and data.get(f"{name}-clear") else typed

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return name not in data and f"{name}-clear" not in data

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        field: SafeString = super().render(name, None, attrs, renderer)
        if not self.is_stored:
            return field
        checked = SafeString(" checked" if value is CLEAR else "")
        box = format_html('<input type="checkbox" name="{}-clear" id="id_{}-clear"{}>', name, name, checked)
        shown = format_html("{}<label>{} {}</label>", field, box, _("Clear the stored one"))
        return format_html("{}<p>{}</p>", shown, UNREADABLE) if self.is_unreadable else shown


class SecretField(forms.CharField):
    """Left blank, it changes nothing; cleared, its value is CLEAR. The form says what is stored: `mark_stored`."""

    widget = SecretWidget

    def __init__(self, label: Any, *, max_length: int = 4000, help_text: Any = KEPT) -> None:
        super().__init__(label=label, required=False, strip=False, max_length=max_length, help_text=help_text)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)

    def clean(self, value: Any) -> Any:
        return value if value is CLEAR else super().clean(value)


def is_stored(value: object) -> bool:
    """True for a secret that the row has, whether or not this desk can read it."""
    return bool(value) or is_unreadable(value)


def mark_stored(form: forms.ModelForm) -> None:
    """Offer to clear the secrets that the form's row has."""
    for name, field in form.fields.items():
        if isinstance(field.widget, SecretWidget):
            stored = getattr(form.instance, name)
            field.widget.is_stored = is_stored(stored)
            field.widget.is_unreadable = is_unreadable(stored)


def secret_to_store(form: forms.ModelForm, name: str) -> str | None:
    """What was typed, or what is stored; None if it is to be cleared."""
    given = form.cleaned_data[name]
    if given is CLEAR:
        return None
    value: str | None = given or getattr(form.instance, name)
    return value
