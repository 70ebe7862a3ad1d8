"""The keys of a desk, which open its encrypted columns. A backup has them only encrypted; plain, they lie apart."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _

from supportdesk.secrets import replace_kept_encryption_keys, replace_kept_key, write_secret
from tickets.errors import DeskError


@dataclass(frozen=True)
class DeskKeys:
    SECRET_KEY: str
    SECRET_KEY_FALLBACKS: tuple[str, ...]
    SALT_KEY: str
    ENCRYPTION_KEYS: tuple[str, ...] = ()

    @classmethod
    def of_this_desk(cls) -> DeskKeys:
        return cls(
            settings.SECRET_KEY,
            tuple(settings.SECRET_KEY_FALLBACKS),
            settings.SALT_KEY,
            tuple(settings.ENCRYPTION_KEYS),
        )

    @classmethod
    def from_json(cls, data: bytes) -> DeskKeys:
        """Also of a backup from before there were ENCRYPTION_KEYS."""
        try:
            document: Mapping[str, Any] = orjson.loads(data)
            lists = {
                name: tuple(document.get(name, ())) for name in ("SECRET_KEY_FALLBACKS", "ENCRYPTION_KEYS")
            }
            keys = cls(**{**document, **lists})
            keys.mark  # noqa: B018 - raises for what is no text
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DeskError(_("These are no keys of a desk, as a backup writes them.")) from error
        return keys

    def as_json(self) -> bytes:
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2)

    @property
    def mark(self) -> str:
        """Equal for equal keys, and tells nothing of them."""
        return self._mark(self.SECRET_KEY, *self.ENCRYPTION_KEYS[:1])

    def open_what(self, mark: str) -> bool:
        """True if these keys open what the keys with that mark closed."""
        signing = (self.SECRET_KEY, *self.SECRET_KEY_FALLBACKS)
        encrypting: list[tuple[str, ...]] = [(), *((key,) for key in self.ENCRYPTION_KEYS)]
        return any(
            mark == self._mark(*pair) for pair in ((one, *two) for one in signing for two in encrypting)
        )

    def _mark(self, secret_key: str, *encryption_key: str) -> str:
        text = "\0".join(("backup", self.SALT_KEY, *encryption_key))
        return hmac.digest(secret_key.encode(), text.encode(), hashlib.sha256).hex()[:16]


def write_keys_apart(folder: Path, keys: DeskKeys) -> Path:
    """Write the keys to a file of their own, for this user only. One file serves all backups with the same keys."""
    path = folder / f"keys-{keys.mark}.json"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_secret(path, keys.as_json())
    return path


def put_in_place(keys: DeskKeys) -> bool:
    """Make these the embedded desk's own from its next start. False if the environment names the keys."""
    if not settings.KEEPS_OWN_KEYS or keys.SALT_KEY != settings.SALT_KEY or keys.SECRET_KEY_FALLBACKS:
        return False
    replace_kept_key(settings.VAR_DIR / "secret_key", keys.SECRET_KEY)
    if keys.ENCRYPTION_KEYS:
        replace_kept_encryption_keys(settings.VAR_DIR / "encryption_keys", keys.ENCRYPTION_KEYS)
    return True
