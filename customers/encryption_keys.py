"""The keys of encrypted columns. A ciphertext names its key by an id that is derived from the key itself.

The first of ENCRYPTION_KEYS encrypts, and all of them decrypt; without any, keys are derived from SECRET_KEY and its
fallbacks, as was done before there was the setting. Values of that time name no key. Reasons: "Keys with ids" in
.github/decisions/accounts.md.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

MARK = "enc1"
SEPARATOR = "$"
DERIVED_ROUNDS = 100_000


class UnreadableCiphertext(ValueError):
    """No key of this desk opens it."""


@dataclass(frozen=True)
class EncryptionKey:
    """``cipher`` is made when it is needed first: to derive one takes some hundredths of a second."""

    id: str
    cipher: Callable[[], Fernet]

    @property
    def prefix(self) -> str:
        """How every value begins that this key encrypted."""
        return SEPARATOR.join((MARK, self.id, ""))


@dataclass(frozen=True)
class Keyring:
    """The keys of a desk: the first encrypts. ``derived`` are those that may have encrypted values without an id."""

    keys: tuple[EncryptionKey, ...]
    derived: tuple[EncryptionKey, ...]

    @property
    def current(self) -> EncryptionKey:
        return self.keys[0]

    def encrypt(self, text: str) -> str:
        return self.current.prefix + self.current.cipher().encrypt(text.encode()).decode()

    def decrypt(self, ciphertext: str) -> str:
        """Raises UnreadableCiphertext."""
        named = key_id_of(ciphertext)
        token = ciphertext.rpartition(SEPARATOR)[2]
        for key in self.keys if named else self.derived:
            if not named or key.id == named:
                try:
                    return key.cipher().decrypt(token).decode()
                except (InvalidToken, UnicodeError):
                    continue
        raise UnreadableCiphertext


def keyring() -> Keyring:
    return _keyring(
        tuple(settings.ENCRYPTION_KEYS),
        (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS),
        settings.SALT_KEY,
    )


def key_id_of(ciphertext: str) -> str:
    """The id of the key that encrypted it; empty for a value from before keys had ids."""
    mark, _separator, rest = ciphertext.partition(SEPARATOR)
    return rest.partition(SEPARATOR)[0] if mark == MARK else ""


def id_of_key(secret: str, *, purpose: str = "encryption") -> str:
    """Equal for equal keys, and tells nothing of them."""
    return hmac.digest(secret.encode(), f"supportdesk:key id:{purpose}".encode(), hashlib.sha256).hex()[:10]


@lru_cache(maxsize=16)
def _keyring(own: Sequence[str], signing: Sequence[str], salt: str) -> Keyring:
    derived = tuple(_derived_key(secret, salt) for secret in signing)
    return Keyring((*map(_own_key, own), *derived), derived)


def _own_key(secret: str) -> EncryptionKey:
    """Of random characters, so one round of hashing is enough."""
    key = hmac.digest(secret.encode(), b"supportdesk:encrypted columns", hashlib.sha256)
    return EncryptionKey(id_of_key(secret), lambda: Fernet(base64.urlsafe_b64encode(key)))


def _derived_key(secret: str, salt: str) -> EncryptionKey:
    return EncryptionKey("s" + id_of_key(secret, purpose=salt), lambda: _derived_cipher(secret, salt))


@lru_cache(maxsize=16)
def _derived_cipher(secret: str, salt: str) -> Fernet:
    key = hashlib.pbkdf2_hmac("sha256", secret.encode(), salt.encode(), DERIVED_ROUNDS)
    return Fernet(base64.urlsafe_b64encode(key))
