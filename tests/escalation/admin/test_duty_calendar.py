"""The calendar page: who sees it, who acts on it, its times, and what it costs."""

from datetime import timedelta

import pytest
from django.urls import reverse

from escalation.duty.overrides_and_swaps import put_on_duty, swap_shifts
from escalation.duty.shifts import generate_shifts
from escalation.models import DutyOverride
from escalation.people.on_duty import on_duty
from tests.adminpages import said
from tests.factories import (
    NOW,
    DutyLayerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    UserFactory,
    staff,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def lead():
    return staff("lea", groups=["Team lead"], time_zone="Europe/Berlin")


@pytest.fixture
def people():
    return [staff("ann"), staff("ben")]


@pytest.fixture
def rota(people):
    rota = DutyRotaFactory(time_zone="Asia/Shanghai")
    DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    return rota


def page(rota, **query):
    url = reverse("admin:escalation_dutyrota_calendar", args=[rota.pk])
    return url + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")


def override(rota, person, **changes):
    """Wednesday evening on the clock of Shanghai: `NOW` is 20:00 there."""
    fields = {
        "user": person.pk,
        "starts_at": "2026-11-18T22:00",
        "ends_at": "2026-11-18T23:00",
        "reason": "ill",
    }
    return {"act": "override", **fields, **changes}


def shift_of(rota, hours):
    at = NOW + hours * HOUR
    return rota.shifts.get(starts_at__lte=at, ends_at__gt=at)


def test_a_person_keeps_their_colour_from_month_to_month(login, lead):
    rota, people = DutyRotaFactory(), [staff(), staff(), staff()]
    for number, user in enumerate(people):
        DutyShiftFactory(
            rota=rota, user=user, starts_at=NOW + number * 28 * DAY, ends_at=NOW + (number * 28 + 40) * DAY
        )
    client = login(lead)
    months = [client.get(page(rota, **{"from": (NOW + number * 28 * DAY).date()})) for number in range(4)]
    shown = [(user.pk, hue) for month in months for user, hue in month.context["grid"].people]
    assert len(shown) == 6
    assert set(shown) == {(user.pk, user.pk % 8) for user in people}


def test_colours_do_not_depend_on_how_long_the_rota_runs(login, lead, rota, count_queries):
    client = login(lead)
    client.get(page(rota))
    few = count_queries(lambda: client.get(page(rota)))
    for number in range(20):
        begins = NOW - (number + 2) * DAY
        DutyShiftFactory(rota=rota, user=staff(), starts_at=begins, ends_at=begins + DAY)
    assert count_queries(lambda: client.get(page(rota))) == few


@pytest.mark.parametrize(
    "group", ["Account manager", "Team lead", "Duty manager", "Support director", "Operator"]
)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_member_of_staff_sees_the_calendar(login, rota, group, language):
    response = login(staff("sam", groups=[group], language=language)).get(page(rota))
    assert response.status_code == 200
    assert response.context["may_write"] is (group not in ("Account manager", "Operator"))


def test_users_outside_the_staff_do_not_see_the_calendar(login, client, rota):
    assert login(staff("nobody")).get(page(rota)).status_code == 403
    client.logout()
    assert client.get(page(rota)).status_code == 302


def test_a_rota_that_does_not_exist_is_not_found(login, lead, rota):
    assert login(lead).get(page(rota).replace(str(rota.pk), "999999")).status_code == 404


def test_the_calendar_shows_four_weeks_from_monday_in_the_rotas_zone(login, lead, rota):
    grid = login(lead).get(page(rota)).context["grid"]
    assert [str(week[0].date) for week in grid.weeks] == [
        "2026-11-16",
        "2026-11-23",
        "2026-11-30",
        "2026-12-07",
    ]
    later = login(lead).get(page(rota, **{"from": "2026-12-10"})).context["grid"]
    assert str(later.weeks[0][0].date) == "2026-12-07"


@pytest.mark.parametrize("text", ["x", "0001-01-01", "9999-12-31", "%C2%B2"])
def test_an_invalid_date_in_the_address_shows_this_week(login, lead, rota, text):
    grid = login(lead).get(page(rota, **{"from": text, "shift": text, "at": text})).context["grid"]
    assert str(grid.weeks[0][0].date) == "2026-11-16"


def test_both_zones_are_shown_and_gaps_are_marked(login, lead):
    rota = DutyRotaFactory(time_zone="Asia/Shanghai")
    DutyShiftFactory(rota=rota, starts_at=NOW - 4 * HOUR, ends_at=NOW + 2 * HOUR)
    html = login(lead).get(page(rota)).content.decode()
    assert "16:00–22:00" in html
    assert "09:00–15:00" in html
    assert html.count('class="dp gap"') > 20
    assert "nobody is on duty" in html


def test_a_lead_puts_somebody_on_duty_by_the_rotas_clock(login, lead, rota):
    other = staff("cy")
    response = login(lead).post(page(rota), override(rota, other), follow=True)
    assert said(response) == [f"{other.first_name} is on duty for that time."]
    put_on = DutyOverride.objects.get()
    assert (put_on.starts_at, put_on.ends_at, put_on.made_by) == (NOW + 2 * HOUR, NOW + 3 * HOUR, lead)
    assert on_duty(rota=rota, at=NOW + 2 * HOUR) == other


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"reason": ""}, "This field is required"),
        ({"user": ""}, "This field is required"),
        ({"ends_at": "2026-11-18T21:00"}, "The time ends before it begins."),
        ({"starts_at": "2026-11-17T10:00", "ends_at": "2026-11-17T12:00"}, "That time is over"),
    ],
)
def test_an_invalid_override_is_reported_on_the_page_and_stays_in_the_form(login, lead, rota, changes, words):
    html = login(lead).post(page(rota), override(rota, staff("cy"), **changes)).content.decode()
    assert words in html
    assert "2026-11-1" in html
    assert not DutyOverride.objects.exists()


def test_an_hour_that_the_clock_skips_is_refused(login, lead, people):
    rota = DutyRotaFactory(time_zone="Europe/Berlin")
    times = {"starts_at": "2027-03-28T02:30", "ends_at": "2027-03-28T05:00"}
    login(lead).post(page(rota), override(rota, people[0], **times))
    assert not DutyOverride.objects.exists()


@pytest.mark.parametrize("act", ["override", "swap", "withdraw"])
def test_a_user_without_the_right_to_change_cannot_act_on_the_calendar(login, rota, people, act):
    existing = put_on_duty(
        rota=rota, user=people[1], starts_at=NOW, ends_at=NOW + HOUR, reason="x", actor=None, at=NOW
    )
    data = {**override(rota, people[1]), "act": act, "override": existing.pk}
    client = login(staff("amy", groups=["Account manager"]))
    assert client.post(page(rota), data).status_code == 403
    assert DutyOverride.objects.get().withdrawn_at is None


def test_an_act_that_does_not_exist_is_refused(login, lead, rota):
    assert login(lead).post(page(rota), {"act": "destroy"}).status_code == 403


def test_a_picked_shift_fills_the_forms_and_says_where_it_comes_from(login, lead, rota, people):
    shift = shift_of(rota, 24)
    response = login(lead).get(page(rota, shift=shift.pk))
    html = response.content.decode()
    assert 'value="2026-11-19T09:00"' in html
    assert shift.layer.name in html
    offered = [label for pk, label in response.context["swap_form"].fields["second"].widget.choices if pk]
    assert offered
    assert all(people[0].first_name in label for label in offered)


def test_a_picked_gap_fills_the_form(login, lead):
    rota = DutyRotaFactory(time_zone="Asia/Shanghai")
    begins, ends = NOW + HOUR, NOW + 2 * HOUR
    query = {"at": int(begins.timestamp()), "until": int(ends.timestamp())}
    html = login(lead).get(page(rota, **query)).content.decode()
    assert 'value="2026-11-18T21:00"' in html
    assert 'value="2026-11-18T22:00"' in html


def test_a_lead_swaps_two_shifts(login, lead, rota, people):
    first, second = shift_of(rota, 24), shift_of(rota, 48)
    data = {"act": "swap", "first": first.pk, "second": second.pk, "reason": "wedding"}
    response = login(lead).post(page(rota), data, follow=True)
    assert said(response) == ["The two shifts are exchanged."]
    assert [on_duty(rota=rota, at=NOW + hours * HOUR) for hours in (24, 48)] == [second.user, first.user]


def test_a_shift_of_another_rota_cannot_be_swapped_here(login, lead, rota):
    foreign = DutyShiftFactory(starts_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    data = {"act": "swap", "first": shift_of(rota, 24).pk, "second": foreign.pk, "reason": "x"}
    login(lead).post(page(rota), data)
    assert not DutyOverride.objects.exists()


def test_an_override_is_marked_and_taken_back(login, lead, rota, people):
    existing = put_on_duty(
        rota=rota, user=staff("cy"), starts_at=NOW, ends_at=NOW + HOUR, reason="dentist", actor=lead, at=NOW
    )
    client = login(lead)
    html = client.get(page(rota, shift=existing.shifts.get().pk)).content.decode()
    assert "dentist" in html
    assert "Withdraw the override" in html
    client.post(page(rota), {"act": "withdraw", "override": existing.pk})
    existing.refresh_from_db()
    assert existing.withdrawn_by == lead


@pytest.mark.parametrize("number", ["", "x", "0", "²"])
def test_an_override_that_is_not_there_is_not_found(login, lead, rota, number):
    assert login(lead).post(page(rota), {"act": "withdraw", "override": number}).status_code == 404


def test_an_override_of_another_rota_is_not_found(login, lead, rota, people):
    other = DutyRotaFactory()
    existing = put_on_duty(
        rota=other, user=people[0], starts_at=NOW, ends_at=NOW + HOUR, reason="x", actor=None, at=NOW
    )
    assert login(lead).post(page(rota), {"act": "withdraw", "override": existing.pk}).status_code == 404


def test_a_full_calendar_costs_the_queries_of_an_empty_one(login, lead, count_queries):
    rota = DutyRotaFactory()
    client = login(lead)
    shifts = DutyShiftFactory.create_batch(2, rota=rota)
    few = count_queries(lambda: client.get(page(rota)))
    for day in range(20):
        DutyShiftFactory(rota=rota, starts_at=NOW + day * DAY, ends_at=NOW + day * DAY + 9 * HOUR)
    for hour in range(5):
        put_on_duty(
            rota=rota,
            user=shifts[0].user,
            starts_at=NOW + hour * DAY,
            ends_at=NOW + hour * DAY + HOUR,
            reason="x",
            actor=lead,
            at=NOW,
        )
    assert count_queries(lambda: client.get(page(rota))) == few


def test_a_swap_already_made_can_be_taken_back_from_either_side(login, lead, rota):
    swap = swap_shifts(first=shift_of(rota, 24), second=shift_of(rota, 48), reason="x", actor=lead, at=NOW)
    client = login(lead)
    sides = [
        client.get(page(rota, shift=side.shifts.get().pk)).content.decode() for side in swap.overrides.all()
    ]
    assert ["Withdraw the swap" in html for html in sides] == [True, True]


def test_names_of_people_are_escaped(login, lead):
    rota = DutyRotaFactory(name="<b>x")
    user = UserFactory(first_name="<script>alert(1)</script>")
    DutyShiftFactory(rota=rota, user=user)
    html = login(lead).get(page(rota)).content.decode()
    assert "<script>alert(1)" not in html
    assert "<b>x" not in html
