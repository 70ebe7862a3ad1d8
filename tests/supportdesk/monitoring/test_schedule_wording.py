"""Every task of the timetable says what it does and how often."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation
from django_q.models import Schedule

from supportdesk.monitoring.schedule_wording import ABOUT, how_often, title_of
from supportdesk.schedules import TIMETABLE, ScheduledTask, sync_schedules
from tests.adminpages import list_url, page_url
from tests.factories import NOW, AdminFactory


def test_every_task_of_the_timetable_is_described() -> None:
    assert {entry.name for entry in TIMETABLE} == ABOUT.keys()
    assert len({str(about.title) for about in ABOUT.values()}) == len(ABOUT)
    assert all(str(about.does).endswith(".") for about in ABOUT.values())


def test_a_foreign_row_goes_by_its_own_name() -> None:
    assert title_of("weekly report") == "weekly report"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (ScheduledTask("x", "x", minutes=1), "every minute"),
        (ScheduledTask("x", "x", minutes=60), "every 60 minutes"),
        (ScheduledTask("x", "x", cron="30 3 * * *"), "each day at 03:30 (Kathmandu)"),
        (ScheduledTask("x", "x", cron="0 8 * * 1"), "each Monday at 08:00 (Kathmandu)"),
        (ScheduledTask("x", "x", cron="0 8 * * 0"), "each Sunday at 08:00 (Kathmandu)"),
    ],
)
def test_how_often_describes_a_schedule_in_words(entry: ScheduledTask, words: str) -> None:
    assert how_often(entry) == words


@pytest.mark.parametrize("entry", TIMETABLE)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_how_often_describes_every_task(entry: ScheduledTask, language: str) -> None:
    with translation.override(language):
        assert not set("*%(") & set(how_often(entry).removesuffix(")").replace(" (Kathmandu", ""))


@pytest.mark.django_db
def test_the_list_of_schedules_reads_as_the_operations_page_does(login: Callable[[User], Client]) -> None:
    sync_schedules(now=NOW)
    Schedule.objects.create(name="weekly report", func="print", next_run=NOW)
    client = login(AdminFactory())
    html = client.get(list_url(Schedule)).content.decode()
    for words in (
        "Fetch email",
        "Fetches new email from the mailboxes.",
        "every minute",
        "weekly report",
        "print",
    ):
        assert words in html
    assert "fetch-mail" not in html
    assert "fetch-mail" in client.get(page_url(Schedule.objects.get(name="fetch-mail"))).content.decode()
