"""Lets few passwords be checked at a time: each check is made to cost half a second of a processor.

The threads of a web process that wait for it would answer nobody else, neither pages nor the probe of liveness. So one
password is checked at a time, few wait, and the others are told to try again. Reasons: .github/decisions/accounts.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from django.conf import settings


class TooBusy(Exception):
    """As many as may wait for a password check do so already."""


class PasswordGate:
    def __init__(self, most: int) -> None:
        self.places = BoundedSemaphore(most)
        self.check = Lock()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Inside, this process checks no other password. Raises TooBusy at once, if too many wait."""
        if not self.places.acquire(blocking=False):
            raise TooBusy
        try:
            with self.check:
                yield
        finally:
            self.places.release()


gate = PasswordGate(settings.SIGN_INS_AT_ONCE)
