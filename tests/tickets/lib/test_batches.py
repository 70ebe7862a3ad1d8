"""Batches of which one item fails: the others are done, in order, and a database in trouble is no item's fault."""

import time

import psycopg
import pytest
from django.db import OperationalError

from tickets.lib.batches import work_in_halves


def reports(items: str, bad: str = "", error: Exception | type[Exception] = ValueError, time_left: float = 9):
    def work(batch):
        if set(batch) & set(bad):
            raise error
        return batch

    return list(
        work_in_halves(
            items,
            work,
            failed=lambda item: f"-{item}",
            postponed=lambda part: f"?{part}",
            stop_at=time.monotonic() + time_left,
        )
    )


def caused_by(cause: Exception) -> OperationalError:
    error = OperationalError("canceling statement")
    error.__cause__ = cause
    return error


LOCKED = [psycopg.errors.LockNotAvailable(), psycopg.errors.DeadlockDetected()]


@pytest.mark.parametrize(
    ("items", "bad", "told"),
    [
        ("abcd", "", ["abcd"]),
        ("abcde", "d", ["ab", "c", "-d", "e"]),
        ("abcd", "ad", ["-a", "b", "c", "-d"]),
        ("a", "a", ["-a"]),
    ],
)
def test_halving_the_batch_finds_each_item_that_fails_on_its_own(items, bad, told):
    assert reports(items, bad) == told


def test_a_database_in_trouble_is_raised_at_once():
    with pytest.raises(OperationalError):
        reports("abcd", "c", OperationalError)


@pytest.mark.django_db
@pytest.mark.parametrize("cause", LOCKED)
def test_a_row_that_somebody_has_locked_holds_up_only_the_item_that_needs_it(cause):
    assert reports("abcde", "d", caused_by(cause)) == ["ab", "c", "-d", "e"]


@pytest.mark.django_db
@pytest.mark.parametrize("cause", LOCKED)
def test_without_time_to_look_for_the_item_its_part_is_postponed(cause):
    assert reports("abcd", "c", caused_by(cause), time_left=-1) == ["?abcd"]


def test_a_query_that_took_too_long_is_raised():
    with pytest.raises(OperationalError):
        reports("abcd", "c", caused_by(psycopg.errors.QueryCanceled()))
