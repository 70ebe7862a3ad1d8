"""The TLS of clients: what a mail server's certificate is checked against."""

import ssl
from functools import lru_cache
from pathlib import Path


def verifying_context() -> ssl.SSLContext:
    """Trusts the authorities of the system, as they stand now. Shared, so nobody may change it.

    To read some hundred authorities takes 20 ms of CPU, so that is done once and again when they change.
    """
    paths = ssl.get_default_verify_paths()
    return _context(_stamp(paths.cafile), _stamp(paths.capath))


@lru_cache(maxsize=4)
def _context(_file: tuple[str, int], _folder: tuple[str, int]) -> ssl.SSLContext:
    return ssl.create_default_context()


def _stamp(path: str | None) -> tuple[str, int]:
    """The path, and when what it names was changed last."""
    if not path:
        return "", 0
    try:
        return path, Path(path).stat().st_mtime_ns
    except OSError:
        return path, 0
