"""The sidebar and the task queue's pages: each person's own part of the desk."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone, translation
from django_q.models import Failure, OrmQ, Schedule, Success

from supportdesk.navigation import GROUPS, sidebar
from tests.adminpages import add_url, list_url, listed, page_url
from tests.factories import AdminFactory, InboundEmailFactory, staff
from tickets.choices import IntakeState

pytestmark = pytest.mark.django_db


def pages_in_sidebar(user):
    request = RequestFactory().get("/")
    request.user = user
    return {
        str(group["title"]): [str(item["title"]) for item in group["items"]] for group in sidebar(request)
    }


def test_an_administrator_sees_every_page_and_each_opens(login):
    user = AdminFactory()
    client = login(user)
    assert sum(map(len, pages_in_sidebar(user).values())) == 2 + sum(len(items) for _title, items in GROUPS)
    for _title, items in GROUPS:
        for item in items:
            assert client.get(item.link, follow=True).status_code == 200, item.link


def test_an_account_manager_sees_neither_operations_nor_weekly_packs():
    pages = pages_in_sidebar(staff(groups=["Account manager"]))
    assert pages["Desk"] == [
        "Board",
        "Tickets",
        "Held and failed email",
        "Remembered email",
        "Email rules",
        "Outbox",
        "Notifications",
        "Help",
    ]
    assert {"Operation", "Weekly packs"}.isdisjoint(pages)
    assert "Desk settings" not in pages["Staff and duty"]


@pytest.mark.parametrize(
    "group", ["Account manager", "Team lead", "Duty manager", "Support director", "Operator"]
)
def test_every_page_that_the_sidebar_offers_opens(login, group):
    user = staff(groups=[group])
    request = RequestFactory().get("/")
    request.user = user
    client = login(user)
    links = [item["link"] for part in sidebar(request) for item in part["items"]]
    assert len(links) > 1
    assert [link for link in links if client.get(link, follow=True).status_code != 200] == []


def test_a_signed_out_visitor_is_offered_only_the_board_and_help():
    assert pages_in_sidebar(AnonymousUser()) == {"Desk": ["Board", "Help"]}


def test_parked_mail_is_counted_for_those_who_release_it():
    InboundEmailFactory(state=IntakeState.PARKED)
    InboundEmailFactory(state=IntakeState.FAILED)
    InboundEmailFactory(state=IntakeState.PROCESSED)
    request = RequestFactory().get("/")
    badges = {}
    for group in ("Account manager", "Team lead"):
        request.user = staff(groups=[group])
        badges[group] = [
            item["badge"] for part in sidebar(request) for item in part["items"] if "badge" in item
        ]
    assert badges == {"Account manager": [], "Team lead": ["2"]}


def test_the_sidebar_speaks_the_readers_language():
    with translation.override("de"):
        assert pages_in_sidebar(AdminFactory())  # lazy titles are looked up when they are read, not at import
    titles = [title for title, _items in GROUPS]
    assert all(type(title).__name__ == "__proxy__" for title in titles)


def test_the_timetable_is_read_only_even_for_an_administrator(login):
    row = Schedule.objects.create(
        name="sweep", func="escalation.tasks.run_sweep", schedule_type=Schedule.MINUTES
    )
    client = login(AdminFactory())
    assert row in listed(client, Schedule)
    assert client.get(page_url(row)).status_code == 200
    assert client.post(page_url(row), {"args": "boom("}).status_code == 403
    assert client.get(add_url(Schedule)).status_code == 403
    client.post(
        list_url(Schedule), {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    assert Schedule.objects.filter(pk=row.pk).exists()


def test_failed_and_waiting_tasks_are_listed_with_what_went_wrong(login):
    now = timezone.now()
    task = Failure.objects.create(
        id="1", name="four-word-name", func="a.b", started=now, stopped=now, result="Boom <b>", success=False
    )
    OrmQ.objects.create(key="supportdesk", payload="not a task", lock=now)
    client = login(staff(groups=["Operator"]))
    assert "Boom &lt;b&gt;" in client.get(page_url(task)).content.decode()
    assert len(listed(client, OrmQ)) == 1
    assert not admin.site.is_registered(Success)
