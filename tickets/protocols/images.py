"""Fetches an image that a mail names on a foreign host: an image by its bytes, small, soon, or none at all.

The host learns that somebody's desk asked, and nothing of who reads: no cookie, no referrer, no address of a browser.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urljoin, urlsplit

import requests

from tickets.protocols.http import Exchange, Session, cut_off_after, exchange

MOST_BYTES = 2_000_000
SECONDS = 6.0
MOST_REDIRECTS = 3
AT_ONCE = 2  # of the threads of a web process, so that slow hosts hold up no page
WAIT_SECONDS = 2.0
HEADERS = {"User-Agent": "Mozilla/5.0", "Accept": "image/png,image/jpeg,image/gif,image/webp"}
_turns = threading.BoundedSemaphore(AT_ONCE)


class NoImage(Exception):
    """There is no image at that address, or none that may be shown."""


class TooManyImages(NoImage):
    """Others are being fetched right now."""


def fetch_image(address: str) -> tuple[bytes, str]:
    """The bytes and their type. Raises NoImage."""
    with _turn():
        here = Exchange(deadline=time.monotonic() + SECONDS, most_bytes=MOST_BYTES + 1)
        try:
            with exchange(here), cut_off_after(SECONDS, here):
                data = _followed(address)
        except (requests.RequestException, OSError, ValueError) as error:
            raise NoImage from error
    kind = kind_of(data)
    if not kind or len(data) > MOST_BYTES:
        raise NoImage
    return data, kind


def _followed(address: str) -> bytes:
    """Each redirect is checked like the first address. A session each, so that no cookie comes along."""
    for _hop in range(MOST_REDIRECTS + 1):
        if urlsplit(address).scheme not in ("http", "https"):
            raise NoImage
        with Session() as session:
            answer = session.get(address, headers=HEADERS)
        if answer.is_redirect:
            address = urljoin(address, answer.headers["Location"])
            continue
        if answer.status_code != 200:
            raise NoImage
        return answer.content
    raise NoImage


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=WAIT_SECONDS):
        raise TooManyImages
    try:
        yield
    finally:
        _turns.release()


def kind_of(data: bytes) -> str:
    """The type of an image that no browser runs anything in, by its first bytes; empty for all else, SVG included."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return ""
