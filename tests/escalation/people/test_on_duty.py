"""Who is on duty at a moment, and who is next."""

from datetime import timedelta

import pytest
from django.utils import timezone

from escalation.models import ShiftSource
from escalation.people.on_duty import on_duty, on_duty_by_rota, shift_at, watches
from tests.factories import NOW, DutyRotaFactory, DutyShiftFactory, UserFactory

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
    morning = shift(rota, 0, 8)
    assert on_duty(rota=rota, at=NOW + timedelta(minutes=minutes)) == (morning.user if there else None)


def test_a_later_shift_replaces_the_one_it_overlaps(rota):
    regular, override = shift(rota, 0, 8), shift(rota, 2, 4)
    hours = [shift_at(rota=rota, at=NOW + timedelta(hours=hour)) for hour in (1, 2, 3, 4)]
    assert hours == [regular, override, override, regular]


def test_shifts_of_another_rota_do_not_count(rota):
    shift(DutyRotaFactory(), 0, 8)
    assert on_duty(rota=rota, at=NOW) is None


def test_without_a_rota_nobody_is_on_duty():
    assert on_duty(rota=None, at=NOW) is None


def next_shift(rota, at):
    following = on_duty_by_rota(at=at)[rota.pk].next
    return following.shift if following is not None else None


def test_the_next_shift_begins_after_now(rota):
    shift(rota, 0, 8)
    following, _later = shift(rota, 8, 16), shift(rota, 16, 24)
    assert next_shift(rota, NOW) == following
    assert next_shift(rota, NOW + timedelta(hours=16)) is None


def generated(rota, first: int, last: int, **more):
    return DutyShiftFactory(
        rota=rota,
        starts_at=NOW + timedelta(hours=first),
        ends_at=NOW + timedelta(hours=last),
        source=ShiftSource.LAYER,
        rank=0,
        **more,
    )


def test_what_a_person_entered_wins_over_a_generated_shift_that_starts_later(rota):
    by_hand, layered = shift(rota, 0, 4), generated(rota, 2, 8)
    assert [shift_at(rota=rota, at=NOW + timedelta(hours=hour)) for hour in (2, 4)] == [by_hand, layered]


def test_after_a_replacement_the_regular_shift_is_next(rota):
    layered, by_hand = generated(rota, 0, 12), shift(rota, 2, 4)
    hidden = generated(rota, 12, 14)
    shift(rota, 12, 14)
    assert next_shift(rota, NOW) == by_hand
    assert next_shift(rota, NOW + timedelta(hours=3)) == layered
    assert next_shift(rota, NOW + timedelta(hours=5)) != hidden


def test_shifts_are_flattened_to_who_really_has_the_duty(rota):
    layered, by_hand = generated(rota, 0, 12), shift(rota, 2, 4)
    duty = [
        (each.shift, *((end - NOW) / timedelta(hours=1) for end in each.span))
        for each in watches([by_hand, layered])
    ]
    assert duty == [(layered, 0, 2), (by_hand, 2, 4), (layered, 4, 12)]


@pytest.mark.parametrize("hour", range(13))
def test_flattened_shifts_agree_with_who_is_on_duty_at_each_hour(rota, hour):
    rows = [
        generated(rota, 0, 6),
        shift(rota, 1, 5),
        shift(rota, 3, 4),
        generated(rota, 6, 12),
        shift(rota, 5, 7),
    ]
    at = NOW + timedelta(hours=hour)
    held = next((each.shift for each in watches(rows) if each.starts_at <= at < each.ends_at), None)
    assert shift_at(rota=rota, at=at) == held


def test_the_duty_now_ends_where_another_person_follows(rota):
    first = generated(rota, -2, 2)
    goes_on, other = generated(rota, 2, 6, user=first.user), generated(rota, 6, 8)
    duty = on_duty_by_rota(at=NOW)[rota.pk]
    assert (duty.now.user, duty.now.ends_at) == (first.user, goes_on.ends_at)
    assert (duty.next.shift, duty.next.starts_at) == (other, goes_on.ends_at)


def test_all_rotas_cost_one_query(count_queries):
    for _number in range(5):
        shift(DutyRotaFactory(), 0, 8)
    assert count_queries(lambda: [each.now.user for each in on_duty_by_rota(at=NOW).values()]) == 1


def test_each_question_costs_one_query(rota, count_queries):
    shift(rota, 0, 8)
    shift(rota, 8, 16)
    assert count_queries(lambda: on_duty(rota=rota, at=NOW)) == 1


def test_a_shift_is_shown_by_the_persons_name_and_the_readers_time(rota):
    row = DutyShiftFactory(rota=rota, user=UserFactory(first_name="Ann", last_name="Lee"), starts_at=NOW)
    with timezone.override("Asia/Shanghai"):
        assert str(row) == "Ann Lee 2026-11-18 20:00"
