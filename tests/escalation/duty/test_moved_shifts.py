"""Overrides and swaps follow their shifts when a layer's hand-over moves, and stay where they are otherwise."""

from datetime import time, timedelta

import pytest

from escalation.duty.overrides_and_swaps import put_on_duty, swap_shifts, withdraw_override
from escalation.duty.shifts import generate_shifts
from escalation.lib.rotation import Rotation
from escalation.models import DutyOverride
from escalation.people.on_duty import on_duty
from tests.factories import NOW, DutyLayerFactory, DutyRotaFactory, UserFactory
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NINE = -11 * HOUR  # NOW is 20:00 in Shanghai
EARLIER, LATER = time(7), time(11, 30)


@pytest.fixture
def people():
    return UserFactory.create_batch(3)


@pytest.fixture
def layer(people):
    """Days of Shanghai from nine, in turn."""
    layer = DutyLayerFactory(rota=DutyRotaFactory(time_zone="Asia/Shanghai"), people=people)
    generate_shifts(rota=layer.rota, at=NOW)
    return layer


@pytest.fixture
def rota(layer):
    return layer.rota


def edit(layer, *, at=NOW + HOUR, **fields):
    for name, value in fields.items():
        setattr(layer, name, value)
    layer.save(update_fields=list(fields))
    generate_shifts(rota=layer.rota, at=at)


def shift_at(rota, at):
    return rota.shifts.get(override=None, starts_at__lte=at, ends_at__gt=at)


def swapped(rota, first=2, second=3, *, at=NOW):
    noon = NOW + NINE + 3 * HOUR
    sides = shift_at(rota, noon + first * DAY), shift_at(rota, noon + second * DAY)
    return swap_shifts(first=sides[0], second=sides[1], reason="wedding", actor=None, at=at), sides


def times(overrides):
    return [(row.user_id, row.starts_at, row.ends_at) for row in overrides.order_by("starts_at")]


def who(rota, *moments):
    return [on_duty(rota=rota, at=moment) for moment in moments]


@pytest.mark.parametrize(
    ("hand_over", "moved"), [(EARLIER, -2 * HOUR), (LATER, 2.5 * HOUR), (time(23), 14 * HOUR)]
)
def test_a_swap_follows_its_shifts_when_the_hand_over_moves(rota, layer, hand_over, moved):
    swap, sides = swapped(rota)
    before = times(swap.overrides)
    edit(layer, hand_over=hand_over)
    assert times(swap.overrides) == [(user, start + moved, end + moved) for user, start, end in before]
    start = sides[0].starts_at + moved
    assert who(rota, start, start + DAY - HOUR, start + DAY) == [sides[1].user, sides[1].user, sides[0].user]
    served = [row.starts_at for row in rota.shifts.filter(override__swap=swap).order_by("starts_at")]
    assert served == [start, start + DAY]


def test_nobody_has_a_scrap_of_a_shift_after_the_hand_over_moved(rota, layer, people):
    swapped(rota)
    edit(layer, hand_over=EARLIER)
    first = NOW + NINE + 2 * DAY - 2 * HOUR
    moments = [first + number * HOUR for number in range(72)]
    changes = {moment for moment in moments[1:] if who(rota, moment) != who(rota, moment - HOUR)}
    assert changes == {first + DAY, first + 2 * DAY}


def test_a_swap_in_hours_of_their_own_follows_when_hours_and_hand_over_move(people):
    layer = DutyLayerFactory(
        rota=DutyRotaFactory(time_zone="Asia/Shanghai"), people=people, from_time=time(9), to_time=time(18)
    )
    generate_shifts(rota=layer.rota, at=NOW)
    swap, sides = swapped(layer.rota)
    edit(layer, hand_over=time(8), from_time=time(8))
    rows = [(row.starts_at, row.ends_at) for row in swap.overrides.order_by("starts_at")]
    assert rows == [(side.starts_at - HOUR, side.ends_at) for side in sides]


def test_a_swap_below_a_night_layer_follows_with_both_of_its_pieces(rota, layer):
    night = UserFactory()
    DutyLayerFactory(rota=rota, people=[night], level=2, from_time=time(22), to_time=time(6))
    generate_shifts(rota=rota, at=NOW)
    swap, (first, _second) = swapped(rota)
    edit(layer, hand_over=EARLIER)
    side = swap.overrides.earliest("starts_at")
    assert (side.starts_at, side.ends_at) == (first.starts_at - 2 * HOUR, first.ends_at)


def test_an_override_follows_by_the_ends_that_lie_on_a_change_of_shift(rota, layer):
    shift = shift_at(rota, NOW + 2 * DAY)
    cases = {
        (shift.starts_at, shift.starts_at + 5 * HOUR): (
            shift.starts_at - 2 * HOUR,
            shift.starts_at + 5 * HOUR,
        ),
        (shift.ends_at - 5 * HOUR, shift.ends_at): (shift.ends_at - 5 * HOUR, shift.ends_at - 2 * HOUR),
        (shift.starts_at + HOUR, shift.ends_at - HOUR): (shift.starts_at + HOUR, shift.ends_at - HOUR),
    }
    made = [put_on(rota, *span) for span in cases]
    edit(layer, hand_over=EARLIER)
    for override in made:
        override.refresh_from_db()
    assert [(override.starts_at, override.ends_at) for override in made] == list(cases.values())


def put_on(rota, starts_at, ends_at, *, user=None):
    return put_on_duty(
        rota=rota,
        user=user or UserFactory(),
        starts_at=starts_at,
        ends_at=ends_at,
        reason="ill",
        actor=None,
        at=NOW,
    )


def test_an_override_that_runs_keeps_its_start_and_follows_at_its_end(rota, layer):
    override = put_on(rota, NOW + HOUR, shift_at(rota, NOW + 2 * DAY).ends_at)
    edit(layer, hand_over=EARLIER, at=NOW + 2 * HOUR)
    before = override.ends_at
    override.refresh_from_db()
    assert (override.starts_at, override.ends_at) == (NOW + HOUR, before - 2 * HOUR)


@pytest.mark.parametrize(
    "fields",
    [
        {"length": 2},
        {"rotation": Rotation.HOURS, "length": 8},
        {"weekdays": [0, 1, 2, 3]},
        {"ends_on": (NOW + DAY).date()},
        {"starts_on": (NOW - 4 * DAY).date()},
    ],
)
def test_another_rotation_leaves_swaps_at_their_times(rota, layer, fields):
    swap, _sides = swapped(rota)
    before = times(swap.overrides)
    edit(layer, **fields)
    assert times(swap.overrides) == before


def test_other_people_leave_swaps_at_their_times(rota, layer):
    swap, _sides = swapped(rota)
    before = times(swap.overrides)
    layer.turns.create(user=UserFactory(), position=9)
    edit(layer, hand_over=EARLIER)
    assert times(swap.overrides) == before


def test_what_is_over_or_withdrawn_never_moves(rota, layer):
    past = put_on(rota, NOW, NOW + HOUR)
    swap, _sides = swapped(rota)
    withdraw_override(override=swap.overrides.first(), actor=None, at=NOW)
    before = times(DutyOverride.objects)
    edit(layer, hand_over=EARLIER, at=NOW + 2 * HOUR)
    assert times(DutyOverride.objects) == before
    assert rota.shifts.get(override=past).ends_at == NOW + HOUR


def test_a_swap_that_followed_is_withdrawn_as_a_whole(rota, layer, people):
    swap, (first, _second) = swapped(rota)
    edit(layer, hand_over=EARLIER)
    withdraw_override(override=swap.overrides.first(), actor=None, at=NOW + 2 * HOUR)
    assert who(rota, first.starts_at - 2 * HOUR, first.starts_at) == [first.user, first.user]


def test_people_whose_override_moved_are_mailed_its_new_times(rota, layer):
    _swap, sides = swapped(rota)
    OutboundEmail.objects.all().delete()
    edit(layer, hand_over=EARLIER)
    mails = list(OutboundEmail.objects.order_by("pk"))
    assert {mail.recipients[0] for mail in mails} == {side.user.email for side in sides}
    assert "20 November 2026, 04:45 (UTC+5:45, Kathmandu)" in mails[0].subject  # 07:00 in Shanghai


def test_a_later_run_changes_nothing_more(rota, layer):
    swap, _sides = swapped(rota)
    edit(layer, hand_over=EARLIER)
    before = times(swap.overrides)
    assert str(generate_shifts(rota=rota, at=NOW + 2 * HOUR)) == "created=0 removed=0"
    assert times(swap.overrides) == before


def test_a_moved_hand_over_costs_one_query_more_where_nobody_was_put_on_duty(
    rota, layer, people, count_queries
):
    layer.turns.create(user=people[0], position=9)
    other_order = count_queries(lambda: generate_shifts(rota=rota, at=NOW + HOUR))
    layer.hand_over = EARLIER
    layer.save(update_fields=["hand_over"])
    assert count_queries(lambda: generate_shifts(rota=rota, at=NOW + HOUR)) == other_order + 1


def test_a_swap_of_turns_by_hours_follows_to_the_nearest_shift_of_the_same_person(people):
    layer = DutyLayerFactory(
        rota=DutyRotaFactory(time_zone="Asia/Shanghai"), people=people, rotation=Rotation.HOURS, length=8
    )
    generate_shifts(rota=layer.rota, at=NOW)
    swap, sides = swapped(layer.rota, 2, 3 + 1 / 3)
    edit(layer, hand_over=time(19))
    assert [row.starts_at for row in swap.overrides.order_by("starts_at")] == [
        side.starts_at + 10 * HOUR for side in sides
    ]


def test_a_swap_follows_a_rota_to_another_zone(rota, layer):
    swap, (first, _second) = swapped(rota)
    rota.time_zone = "Asia/Tokyo"
    rota.save(update_fields=["time_zone"])
    generate_shifts(rota=rota, at=NOW + HOUR)
    assert swap.overrides.earliest("starts_at").starts_at == first.starts_at - HOUR


def test_turns_numbered_anew_leave_swaps_at_their_times(rota, layer, people):
    """As after an update from a desk whose weekends took people."""
    edit(layer, weekdays=[0, 1, 2, 3, 4])
    swap, _sides = swapped(rota, 1, 2)
    before, (ann, ben, cy) = times(swap.overrides), people
    for shift in rota.shifts.filter(override=None, starts_at__gt=NOW + DAY):
        shift.user = {ann: ben, ben: cy, cy: ann}[shift.user]
        shift.save(update_fields=["user"])
    generate_shifts(rota=rota, at=NOW + HOUR)
    assert times(swap.overrides) == before


def test_a_swap_covers_the_first_part_of_a_shift_that_the_hand_over_now_divides(people):
    layer = DutyLayerFactory(
        rota=DutyRotaFactory(time_zone="Asia/Shanghai"), people=people, from_time=time(9), to_time=time(21)
    )
    generate_shifts(rota=layer.rota, at=NOW)
    swap, (first, second) = swapped(layer.rota)
    edit(layer, hand_over=time(13))
    assert times(swap.overrides) == [
        (second.user_id, first.starts_at + 4 * HOUR, first.ends_at),
        (first.user_id, second.starts_at + 4 * HOUR, second.ends_at),
    ]
    assert who(layer.rota, second.starts_at, second.starts_at + 4 * HOUR) == [first.user, first.user]
