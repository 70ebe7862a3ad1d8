"""A wait for somebody else's lock becomes a refusal; every other fault of the database stays one."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import IntegrityError, OperationalError

from customers.errors import DeskError
from customers.lock_waits import is_lock_wait, is_query_too_slow, is_row_locked, short_lock_waits


def busy_sqlite(folder: Path) -> Exception:
    """What the library really raises while another connection writes."""
    with (
        closing(sqlite3.connect(folder / "a")) as first,
        closing(sqlite3.connect(folder / "a", timeout=0)) as second,
    ):
        first.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as busy:
            second.execute("BEGIN IMMEDIATE")
    return busy.value


@pytest.fixture
def caused(tmp_path: Path) -> Callable[[str], OperationalError]:
    causes = {
        "busy": lambda: busy_sqlite(tmp_path),
        "lock": psycopg.errors.LockNotAvailable,
        "deadlock": psycopg.errors.DeadlockDetected,
        "slow": psycopg.errors.QueryCanceled,
        "away": psycopg.OperationalError,
    }

    def error(name: str) -> OperationalError:
        fault = OperationalError(name)
        fault.__cause__ = causes[name]()
        return fault

    return error


@pytest.mark.parametrize("name", ["busy", "lock", "deadlock"])
def test_a_lock_wait_is_a_refusal_with_a_sentence(
    caused: Callable[[str], OperationalError], name: str
) -> None:
    with pytest.raises(DeskError, match="Not saved: somebody else is changing this"), short_lock_waits():
        raise caused(name)


@pytest.mark.parametrize("name", ["slow", "away"])
def test_another_fault_of_the_database_stays_what_it_is(
    caused: Callable[[str], OperationalError], name: str
) -> None:
    with pytest.raises(OperationalError, match=name), short_lock_waits():
        raise caused(name)


def test_a_slow_query_is_told_from_a_lock_wait(caused: Callable[[str], OperationalError]) -> None:
    names = ("busy", "lock", "deadlock", "slow", "away")
    assert [is_lock_wait(caused(name)) for name in names] == [True, True, True, False, False]
    assert [is_row_locked(caused(name)) for name in names] == [False, True, True, False, False]
    assert [is_query_too_slow(caused(name)) for name in names] == [False, False, False, True, False]
    assert not is_lock_wait(None)
    assert not is_lock_wait(IntegrityError("twice"))
