"""The cache in the database: what one process writes, the others read, until its time is over."""

from datetime import timedelta

import pytest
from django.core.cache import cache

from supportdesk.accounts.shared_cache import forget_shared_values
from supportdesk.models import SharedValue
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_a_value_is_there_until_its_time_is_over(frozen):
    cache.set("a", [1.5, 2], timeout=10)
    frozen.shift(9)
    assert cache.get("a") == [1.5, 2]
    frozen.shift(1)
    assert cache.get("a", "none") == "none"


def test_only_the_first_adds_a_value_and_again_when_it_is_over(frozen):
    assert [cache.add("code", "y", timeout=30), cache.add("code", "y", timeout=30)] == [True, False]
    frozen.shift(30)
    assert cache.add("code", "y", timeout=30)


def test_a_value_is_deleted_and_prolonged(frozen):
    cache.set("a", 1, timeout=10)
    assert cache.touch("a", timeout=60)
    frozen.shift(50)
    assert cache.get("a") == 1
    assert cache.delete("a")
    assert not cache.touch("a")
    assert not cache.delete("a")


def test_a_value_without_an_end_stays(frozen):
    cache.set("a", 1, timeout=None)
    frozen.shift(10_000_000)
    assert cache.get("a") == 1
    cache.clear()
    assert cache.get("a") is None


def test_values_that_are_over_are_removed(frozen):
    cache.set("a", 1, timeout=10)
    cache.set("b", 1, timeout=100)
    assert forget_shared_values(at=NOW + timedelta(seconds=10)) == 1
    assert SharedValue.objects.count() == 1
