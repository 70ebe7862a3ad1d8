"""Calendars as a director edits them."""

from datetime import UTC, date, datetime

import pytest

from escalation.models import Calendar
from escalation.working_time.lookup import hours_of
from escalation.working_time.public_holidays import last_published_year
from tests.adminpages import add_url, errors, list_url, page_url, said
from tests.factories import (
    AdminFactory,
    CalendarFactory,
    ClockFactory,
    ContractWindowFactory,
    PolicyTargetFactory,
    office_calendar,
    staff,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client_of_director(login):
    return login(staff(groups=["Support director"]))


def form_of(name="Office", week=(), **changes):
    data = {"name": name, "time_zone": "Asia/Shanghai"}
    data |= {f"day_{number}": hours for number, hours in enumerate(week)}
    data |= {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    return data | changes


def delete_url(calendar) -> str:
    return page_url(calendar).removesuffix("change/") + "delete/"


def saved(response) -> bool:
    return response.status_code == 302


def test_a_new_calendar_gets_its_first_version(client_of_director):
    hours = "09:00-12:00, 13:00-18:00"
    assert saved(client_of_director.post(add_url(Calendar), form_of(week=[hours] * 5)))
    calendar = Calendar.objects.get(name="Office")
    assert (calendar.version, calendar.versions.get().created_by.is_staff) == (1, True)
    assert hours_of(calendar).weekly == (((540, 720), (780, 1080)),) * 5 + ((), ())


def test_an_edited_calendar_gets_a_new_version(client_of_director):
    calendar = CalendarFactory()
    data = form_of(calendar.name, ["09:00-18:00", "09:00-24:00", "22:00-30:00"])
    assert saved(client_of_director.post(page_url(calendar), data))
    calendar.refresh_from_db()
    assert (calendar.version, calendar.always_open) == (2, False)
    assert hours_of(calendar).weekly[:3] == (((540, 1080),), ((540, 1440),), ((1320, 1800),))


def test_the_form_shows_the_hours_in_force(client_of_director):
    calendar = office_calendar(country="CN")
    data = form_of(
        calendar.name, ["9:00-18:00"] * 5, country="cn", own_days="2026-12-24\n2026-12-26 9:00-12:00 # sale"
    )
    assert saved(client_of_director.post(page_url(calendar), data))
    initial = client_of_director.get(page_url(calendar)).context["adminform"].form.initial
    assert (initial["day_0"], initial["day_6"], initial["country"]) == ("09:00-18:00", "", "CN")
    assert initial["own_days"] == "2026-12-24\n2026-12-26 09:00-12:00 # sale"


def test_a_calendar_saved_as_it_was_keeps_its_version(client_of_director, frozen):
    calendar = office_calendar(country="CN")
    data = form_of(calendar.name, ["09:00-18:00"] * 5, country="CN")
    assert saved(client_of_director.post(page_url(calendar), data))
    calendar.refresh_from_db()
    assert calendar.version == 1


def test_a_calendar_is_renamed_without_a_new_version(client_of_director):
    calendar = CalendarFactory()
    data = form_of("Night and day", always_open="on", time_zone="UTC")
    assert saved(client_of_director.post(page_url(calendar), data))
    calendar.refresh_from_db()
    assert (calendar.name, calendar.version) == ("Night and day", 1)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({}, "no working time"),
        ({"day_0": "09:00-12:00, 11:00-18:00"}, "Monday: 09:00-12:00 and 11:00-18:00 overlap"),
        ({"day_1": "18:00-09:00"}, "Tuesday: 18:00-09:00 ends before it starts"),
        ({"day_1": "nine to six"}, "“nine to six” is not an interval"),
        ({"day_1": "09:00-18:70"}, "is not an interval"),
        ({"day_1": "09:00-18:00", "time_zone": "Mars/Base"}, "Mars/Base is not a time zone"),
        ({"day_1": "09:00-18:00", "country": "XX"}, "holidays of “XX” are not known"),
        ({"day_1": "09:00-18:00", "country": "DE", "subdivision": "QQ"}, "Germany has no region “QQ”"),
        ({"day_1": "09:00-18:00", "own_days": "Christmas"}, "“Christmas” is not a day"),
        ({"day_1": "09:00-18:00", "own_days": "2026-02-30"}, "no day 2026-02-30"),
        ({"day_1": "09:00-18:00", "own_days": "2026-12-24\n2026-12-24"}, "2026-12-24 is listed twice"),
        (
            {"day_1": "09:00-18:00", "own_days": "2026-12-24 12:00-09:00"},
            "2026-12-24: 12:00-09:00 ends before",
        ),
    ],
)
def test_impossible_hours_are_refused_with_a_sentence(client_of_director, changes, complaint):
    calendar = CalendarFactory()
    response = client_of_director.post(page_url(calendar), form_of(calendar.name, **changes))
    assert response.status_code == 200
    assert complaint in errors(response)
    calendar.refresh_from_db()
    assert (calendar.version, calendar.always_open) == (1, True)


def test_an_unknown_zone_is_reported_once_beside_its_field(client_of_director):
    data = form_of(day_1="09:00-18:00", time_zone="Mars/Base")
    form = client_of_director.post(add_url(Calendar), data).context["adminform"].form
    assert form.errors == {
        "time_zone": ["Mars/Base is not a time zone. Enter an IANA name such as Asia/Shanghai."]
    }


@pytest.mark.parametrize(("own_day", "warned"), [("", True), ("-01-02 # worked on Sunday", False)])
def test_the_page_warns_before_a_year_whose_holidays_are_not_known_yet(login, frozen, own_day, warned):
    last = last_published_year("CN")
    frozen.move_to(datetime(last, 12, 1, tzinfo=UTC))
    calendar, client = office_calendar(country="CN"), login(AdminFactory())
    own_days = f"{last + 1}{own_day}" if own_day else ""
    client.post(page_url(calendar), form_of(calendar.name, ["09:00-18:00"], country="CN", own_days=own_days))
    client.get("/")  # shows what the save said
    page = client.get(page_url(calendar))
    sentence = f"{last + 1} holidays of China are not known yet"
    assert any(sentence in text for text in said(page)) is warned
    assert f"{last + 1}: " in page.content.decode()
    assert page.content.decode().count("make-up workdays not yet announced") == 2


def test_the_page_counts_holidays_and_make_up_days_of_each_year(login, frozen):
    page = login(AdminFactory()).get(page_url(office_calendar(country="CN"))).content.decode()
    assert "2025: 28 holidays; 5 make-up workdays (01-26, 02-08, 04-27, 09-28, 10-11)" in page
    assert "2026: 33 holidays; 6 make-up workdays" in page


def test_a_calendar_in_use_is_not_deleted(login):
    target = PolicyTargetFactory(calendar=office_calendar(), version__policy__name="Gold")
    ContractWindowFactory(calendar=target.calendar, contract__customer__name="Aurora Live")
    ClockFactory(calendar=target.calendar)
    client = login(AdminFactory())
    page = client.post(delete_url(target.calendar), {"post": "yes"}, follow=True)
    uses = "policies: Gold; contracts: Aurora Live; SLAs: 1"
    assert said(page) == [f"{target.calendar} cannot be deleted: SLAs are counted by it. {uses}."]
    assert f">{uses}<" in page.content.decode()
    assert delete_url(target.calendar) not in page.content.decode()
    assert Calendar.objects.filter(pk=target.calendar.pk).exists()


@pytest.mark.parametrize("make", [PolicyTargetFactory, ContractWindowFactory, ClockFactory])
def test_a_calendar_that_something_counts_by_cannot_be_deleted(login, make):
    calendar = make(calendar=office_calendar()).calendar
    login(AdminFactory()).post(delete_url(calendar), {"post": "yes"})
    assert Calendar.objects.filter(pk=calendar.pk).exists()


def test_the_list_of_calendars_offers_no_deleting_of_many(login):
    office_calendar()
    assert "delete_selected" not in login(AdminFactory()).get(list_url(Calendar)).content.decode()


def test_only_who_may_read_calendars_learns_what_uses_one(login):
    calendar = PolicyTargetFactory(calendar=office_calendar()).calendar
    assert login(staff(groups=[])).get(delete_url(calendar)).status_code == 403


def test_holidays_that_the_moon_decides_are_marked_as_estimated(login, frozen):
    page = login(AdminFactory()).get(page_url(office_calendar(country="AE"))).content.decode()
    assert "2027-03-09 Eid al-Fitr (estimated)" in page
    assert "2026-12-02" not in page


def test_a_calendar_that_nothing_uses_is_deleted(login):
    calendar = office_calendar()
    assert saved(login(AdminFactory()).post(delete_url(calendar), {"post": "yes"}))
    assert not Calendar.objects.filter(pk=calendar.pk).exists()


def test_an_account_manager_reads_the_hours_and_their_past_and_changes_none(login):
    calendar = office_calendar(own_days=())
    client = login(staff(groups=["Account manager"]))
    page = client.get(page_url(calendar)).content.decode()
    assert page.count("Friday 09:00-18:00") == 2
    assert client.post(page_url(calendar), form_of(calendar.name, ["09:00-10:00"])).status_code == 403
    assert hours_of(calendar).intervals_on(date(2026, 11, 20)) == ((540, 1080),)
