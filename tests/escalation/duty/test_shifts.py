"""Shifts generated from layers: ahead, again without a change, and never over what has begun."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from itertools import pairwise

import pytest
from django.db import connection

from escalation.duty.shifts import AHEAD, generate_all, generate_shifts
from escalation.lib.rotation import Rotation
from escalation.models import DutyShift, ShiftSource
from escalation.people.on_duty import on_duty
from tests.factories import NOW, DutyLayerFactory, DutyRotaFactory, DutyShiftFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def people():
    return UserFactory.create_batch(3)


@pytest.fixture
def rota():
    return DutyRotaFactory(time_zone="Europe/Berlin")


@pytest.fixture
def layer(rota, people):
    return DutyLayerFactory(rota=rota, people=people)


def rows(rota):
    return list(rota.shifts.order_by("starts_at").values_list("pk", "user", "starts_at", "ends_at", "source"))


def test_shifts_are_generated_eight_weeks_ahead(rota, layer, people):
    generate_shifts(rota=rota, at=NOW)
    assert rota.shifts.earliest("starts_at").starts_at == NOW
    assert rota.shifts.latest("starts_at").ends_at > NOW + AHEAD
    # Wednesday from nine in Berlin is the third day of the layer
    assert [on_duty(rota=rota, at=NOW + days * DAY) for days in range(4)] == [people[2], *people]


def test_a_second_run_changes_nothing_and_a_later_one_only_adds(rota, layer):
    generate_shifts(rota=rota, at=NOW)
    before = rows(rota)
    assert str(generate_shifts(rota=rota, at=NOW + HOUR)) == "created=0 removed=0"
    assert rows(rota) == before
    assert str(generate_shifts(rota=rota, at=NOW + DAY)) == "created=1 removed=0"
    assert rows(rota)[: len(before)] == before


def test_a_shift_that_has_begun_keeps_its_person_and_later_ones_follow_the_layer(rota, layer, people):
    generate_shifts(rota=rota, at=NOW - 3 * DAY)
    begun = [row for row in rows(rota) if row[2] <= NOW]
    layer.turns.all().delete()
    other = UserFactory()
    layer.turns.create(user=other)
    generate_shifts(rota=rota, at=NOW)
    assert rows(rota)[: len(begun)] == begun
    assert on_duty(rota=rota, at=NOW) == people[2]
    assert on_duty(rota=rota, at=begun[-1][3]) == other


def test_shifts_entered_by_hand_stay(rota, layer):
    by_hand = DutyShiftFactory(rota=rota, starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    generate_shifts(rota=rota, at=NOW)
    layer.delete()
    generate_shifts(rota=rota, at=NOW + HOUR)
    assert rota.shifts.get(source=ShiftSource.HAND) == by_hand
    assert on_duty(rota=rota, at=NOW + 30 * HOUR) == by_hand.user


def test_shifts_that_have_not_begun_are_deleted_with_their_layer(rota, layer):
    generate_shifts(rota=rota, at=NOW)
    layer.delete()
    generate_all(at=NOW + HOUR)
    assert rota.shifts.get().starts_at == NOW


def test_the_hand_over_stays_at_nine_over_the_change_of_the_clock(rota, people):
    DutyLayerFactory(rota=rota, people=people, starts_on=date(2026, 3, 2))
    generate_shifts(rota=rota, at=NOW - 250 * DAY)
    local = {f"{row.starts_at.astimezone(rota.zone):%H:%M}" for row in rota.shifts.order_by("starts_at")[1:]}
    assert local == {"09:00"}


def test_a_higher_layer_has_its_hours_and_a_lower_one_the_rest(rota, layer):
    night = UserFactory()
    DutyLayerFactory(
        rota=rota, people=[night], level=2, rotation=Rotation.WEEKS, from_time=time(22), to_time=time(6)
    )
    generate_shifts(rota=rota, at=NOW)
    evening = NOW.replace(hour=21)  # 22:00 in Berlin
    assert on_duty(rota=rota, at=evening) == night
    assert on_duty(rota=rota, at=evening - timedelta(minutes=1)) != night
    rows = list(rota.shifts.order_by("starts_at"))
    assert all(first.ends_at == then.starts_at for first, then in pairwise(rows))


def test_time_now_free_is_assigned_at_once(rota, layer):
    at = NOW + timedelta(seconds=42)
    generate_shifts(rota=rota, at=at)
    assert on_duty(rota=rota, at=at) is not None
    assert str(generate_shifts(rota=rota, at=at + timedelta(seconds=30))) == "created=0 removed=0"


def test_all_rotas_with_layers_are_made(people):
    layers = [DutyLayerFactory(people=people) for _number in range(3)]
    DutyRotaFactory()
    generate_all(at=NOW)
    assert set(DutyShift.objects.values_list("layer", flat=True)) == {layer.pk for layer in layers}


def test_a_rota_whose_layers_make_no_sense_spoils_no_other(people):
    broken = DutyLayerFactory(people=people)
    broken.rota.time_zone = "Mars/Base"
    broken.rota.save(update_fields=["time_zone"])
    good = DutyLayerFactory(people=people)
    generate_all(at=NOW)
    assert set(DutyShift.objects.values_list("layer", flat=True)) == {good.pk}


def test_many_shifts_cost_no_query_each(rota, people, count_queries):
    DutyLayerFactory(rota=rota, people=people, rotation=Rotation.HOURS, length=4)
    in_parts = 0 if connection.vendor == "postgresql" else 2  # SQLite takes fewer values at once
    assert count_queries(lambda: generate_shifts(rota=rota, at=NOW)) == 8 + in_parts
    assert rota.shifts.count() > 330


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_four_runs_at_once_create_each_shift_once():
    layer = DutyLayerFactory(people=UserFactory.create_batch(3))

    def run(_number):
        try:
            return generate_shifts(rota=layer.rota, at=NOW).created
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        created = sorted(pool.map(run, range(4)))
    assert created[:3] == [0, 0, 0]
    assert DutyShift.objects.count() == created[3]
