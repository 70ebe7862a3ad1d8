"""A column of text that is stored encrypted. What no key opens reads as nothing, and stays as it is when saved."""

from __future__ import annotations

from typing import Any, TypeGuard

from django.core.validators import MaxLengthValidator
from django.db import models

from customers.encryption_keys import UnreadableCiphertext, key_id_of, keyring


class Ciphertext(str):
    """A stored value that is not decrypted. As text it is empty, so that it is neither shown nor used nor encrypted."""

    stored: str

    def __new__(cls, stored: str) -> Ciphertext:
        text = super().__new__(cls, "")
        text.stored = stored
        return text

    def __getnewargs__(self) -> tuple[str]:
        return (self.stored,)

    def __repr__(self) -> str:
        return f"<Ciphertext of key {self.key_id or 'without id'}>"

    @property
    def key_id(self) -> str:
        return key_id_of(self.stored)


def is_unreadable(value: object) -> TypeGuard[Ciphertext]:
    """True for a secret that is stored but that no key of this desk opens."""
    return isinstance(value, Ciphertext)


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # it takes none when it runs
    """Text, or None for nothing. Conditions see the ciphertext: only `isnull` and `startswith` make sense."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.max_length is not None:
            self.validators.append(MaxLengthValidator(self.max_length))

    def from_db_value(self, value: str | None, _expression: object, _connection: object) -> str | None:
        if value is None:
            return None
        try:
            return keyring().decrypt(value)
        except UnreadableCiphertext:
            return Ciphertext(value)

    def get_prep_value(self, value: Any) -> str | None:
        if is_unreadable(value):
            return value.stored
        text = super().get_prep_value(value)
        return keyring().encrypt(text) if text else None
