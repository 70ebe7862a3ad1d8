"""Rows that stay for several tests, each of which works in a savepoint inside; and rows of one example."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction
from django.test import TestCase
from pytest_django.plugin import DjangoDbBlocker

from escalation.working_time.lookup import forget_versions


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


@contextmanager
def passing_rows() -> Iterator[None]:
    """What an example writes is rolled back: the sweeps and proofs of the later ones would read all of it again."""
    forget_versions()  # rolled-back rows are numbered anew
    with transaction.atomic():
        try:
            yield
        finally:
            transaction.set_rollback(True)
