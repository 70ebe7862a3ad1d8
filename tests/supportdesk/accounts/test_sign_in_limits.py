"""How often somebody may try, by name, address and browser."""

from datetime import timedelta

import pytest

from supportdesk.accounts.sign_in_limits import Limit, forget_tries, give_back_try, limits_for, take_try
from supportdesk.models import SignInTries
from tests.factories import NOW

pytestmark = pytest.mark.django_db
FIVE = timedelta(minutes=5)
MOMENT = timedelta(microseconds=1)
LIMIT = [Limit("a", 3, FIVE)]


def tried(number, limits=LIMIT, at=NOW):
    return [take_try(limits, at=at) for _each in range(number)]


def test_so_many_tries_pass_and_the_next_is_told_how_long_to_wait():
    refusals = [refusal for refusal in tried(5, at=NOW) if refusal]
    assert [refusal.wait for refusal in refusals] == [FIVE, FIVE]
    assert [refusal.is_first for refusal in refusals] == [True, False]


def test_who_goes_on_trying_does_not_prolong_the_wait():
    tried(9)
    assert take_try(LIMIT, at=NOW + FIVE - MOMENT) is not None
    assert take_try(LIMIT, at=NOW + FIVE) is None


def test_a_right_try_is_given_back():
    for _each in range(20):
        assert take_try(LIMIT, at=NOW) is None
        give_back_try(LIMIT)


def test_nothing_is_counted_by_the_other_limits_when_one_is_used_up():
    both = [*LIMIT, Limit("b", 100, FIVE)]
    tried(10, both)
    assert SignInTries.objects.get(key=both[1].key).number == 3


def test_a_typed_name_is_not_kept_as_it_was_typed():
    tried(1, limits_for("hunter2", address="198.51.100.7", device=""))
    assert not SignInTries.objects.filter(key__contains="hunter2").exists()


def test_strangers_cannot_shut_somebody_out_of_their_own_browser():
    for number in range(100):
        take_try(limits_for("ann", address=f"198.51.100.{number}", device=""), at=NOW)
    assert take_try(limits_for("ann", address="203.0.113.1", device=""), at=NOW) is not None
    assert take_try(limits_for("ann", address="198.51.100.1", device="d" * 32), at=NOW) is None


def test_a_name_is_the_same_however_it_is_written():
    assert limits_for(" Ann ", address="198.51.100.7", device="") == limits_for(
        "ann", address="198.51.100.7", device=""
    )


def test_old_counts_are_forgotten():
    tried(1)
    assert forget_tries(at=NOW + timedelta(minutes=59)) == 0
    assert forget_tries(at=NOW + timedelta(minutes=61)) == 1
