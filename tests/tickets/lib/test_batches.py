"""Batches of which one item fails: the others are done, in order, and a database in trouble is no item's fault."""

import pytest
from django.db import OperationalError

from tickets.lib.batches import work_in_halves


def reports(items: str, bad: str = "", error: type[Exception] = ValueError) -> list[str]:
    def work(batch):
        if set(batch) & set(bad):
            raise error
        return batch

    return list(work_in_halves(items, work, failed=lambda item: f"-{item}"))


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
