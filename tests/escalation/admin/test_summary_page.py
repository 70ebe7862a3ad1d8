"""The page of a week's summary: its stories, its readers, its queries, both languages."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.staticfiles import finders
from django.core.files.storage import default_storage
from django.urls import reverse

from escalation.enforcement.sweep import sweep
from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from tests.factories import AdminFactory, ContactFactory, CustomerFactory, UserFactory, set_desk, staff
from tests.talk import clock_of, minute, opened
from tickets.choices import Priority

pytestmark = pytest.mark.django_db
WEEK = Week(2026, 47)
END = WEEK.bounds(ZoneInfo(settings.DESK_TIME_ZONE))[1]


@pytest.fixture
def breached():
    """A P0 of that week that nobody answered in time."""
    lead = staff("lead")
    ann = staff("ann", reports_to=lead)
    ann.first_name, ann.last_name = "悦", "林"
    ann.save()
    set_desk(intake_owner=lead, duty_manager=lead)
    contact = ContactFactory(customer=CustomerFactory(name="星光直播", account_manager=ann))
    ticket = opened(contact=contact, priority=Priority.P0)
    sweep(now=minute(31))
    return clock_of(ticket)


@pytest.fixture
def pack(breached):
    return export_week(week=WEEK, at=END, actor=None)


def summary(pack) -> str:
    return reverse("admin:escalation_weeklyexport_summary", args=[pack.pk])


def explain(clock) -> str:
    return reverse("admin:tickets_ticket_explain", args=[clock.ticket_id, clock.pk])


def test_a_director_reads_the_story_of_a_breach_with_its_explanation(login, pack, breached):
    client = login(staff("director", groups=["Support director"]))
    assert summary(pack) in client.get(reverse("admin:escalation_weeklyexport_changelist")).text
    page = client.get(summary(pack)).text
    assert "Summary, week 47 (2026-11-16 to 2026-11-22)" in page
    assert f'href="{explain(breached)}"' in page
    assert "still without a response" in page
    assert breached.ticket.subject in page
    assert "林悦 30 min" in page
    assert client.get(explain(breached)).status_code == 200


def test_the_story_ends_when_the_pack_was_made(login, pack):
    page = login(AdminFactory()).get(summary(pack)).text
    overdue = END - minute(30)
    hours = overdue // timedelta(hours=1)
    assert f"Breached: {hours} h" in page


def test_a_reader_of_packs_who_may_not_see_the_ticket_reads_no_story(login, pack, breached):
    reader = UserFactory()
    reader.user_permissions.set(
        Permission.objects.filter(codename__in=["view_weeklyexport", "view_all_customers"])
    )
    page = login(reader).get(summary(pack)).text
    assert explain(breached) not in page
    assert breached.ticket.subject not in page
    assert "You may not open this ticket." in page
    assert "林悦 30 min" in page  # as in the sheets, which this reader may download


def test_the_summary_has_the_readers_of_the_pack(login, client, pack):
    assert client.get(summary(pack)).status_code == 302
    assert login(UserFactory()).get(summary(pack)).status_code == 403
    assert login(AdminFactory()).get(summary(pack).replace(f"/{pack.pk}/", "/0/")).status_code == 404


def test_a_lost_sheet_gives_a_message(login, pack):
    default_storage.delete(pack.files.get(name="scorecard.csv").path)
    assert "is missing from the storage" in login(AdminFactory()).get(summary(pack), follow=True).text


def test_the_summary_in_chinese(login, pack):
    page = login(staff("yue", groups=["Support director"], language="zh-hans")).get(summary(pack)).text
    assert "最严重的五次超时" in page
    assert "第 47 周" in page


def test_a_week_without_breaches_says_so(login):
    quiet = export_week(week=Week(2026, 45), at=END, actor=None)
    page = login(AdminFactory()).get(summary(quiet)).text
    assert "No SLA was breached in this week." in page
    assert "Nobody: no SLA was breached." in page


def test_a_story_costs_at_most_eight_queries(login, pack, count_queries):
    client = login(AdminFactory())
    empty = export_week(week=Week(2026, 45), at=END, actor=None)
    without = count_queries(lambda: client.get(summary(empty)))
    assert count_queries(lambda: client.get(summary(pack))) <= without + 8


def test_the_print_style_makes_pages_of_a4():
    css = Path(finders.find("supportdesk/desk.css")).read_text("utf-8")
    assert "@page summary { size: A4;" in css
    assert ".summary .s-page + .s-page { break-before: page; }" in css
