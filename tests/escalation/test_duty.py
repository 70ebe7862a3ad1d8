"""Who is on duty at a moment, and who is next."""

from datetime import timedelta

import pytest

from escalation.services.duty import next_shift, on_duty, shift_at
from tests.factories import NOW, DutyRotaFactory, DutyShiftFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rota():
    return DutyRotaFactory()


def shift(rota, first: int, last: int):
    """A shift in hours after noon."""
    return DutyShiftFactory(
        rota=rota, starts_at=NOW + timedelta(hours=first), ends_at=NOW + timedelta(hours=last)
    )


@pytest.mark.parametrize(("minutes", "there"), [(-1, False), (0, True), (479, True), (480, False)])
def test_a_shift_is_half_open(rota, minutes, there):
    one = shift(rota, 0, 8)
    assert on_duty(rota=rota, at=NOW + timedelta(minutes=minutes)) == (one.user if there else None)


def test_a_later_shift_replaces_the_one_it_overlaps(rota):
    regular, override = shift(rota, 0, 8), shift(rota, 2, 4)
    hours = [shift_at(rota=rota, at=NOW + timedelta(hours=hour)) for hour in (1, 2, 3, 4)]
    assert hours == [regular, override, override, regular]


def test_another_rota_is_another_matter(rota):
    shift(DutyRotaFactory(), 0, 8)
    assert on_duty(rota=rota, at=NOW) is None


def test_without_a_rota_nobody_is_on_duty():
    assert on_duty(rota=None, at=NOW) is None


def test_the_next_shift_begins_after_now(rota):
    shift(rota, 0, 8)
    following, _later = shift(rota, 8, 16), shift(rota, 16, 24)
    assert next_shift(rota=rota, at=NOW) == following
    assert next_shift(rota=rota, at=NOW + timedelta(hours=16)) is None
