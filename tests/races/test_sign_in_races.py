"""Many tries to sign in at once, on as many connections: no more pass than one after the other."""

import pytest
from django.core.cache import cache

from supportdesk.accounts.sign_in_limits import limits_for, take_try
from supportdesk.models import SignInTries
from tests.factories import NOW
from tests.races.test_races import at_once

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def test_of_sixteen_tries_at_once_six_pass():
    limits = limits_for("ann", address="198.51.100.7", device="")
    refusals = at_once([lambda: take_try(limits, at=NOW)] * 16)
    assert [refusal is None for refusal in refusals].count(True) == 6
    assert [refusal.is_first for refusal in refusals if refusal].count(True) == 1
    assert {row.number for row in SignInTries.objects.all()} == {6}


def test_tries_of_many_names_at_once_wait_for_each_other_in_one_order():
    tries = [limits_for(f"ann{number}", address="198.51.100.7", device="") for number in range(16)]
    refusals = at_once([lambda limits=limits: take_try(limits, at=NOW) for limits in tries])
    assert refusals == [None] * 16


def test_a_code_is_used_by_one_of_many():
    assert at_once([lambda: cache.add("code", "y", timeout=30)] * 8).count(True) == 1
