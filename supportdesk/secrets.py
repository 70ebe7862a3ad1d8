"""The secret key: from the environment, or for the embedded desk made once and kept beside its data."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

LEAST_LENGTH = 40
LEAST_DIFFERENT = 10


def checked_secret_key(value: str) -> str:
    """Refuse keys that are short or monotonous, as Django's own deployment check would."""
    if len(value) >= LEAST_LENGTH and len(set(value)) >= LEAST_DIFFERENT:
        return value
    raise ImproperlyConfigured(
        f"SECRET_KEY is too weak. Set it to at least {LEAST_LENGTH} random characters, for example the output of: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(50))'"
    )


def kept_secret_key(path: Path) -> str:
    """Return the key kept at ``path``; make it first if there is none. Two processes may start at once."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return checked_secret_key(path.read_text(encoding="ascii").strip())
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii")
