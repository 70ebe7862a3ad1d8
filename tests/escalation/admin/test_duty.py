"""Rotas, layers, shifts and records in the admin: who writes what, and what saving does at once."""

from datetime import time, timedelta

import pytest
from django.urls import reverse

from escalation.admin.duty.layer_text import hand_over_in_words, hours_in_words
from escalation.duty.overrides_and_swaps import put_on_duty
from escalation.duty.shifts import generate_shifts
from escalation.models import DutyHandover, DutyLayer, DutyOverride, DutyRota, DutyShift, ShiftSource
from escalation.people.on_duty import on_duty
from tests.adminpages import add_url, errors, list_url, listed, page_url, run_action, said
from tests.factories import (
    NOW,
    AbsenceFactory,
    CalendarFactory,
    DutyLayerFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    PolicyFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
    StaffProfileFactory,
    UserFactory,
    office_calendar,
    staff,
)
from tickets.choices import Priority

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def lead():
    return staff("lea", groups=["Team lead"])


@pytest.fixture
def people():
    return [staff("ann"), staff("ben")]


@pytest.fixture
def rota():
    return DutyRotaFactory(time_zone="Asia/Shanghai")


def turns(*people, rows=(), gone=()):
    """The inline of a layer's people, as its form posts it."""
    data = {
        "turns-TOTAL_FORMS": len(people),
        "turns-INITIAL_FORMS": len(rows),
        "turns-MIN_NUM_FORMS": 1,
        "turns-MAX_NUM_FORMS": 1000,
    }
    for number, user in enumerate(people):
        data |= {f"turns-{number}-user": user.pk, f"turns-{number}-position": number}
    for number, row in enumerate(rows):
        data |= {f"turns-{number}-id": row.pk}
    for number in gone:
        data |= {f"turns-{number}-DELETE": "on"}
    return data


def layer_form(rota, *people, **changes):
    fields = {
        "rota": rota.pk,
        "name": "Base",
        "level": 1,
        "length": 1,
        "rotation": "days",
        "hand_over": "09:00",
        "weekday": 0,
        "starts_on": "2026-11-16",
        "ends_on": "",
        "from_time": "",
        "to_time": "",
    }
    return {**fields, **turns(*people), **changes}


def test_a_layer_that_is_saved_makes_its_shifts_at_once_and_leads_to_the_calendar(login, lead, rota, people):
    response = login(lead).post(add_url(DutyLayer), layer_form(rota, *people))
    assert response.url == reverse("admin:escalation_dutyrota_calendar", args=[rota.pk])
    assert [on_duty(rota=rota, at=NOW + days * DAY) for days in (0, 1, 2)] == [
        people[0],
        people[1],
        people[0],
    ]
    assert rota.shifts.latest("ends_at").ends_at > NOW + timedelta(weeks=8)


def test_an_edited_layer_changes_what_has_not_begun(login, lead, rota, people):
    client = login(lead)
    client.post(add_url(DutyLayer), layer_form(rota, *people))
    layer = DutyLayer.objects.get()
    cy = staff("cy")
    rows = layer.turns.order_by("position")
    response = client.post(
        page_url(layer), {**layer_form(rota, cy, cy), **turns(cy, cy, rows=rows)}, follow=True
    )
    assert any("Shifts already started are unchanged" in text for text in said(response))
    assert [on_duty(rota=rota, at=NOW + days * DAY) for days in (0, 1)] == [people[0], cy]


def test_a_deleted_layer_takes_its_future_shifts_along(login, lead, rota, people):
    layer = DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    login(lead).post(page_url(layer).replace("change", "delete"), {"post": "yes"})
    assert rota.shifts.get().starts_at == NOW


def test_deleting_layers_from_the_list_deletes_their_future_shifts(login, lead, rota, people):
    layer = DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    run_action(login(lead), "delete_selected", [layer], post="yes")
    assert not DutyLayer.objects.exists()
    assert rota.shifts.get().starts_at == NOW


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"length": 0}, "at least one"),
        ({"from_time": "20:00"}, "both times"),
        ({"ends_on": "2026-11-01"}, "before the start"),
        ({"starts_on": "0001-01-01"}, "between 2000 and 2200"),
        ({"ends_on": "9999-12-31"}, "between 2000 and 2200"),
        ({"weekdays": ["7"]}, "valid choice"),
        ({"turns-0-user": ""}, "at least one person"),
    ],
)
def test_a_layer_that_makes_no_sense_is_refused_by_name(login, lead, rota, people, changes, words):
    response = login(lead).post(add_url(DutyLayer), layer_form(rota, people[0], **changes))
    formsets = [formset.formset.non_form_errors() for formset in response.context["inline_admin_formsets"]]
    assert words in f"{errors(response)} {formsets}"
    assert not DutyLayer.objects.exists()


def test_nights_of_a_layer_are_kept_as_ticked(login, lead, rota, people):
    data = layer_form(rota, *people, weekdays=["6", "5"], from_time="20:00", to_time="08:00")
    login(lead).post(add_url(DutyLayer), data)
    assert DutyLayer.objects.get().weekdays == [5, 6]


@pytest.mark.parametrize("group", ["Account manager", "Operator"])
def test_others_look_at_layers_and_change_nothing(login, rota, people, group):
    layer = DutyLayerFactory(rota=rota, people=people)
    client = login(staff(groups=[group]))
    assert client.get(page_url(layer)).status_code == 200
    assert client.get(add_url(DutyLayer)).status_code == 403
    assert client.post(page_url(layer), layer_form(rota, *people, name="Mine")).status_code == 403


def test_moving_a_rota_to_another_zone_moves_its_hand_overs(login, lead, rota, people):
    DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    empty = {f"{kind}-{name}_FORMS": 0 for kind in ("shifts", "layers") for name in ("TOTAL", "INITIAL")}
    data = {"name": rota.name, "time_zone": "Europe/Berlin", **empty}
    assert login(lead).post(page_url(rota), data).status_code == 302
    rota.refresh_from_db()
    starts = {
        row.starts_at.astimezone(rota.zone).hour for row in rota.shifts.filter(starts_at__gt=NOW + 2 * DAY)
    }
    assert starts == {9}


def test_generated_shifts_and_overrides_are_not_edited_by_hand(login, lead, rota, people):
    DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    put_on_duty(rota=rota, user=people[0], starts_at=NOW, ends_at=NOW + HOUR, reason="x", actor=None, at=NOW)
    client = login(lead)
    for source in (ShiftSource.LAYER, ShiftSource.OVERRIDE):
        row = DutyShift.objects.filter(source=source).latest("starts_at")
        assert client.post(page_url(row), {}).status_code == 403
        run_action(client, "delete_selected", [row], post="yes")
        assert DutyShift.objects.filter(pk=row.pk).exists()


def test_the_page_of_a_rota_offers_only_shifts_entered_by_hand_for_editing(login, lead, rota, people):
    DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    by_hand = DutyShiftFactory(rota=rota)
    (shifts,) = [
        formset.formset
        for formset in login(lead).get(page_url(rota)).context["inline_admin_formsets"]
        if formset.opts.model is DutyShift
    ]
    assert [form.instance for form in shifts.initial_forms] == [by_hand]


def test_the_page_of_a_rota_names_its_gaps(login, lead, rota, people):
    html = login(lead).get(page_url(rota)).content.decode()
    assert "Nobody can be reached in the next 14 days" in html
    DutyLayerFactory(rota=rota, people=people)
    generate_shifts(rota=rota, at=NOW)
    assert "Nobody can be reached" not in login(lead).get(page_url(rota)).content.decode()


def policy_of(rota, calendar):
    policy = PolicyFactory(duty_rota=rota)
    version = PolicyVersionFactory(policy=policy)
    PolicyTargetFactory(version=version, priority=Priority.P0, calendar=calendar)
    return policy


def test_the_page_of_a_policy_names_the_gaps_of_the_rota_it_depends_on(login, rota):
    client = login(staff(groups=["Support director"]))
    around_the_clock = policy_of(rota, CalendarFactory())
    html = client.get(page_url(around_the_clock)).content.decode()
    assert f"The 24/7 SLA depends on {rota}" in html
    in_the_day = policy_of(DutyRotaFactory(), office_calendar())
    assert "The promise 24/7" not in client.get(page_url(in_the_day)).content.decode()


@pytest.mark.parametrize("model", [DutyOverride, DutyHandover, DutyLayer])
@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Operator"])
def test_every_role_may_read_the_records_of_a_rota(login, model, group):
    assert login(staff(groups=[group])).get(list_url(model)).status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"rotation": "weeks", "length": 1}, "every Monday at 09:00 · 24/7"),
        ({"rotation": "weeks", "length": 2, "weekday": 4}, "every 2 weeks, Friday 09:00 · 24/7"),
        ({"rotation": "days", "length": 1, "weekdays": [6, 5]}, "every day at 09:00 · Saturday, Sunday"),
        (
            {"rotation": "hours", "length": 12, "from_time": time(20), "to_time": time(8)},
            "every 12 hours from 09:00 · 20:00–08:00",
        ),
    ],
)
def test_a_layer_says_in_words_what_it_does(fields, words):
    layer = DutyLayerFactory.build(rota=DutyRotaFactory.build(), **fields)
    assert f"{hand_over_in_words(layer)} · {hours_in_words(layer)}" == words


def test_the_page_of_a_rota_leads_to_its_layers(login, lead, rota, people):
    layer = DutyLayerFactory(rota=rota, people=people)
    html = login(lead).get(page_url(rota)).content.decode()
    assert page_url(layer) in html
    assert " → ".join(user.first_name for user in people) in html


def test_an_override_is_a_record_that_nobody_edits(login, lead, rota, people):
    override = put_on_duty(
        rota=rota, user=people[0], starts_at=NOW, ends_at=NOW + HOUR, reason="x", actor=lead, at=NOW
    )
    client = login(staff(groups=["Support director"]))
    assert lead.first_name in client.get(page_url(override)).content.decode()
    assert client.post(page_url(override), {"reason": "other"}).status_code == 403
    assert client.get(add_url(DutyOverride)).status_code == 403


def make_override(rota, user):
    return put_on_duty(
        rota=rota, user=user, starts_at=NOW, ends_at=NOW + HOUR, reason="x", actor=user, at=NOW
    )


def make_handover(rota, user):
    return DutyHandover.objects.create(rota=rota, changed_at=NOW, outgoing=user, incoming=user, told_at=NOW)


def make_layer(rota, user):
    return DutyLayerFactory(rota=rota, people=[user])


@pytest.mark.parametrize("make", [make_override, make_handover, make_layer])
def test_thirty_rows_cost_the_queries_of_three(login, count_queries, make):
    client = login(staff(groups=["Support director"]))

    def add(number):
        for _number in range(number):
            row = make(DutyRotaFactory(), UserFactory())
        return type(row)

    model = add(3)
    few = count_queries(lambda: listed(client, model))
    add(27)
    assert count_queries(lambda: listed(client, model)) == few


def test_the_rota_list_tells_who_is_on_duty_now_and_next(login, lead):
    rota = DutyRotaFactory()
    DutyShiftFactory(rota=rota, user=UserFactory(first_name="Mei", last_name="Lin"))
    chinese = DutyShiftFactory(user=UserFactory(first_name="伟", last_name="李")).rota
    DutyShiftFactory(
        rota=rota, user=UserFactory(first_name="", username="omar"),
        starts_at=NOW + timedelta(hours=6), ends_at=NOW + timedelta(hours=18),
    )  # fmt: skip
    DutyRotaFactory(name="Z")
    first, third, second = listed(login(lead), DutyRota)
    assert (third, third.standing.now.user.last_name) == (chinese, "李")
    assert first.standing.now.user.last_name == "Lin"
    assert (first.standing.next.user.username, first.standing.next.starts_at) == ("omar", NOW + 6 * HOUR)
    assert (second.standing.now, second.standing.next) == (None, None)
    html = login(lead).get(list_url(DutyRota)).content.decode()
    assert "李伟" in html
    assert "Mei Lin" in html
    assert "nobody" in login(lead).get(list_url(DutyRota)).content.decode()


@pytest.mark.parametrize(
    ("has_deputy", "is_active", "said"),
    [
        (True, True, "Mei Lin is away; Omar answers as deputy"),
        (True, False, "Mei Lin left the desk; Omar answers as deputy"),
        (False, True, "Mei Lin is away; nobody would answer a page"),
    ],
)
def test_the_rota_list_tells_who_answers_for_somebody_away(login, lead, has_deputy, is_active, said):
    omar = UserFactory(first_name="Omar")
    mei = UserFactory(first_name="Mei", last_name="Lin", is_active=is_active)
    StaffProfileFactory(user=mei, deputy=omar if has_deputy else None)
    AbsenceFactory(user=mei)
    DutyShiftFactory(user=mei)
    assert said in login(lead).get(list_url(DutyRota)).content.decode()
