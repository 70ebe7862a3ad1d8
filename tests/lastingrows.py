"""Rows that stay for several tests, each of which works in a savepoint inside."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.test import TestCase
from pytest_django.plugin import DjangoDbBlocker


@contextmanager
def lasting_rows(blocker: DjangoDbBlocker) -> Iterator[None]:
    """What is written within is rolled back at the end; for fixtures that several tests share."""

    class Frame(TestCase):
        databases = {"default"}

    with blocker.unblock():
        Frame.setUpClass()
        try:
            yield
        finally:
            Frame.doClassCleanups()
            Frame.tearDownClass()
