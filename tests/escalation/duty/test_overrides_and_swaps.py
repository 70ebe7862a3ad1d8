"""Somebody else on duty, swaps, and taking them back: recorded acts that leave the past alone."""

from datetime import timedelta

import pytest

from escalation.duty.overrides_and_swaps import put_on_duty, swap_shifts, withdraw_override
from escalation.duty.shifts import generate_shifts
from escalation.models import DutyOverride, ShiftSource
from escalation.people.on_duty import on_duty
from tests.factories import NOW, DutyLayerFactory, DutyRotaFactory, DutyShiftFactory, UserFactory, staff
from tickets.errors import DeskError
from tickets.models import OutboundEmail

pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def lead():
    return UserFactory()


@pytest.fixture
def people():
    return UserFactory.create_batch(2)


@pytest.fixture
def rota(people):
    """Days of Shanghai from nine, in turn: one o'clock in UTC."""
    rota = DutyRotaFactory(time_zone="Asia/Shanghai")
    DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    return rota


def put_on(rota, user, first=2, last=4, *, at=NOW, actor=None, reason="Ann is ill"):
    return put_on_duty(
        rota=rota,
        user=user,
        starts_at=NOW + first * HOUR,
        ends_at=NOW + last * HOUR,
        reason=reason,
        actor=actor,
        at=at,
    )


def test_an_override_that_ends_more_than_a_year_ahead_is_refused(rota, lead):
    with pytest.raises(DeskError, match="within a year"):
        put_on(rota, lead, last=24 * 367)
    assert not DutyOverride.objects.exists()


def on_duty_at(rota, *hours):
    return [on_duty(rota=rota, at=NOW + hour * HOUR) for hour in hours]


def test_an_override_has_its_time_and_says_why_and_by_whom(rota, people, lead):
    other = UserFactory()
    override = put_on(rota, other, actor=lead)
    assert on_duty_at(rota, 1, 2, 3, 4) == [people[0], other, other, people[0]]
    assert (override.reason, override.made_by, override.made_at) == ("Ann is ill", lead, NOW)


def test_an_override_survives_a_later_generation_of_shifts(rota):
    other = UserFactory()
    put_on(rota, other)
    generate_shifts(rota=rota, at=NOW + HOUR)
    assert on_duty_at(rota, 3) == [other]


def test_the_later_made_override_wins_whichever_starts_later(rota):
    first, second = UserFactory.create_batch(2)
    put_on(rota, first, 2, 6)
    put_on(rota, second, 1, 4)
    assert on_duty_at(rota, 1, 3, 5) == [second, second, first]


def test_an_override_wins_over_a_shift_entered_by_hand_that_starts_later(rota):
    DutyShiftFactory(rota=rota, starts_at=NOW + 3 * HOUR, ends_at=NOW + 9 * HOUR)
    other = UserFactory()
    put_on(rota, other, 2, 4)
    assert on_duty_at(rota, 3) == [other]


def test_an_override_leaves_the_past_part_of_its_period_unchanged(rota, people):
    other = UserFactory()
    override = put_on(rota, other, -2, 2)
    assert override.starts_at == NOW
    assert on_duty_at(rota, 0, 1) == [other, other]


def test_the_same_override_sent_twice_is_made_once(rota):
    other = UserFactory()
    assert put_on(rota, other) == put_on(rota, other)
    assert rota.shifts.filter(source=ShiftSource.OVERRIDE).count() == 1


def test_the_same_override_after_another_one_is_made_again(rota):
    first, second = UserFactory.create_batch(2)
    put_on(rota, first)
    put_on(rota, second)
    put_on(rota, first)
    assert on_duty_at(rota, 3) == [first]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"first": 4, "last": 2}, "ends before"),
        ({"first": -4, "last": 0}, "is over"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_an_invalid_override_is_refused(rota, fields, word):
    with pytest.raises(DeskError, match=word):
        put_on(rota, UserFactory(), **fields)
    assert not DutyOverride.objects.exists()


@pytest.mark.parametrize("field", ["is_active", "is_staff"])
def test_somebody_who_may_not_sign_in_is_not_put_on_duty(rota, field):
    with pytest.raises(DeskError, match="sign in"):
        put_on(rota, UserFactory(**{field: False}))


def test_an_override_withdrawn_before_it_begins_leaves_only_the_record(rota, people, lead):
    override = put_on(rota, UserFactory())
    withdraw_override(override=override, actor=lead, at=NOW + HOUR)
    assert on_duty_at(rota, 3) == [people[0]]
    override.refresh_from_db()
    assert (override.withdrawn_by, override.withdrawn_at) == (lead, NOW + HOUR)


def test_an_override_withdrawn_while_it_runs_keeps_the_time_served(rota, people):
    other = UserFactory()
    override = put_on(rota, other)
    withdraw_override(override=override, actor=None, at=NOW + 3 * HOUR)
    assert on_duty_at(rota, 2, 3) == [other, people[0]]


@pytest.mark.parametrize("hours", [4, 9])
def test_an_override_that_is_over_cannot_be_withdrawn(rota, hours):
    override = put_on(rota, UserFactory())
    with pytest.raises(DeskError, match="over"):
        withdraw_override(override=override, actor=None, at=NOW + hours * HOUR)


def test_an_override_cannot_be_withdrawn_twice(rota):
    override = put_on(rota, UserFactory())
    withdraw_override(override=override, actor=None, at=NOW)
    with pytest.raises(DeskError):
        withdraw_override(override=override, actor=None, at=NOW)


def the_shift(rota, hours):
    return rota.shifts.get(starts_at__lte=NOW + hours * HOUR, ends_at__gt=NOW + hours * HOUR)


def test_a_swap_exchanges_two_shifts_as_one_act(rota, people, lead):
    ann, ben = people
    swap = swap_shifts(
        first=the_shift(rota, 24), second=the_shift(rota, 48), reason="wedding", actor=lead, at=NOW
    )
    assert on_duty_at(rota, 24, 48, 72, 96) == [ann, ben, ben, ann]
    assert (swap.made_by, swap.reason, swap.overrides.count()) == (lead, "wedding", 2)


def test_swapping_a_running_shift_exchanges_the_rest_of_it(rota, people):
    ann, ben = people
    swap_shifts(
        first=the_shift(rota, 1), second=the_shift(rota, 24), reason="ill", actor=None, at=NOW + 2 * HOUR
    )
    assert on_duty_at(rota, 1, 2, 24) == [ann, ben, ann]


def test_a_swap_leaves_time_that_somebody_else_took_over(rota, people):
    other = UserFactory()
    put_on(rota, other, 24, 26)
    swap_shifts(
        first=the_shift_of(rota, people[1], 30), second=the_shift(rota, 48), reason="x", actor=None, at=NOW
    )
    assert on_duty_at(rota, 25, 30, 48) == [other, people[0], people[1]]


def the_shift_of(rota, user, hours):
    return rota.shifts.get(user=user, starts_at__lte=NOW + hours * HOUR, ends_at__gt=NOW + hours * HOUR)


def test_a_swap_is_taken_back_as_a_whole(rota, people):
    ann, ben = people
    swap = swap_shifts(first=the_shift(rota, 24), second=the_shift(rota, 48), reason="x", actor=None, at=NOW)
    withdraw_override(override=swap.overrides.first(), actor=None, at=NOW + HOUR)
    assert on_duty_at(rota, 24, 48) == [ben, ann]


def test_a_half_served_swap_cannot_be_withdrawn(rota):
    swap = swap_shifts(first=the_shift(rota, 24), second=the_shift(rota, 48), reason="x", actor=None, at=NOW)
    with pytest.raises(DeskError, match="Part of this swap"):
        withdraw_override(override=swap.overrides.last(), actor=None, at=NOW + 40 * HOUR)
    assert not DutyOverride.objects.exclude(withdrawn_at=None).exists()


def test_shifts_of_one_person_or_of_two_rotas_are_not_exchanged(rota):
    foreign = DutyShiftFactory(starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    for second, word in ((foreign, "same rota"), (the_shift(rota, 72), "same person")):
        with pytest.raises(DeskError, match=word):
            swap_shifts(first=the_shift(rota, 24), second=second, reason="x", actor=None, at=NOW)


def test_a_shift_that_is_over_is_not_exchanged(rota):
    with pytest.raises(DeskError, match="over"):
        swap_shifts(
            first=the_shift(rota, 1), second=the_shift(rota, 72), reason="x", actor=None, at=NOW + 40 * HOUR
        )


def mails():
    return [(mail.recipients[0], mail.subject, mail.text) for mail in OutboundEmail.objects.order_by("pk")]


def test_a_person_put_on_duty_is_mailed_in_their_zone_why_and_by_whom(rota, lead):
    other = staff("cy", time_zone="Europe/Berlin")
    put_on(rota, other, actor=lead)
    ((recipient, subject, text),) = mails()
    assert recipient == other.email
    assert f"You are on duty: {rota}" in subject
    assert f"{lead.first_name} put you on duty" in text
    assert "15:00 (UTC+1, Berlin)" in text
    assert "Ann is ill" in text


def test_a_person_who_puts_themselves_on_duty_is_not_mailed(rota, lead):
    put_on(rota, lead, actor=lead)
    assert mails() == []


def test_both_sides_of_a_swap_are_told_and_told_again_when_it_is_taken_back(rota, people, lead):
    swap = swap_shifts(first=the_shift(rota, 24), second=the_shift(rota, 48), reason="x", actor=lead, at=NOW)
    assert {recipient for recipient, _subject, _text in mails()} == {user.email for user in people}
    withdraw_override(override=swap.overrides.first(), actor=lead, at=NOW + HOUR)
    assert [subject[:10] for _recipient, subject, _text in mails()] == ["You are on"] * 2 + ["No longer "] * 2


def test_an_address_that_cannot_be_used_does_not_stop_the_act(rota):
    put_on(rota, UserFactory(email="nowhere"))
    assert DutyOverride.objects.exists()
    assert mails() == []
