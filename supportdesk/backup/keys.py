"""The keys of a desk, which open its encrypted columns. A backup has them only encrypted; plain, they lie apart."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from django.apps import apps
from django.conf import settings
from django.db.models import Field
from django.utils.translation import gettext as _
from encrypted_fields.fields import EncryptedFieldMixin

from supportdesk.secrets import replace_kept_key, write_secret
from tickets.errors import DeskError


@dataclass(frozen=True)
class DeskKeys:
    SECRET_KEY: str
    SECRET_KEY_FALLBACKS: tuple[str, ...]
    SALT_KEY: str

    @classmethod
    def of_this_desk(cls) -> DeskKeys:
        return cls(settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS), settings.SALT_KEY)

    @classmethod
    def from_json(cls, data: bytes) -> DeskKeys:
        try:
            document: Mapping[str, Any] = orjson.loads(data)
            keys = cls(**{**document, "SECRET_KEY_FALLBACKS": tuple(document["SECRET_KEY_FALLBACKS"])})
        except (KeyError, TypeError, ValueError) as error:
            raise DeskError(_("These are no keys of a desk, as a backup writes them.")) from error
        return keys

    def as_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @property
    def mark(self) -> str:
        """Equal for equal keys, and tells nothing of them."""
        return _mark(self.SECRET_KEY, self.SALT_KEY)

    def open_what(self, mark: str) -> bool:
        """True if these keys open what the keys with that mark closed."""
        return mark in {_mark(key, self.SALT_KEY) for key in (self.SECRET_KEY, *self.SECRET_KEY_FALLBACKS)}


def _mark(secret_key: str, salt_key: str) -> str:
    return hmac.digest(secret_key.encode(), f"backup\0{salt_key}".encode(), hashlib.sha256).hex()[:16]


def write_keys_apart(folder: Path, keys: DeskKeys) -> Path:
    """Write the keys to a file of their own, for this user only. One file serves all backups with the same keys."""
    path = folder / f"keys-{keys.mark}.json"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(path, keys.as_json())
    return path


def put_in_place(keys: DeskKeys) -> bool:
    """Make these the embedded desk's own from its next start. False if the environment names the keys."""
    if settings.PRODUCTION or os.environ.get("SECRET_KEY") or keys.SALT_KEY != settings.SALT_KEY:
        return False
    replace_kept_key(settings.VAR_DIR / "secret_key", keys.SECRET_KEY)
    return True


def encrypted_values() -> int:
    """The number of values in this desk that only its keys open."""
    return sum(_filled(field) for field in _encrypted_fields())


def _encrypted_fields() -> Iterator[Field[Any, Any]]:
    for model in apps.get_models():
        yield from (field for field in model._meta.concrete_fields if isinstance(field, EncryptedFieldMixin))


def _filled(field: Field[Any, Any]) -> int:
    return int(field.model._default_manager.exclude(**{f"{field.name}__isnull": True}).count())
