"""Policies, calendars and duty rotas as a director edits them."""

import pytest

from escalation.choices import ClockKind, Way
from escalation.models import Calendar, DutyRota, DutyShift, Policy
from tests.adminpages import add_url, errors, list_url, listed, page_url
from tests.chainpages import chain_post
from tests.factories import (
    NOW,
    AdminFactory,
    CalendarFactory,
    ClockFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    ServicePlanFactory,
    office_calendar,
    staff,
)
from tickets.choices import Priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def director():
    return staff("dana", groups=["Support director"])


@pytest.fixture
def default():
    return Policy.objects.get(is_default=True)


def windows_of(policy):
    version = policy.versions.latest("number")
    return set(version.targets.values_list("kind", "priority", "minutes"))


def policy_form(policy, calendar, **changes):
    data = {"name": policy.name if policy else "Gold promise", "plan": "", "duty_rota": ""}
    for kind, priority, minutes in windows_of(policy or Policy.objects.get(is_default=True)):
        data |= {f"minutes_{kind}_{priority}": minutes, f"calendar_{kind}_{priority}": calendar.pk}
    if policy:
        version = policy.versions.latest("number")
        data |= {f"ways_{priority}": list(version.ways(priority)) for priority in Priority}
    data |= {"pause_cap_minutes": 3 * 24 * 60, "versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    return data | chain_post(policy.steps.current() if policy else ()) | changes


def numbers(policy):
    return list(policy.versions.order_by("number").values_list("number", flat=True))


def test_the_page_shows_the_windows_in_force(login, director, default):
    page = login(director).get(page_url(default))
    form = page.context["adminform"].form
    assert form.initial["minutes_first_response_0"] == 30
    assert form.initial["calendar_first_response_0"] == Calendar.objects.get(name="24x7").pk


def test_a_changed_window_is_a_new_version_and_running_promises_keep_theirs(login, director, default, frozen):
    calendar = Calendar.objects.get(name="24x7")
    before, first = windows_of(default), numbers(default)[-1]
    running = ClockFactory(policy_version=default.versions.get(number=first), minutes=240)
    data = policy_form(default, calendar, minutes_first_response_1=120)
    assert login(director).post(page_url(default), data).status_code == 302
    assert numbers(default)[-2:] == [first, first + 1]
    version = default.versions.get(number=first + 1)
    assert (version.created_by, version.created_at) == (director, NOW)
    assert windows_of(default) - before == {(ClockKind.FIRST_RESPONSE, Priority.P1, 120)}
    assert len(windows_of(default)) == len(before)
    running.refresh_from_db()
    assert (running.policy_version.number, running.minutes) == (first, 240)


def test_a_changed_pause_is_a_new_version_too(login, director, default):
    data = policy_form(default, Calendar.objects.get(name="24x7"), pause_cap_minutes=600)
    assert login(director).post(page_url(default), data).status_code == 302
    assert default.versions.latest("number").pause_cap_minutes == 600
    assert (
        login(director).get(page_url(default)).context["adminform"].form.initial["pause_cap_minutes"] == 600
    )


def test_saving_without_a_change_makes_no_version(login, director, default):
    before = numbers(default)
    data = policy_form(default, Calendar.objects.get(name="24x7"))
    assert login(director).post(page_url(default), data).status_code == 302
    assert numbers(default) == before


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"minutes_first_response_0": ""}, "default policy must cover every"),
        ({"calendar_first_response_0": ""}, "Choose the working calendar"),
        ({"minutes_first_response_0": "0"}, "greater than or equal to 1"),
        ({"minutes_first_response_0": "soon"}, "whole number"),
    ],
)
def test_a_policy_without_any_window_is_refused_with_a_sentence(login, director, default, changes, complaint):
    before = numbers(default)
    data = policy_form(default, Calendar.objects.get(name="24x7"), **changes)
    assert complaint in errors(login(director).post(page_url(default), data))
    assert numbers(default) == before


def test_a_policy_for_a_plan_is_added_with_its_first_version(login, director):
    plan, calendar = ServicePlanFactory(), CalendarFactory()
    data = policy_form(None, calendar, plan=plan.pk, minutes_next_response_3="", calendar_next_response_3="")
    assert login(director).post(add_url(Policy), data).status_code == 302
    policy = Policy.objects.get(plan=plan)
    assert numbers(policy) == [1]
    assert windows_of(policy) == windows_of(Policy.objects.get(is_default=True)) - {
        (ClockKind.NEXT_RESPONSE, 3, 1440)
    }


def test_a_policy_that_serves_no_plan_is_refused(login, director):
    response = login(director).post(add_url(Policy), policy_form(None, CalendarFactory()))
    assert "Choose the service plan" in errors(response)


def test_the_channels_of_a_priority_are_edited_and_make_a_new_version(login, director, default):
    data = policy_form(default, Calendar.objects.get(name="24x7"), ways_0=["phone", "account_manager"])
    assert login(director).post(page_url(default), data).status_code == 302
    version = default.versions.latest("number")
    assert (version.number, version.ways(0)) == (2, (Way.PHONE, Way.ACCOUNT_MANAGER))
    page = login(director).get(page_url(default))
    assert page.context["adminform"].form.initial["ways_0"] == (Way.PHONE, Way.ACCOUNT_MANAGER)
    data = policy_form(default, Calendar.objects.get(name="24x7"), ways_0=["pigeon"])
    assert "pigeon is not one of the available choices" in errors(
        login(director).post(page_url(default), data)
    )


def test_an_account_manager_reads_the_channels_of_a_priority(login, default):
    page = login(staff(groups=["Account manager"])).get(page_url(default))
    assert "P0: Phone, Dedicated tech group" in page.content.decode()


def test_an_account_manager_reads_the_windows_and_changes_none(login, default):
    client = login(staff(groups=["Account manager"]))
    before = numbers(default)
    page = client.get(page_url(default))
    assert "30 min" in page.content.decode()
    data = policy_form(default, Calendar.objects.get(name="24x7"), minutes_first_response_0=9999)
    assert client.post(page_url(default), data).status_code == 403
    assert client.get(add_url(Policy)).status_code == 403
    assert numbers(default) == before


def test_a_shift_that_ends_before_it_begins_is_refused_with_a_sentence(login, director):
    shift = DutyShiftFactory()
    times = {
        "starts_at_0": "2026-12-02",
        "starts_at_1": "09:00",
        "ends_at_0": "2026-12-01",
        "ends_at_1": "09:00",
    }
    data = {"rota": shift.rota.pk, "user": shift.user.pk} | times
    assert "ends before it begins" in errors(login(director).post(page_url(shift), data))


@pytest.mark.parametrize("model", [Policy, Calendar, DutyRota, DutyShift], ids=lambda model: model.__name__)
@pytest.mark.parametrize("group", ["Account manager", "Team lead", "Duty manager", "Support director"])
def test_every_role_may_read_the_policies(login, model, group):
    office_calendar()
    shift = DutyShiftFactory()
    row = {DutyRota: shift.rota, DutyShift: shift}.get(model) or model.objects.first()
    client = login(staff(groups=[group]))
    assert client.get(list_url(model)).status_code == 200
    assert client.get(page_url(row)).status_code == 200


@pytest.mark.parametrize(
    "make", [DutyRotaFactory, DutyShiftFactory, CalendarFactory], ids=lambda make: make.__name__
)
def test_thirty_rows_cost_the_queries_of_three(login, count_queries, make):
    client = login(AdminFactory())
    model = type(make())
    make.create_batch(2)
    listed(client, model)
    few = count_queries(lambda: listed(client, model))
    make.create_batch(27)
    assert count_queries(lambda: listed(client, model)) == few


def test_windows_are_read_in_hours_and_minutes(login, default):
    html = login(staff(groups=["Account manager"])).get(page_url(default)).content.decode()
    assert "First response · P0 Urgent: 30 min (" in html
    assert "First response · P3 Low: 24 h (" in html
