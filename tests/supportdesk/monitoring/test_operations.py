"""The operations page: what stands on it, for whom, and at what cost."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from supportdesk.schedules import sync_schedules
from supportdesk.templatetags.operations import short_duration
from tests.factories import (
    NOW,
    AdminFactory,
    ClockFactory,
    ClusterFactory,
    EscalationFactory,
    HeartbeatFactory,
    MailboxFactory,
    OutboundEmailFactory,
    staff,
)
from tickets.choices import OutboxState

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def page_text(client: Client) -> str:
    """The words of the page's own part, in one line."""
    answer = client.get(reverse("admin:operations"))
    assert answer.status_code == 200
    html = answer.content.decode()
    return re.sub(r"\s+", " ", unescape(re.sub("<[^>]+>", " ", html[html.index('id="operations"') :])))


@pytest.fixture
def page(login: Callable[[User], Client]) -> Callable[[], str]:
    client = login(AdminFactory())
    HeartbeatFactory(name="sweep", at=NOW - 5 * SECOND, detail="acted=3 busy=0 settled=0 failed=0 left=0")
    sync_schedules(now=NOW)
    return lambda: page_text(client)


@pytest.mark.parametrize(
    ("group", "status"),
    [("Operator", 200), ("Support director", 200), ("Duty manager", 403), ("Account manager", 403)],
)
def test_the_operations_page_is_for_operators_only(
    login: Callable[[User], Client], group: str, status: int
) -> None:
    assert login(staff(groups=[group])).get(reverse("admin:operations")).status_code == status


def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get(reverse("admin:operations")).status_code == 302


def test_a_desk_that_is_well_says_so(page: Callable[[], str]) -> None:
    words = page()
    assert "All is well." in words
    assert "Sweep 12:44 3 SLAs acted on" in words.replace("17:44", "12:44")
    assert "acted=" not in words
    assert "Nothing to catch up on." in words
    assert "No queue is running." in words


def late_breach(lag: timedelta) -> None:
    due = NOW - HOUR
    ClockFactory(due_at=due, started_at=due - HOUR, breached_at=due, detected_at=due + lag, state="breached")


def test_the_operations_page_shows_the_lag_of_the_last_day(page: Callable[[], str]) -> None:
    for seconds in (1, 2, 75):
        late_breach(seconds * SECOND)
    EscalationFactory(due_at=NOW - HOUR, fired_at=NOW - HOUR + 0.4 * SECOND)
    words = page()
    assert "Breaches detected 3 2.0 s 1 min 15 s 1 min 15 s" in words
    assert "Steps executed 1 0.4 s 0.4 s 0.4 s" in words


@pytest.mark.parametrize(("seconds", "late"), [(60, False), (61, True)])
def test_more_than_a_minute_of_lag_is_marked(
    login: Callable[[User], Client], seconds: int, late: bool
) -> None:
    late_breach(seconds * SECOND)
    html = login(AdminFactory()).get(reverse("admin:operations")).content.decode()
    assert ('<td class="num late"><b>1 min' in html) is late


def test_waiting_work_is_counted_with_its_age(page: Callable[[], str]) -> None:
    OutboundEmailFactory(state=OutboxState.DEFERRED, next_try_at=NOW - 6 * MINUTE)
    OutboundEmailFactory(state=OutboxState.DEFERRED, next_try_at=NOW + HOUR)
    for key in ("supportdesk", "supportdesk@here:1"):
        OrmQ.objects.create(key=key, payload="", lock=NOW - 12 * SECOND)
    words = page()
    assert "Tasks in the queue 1 12 s" in words
    assert "Email to be sent 1 6 min 0 s" in words
    assert "Email waiting to become tickets 0 —" in words


def test_clusters_and_mailboxes_tell_how_long_ago(page: Callable[[], str]) -> None:
    ClusterFactory(name="web-1:7", workers=3, busy=2, seen_at=NOW, worked_at=NOW, swept_at=NOW - 7 * MINUTE)
    ClusterFactory(name="worker-2:9", seen_at=NOW - HOUR)
    MailboxFactory(address="help@desk.example", host="imap.example", fetched_at=NOW - 90 * SECOND)
    MailboxFactory(address="two@desk.example", host="imap.example", error="Wrong password.\nTraceback")
    words = page()
    at, before = (timezone.localtime(when).strftime("%H:%M") for when in (NOW, NOW - 7 * MINUTE))
    assert f"web-1 web-1:7 2/3 {at} {before} {at}" in words
    assert "worker-2 worker-2:9 0/3 — — silent" in words
    assert "help@desk.example 1 min 30 s ago" in words
    assert "two@desk.example Wrong password. not fetched yet" in words


def test_the_timetable_shows_each_schedule_and_what_is_wrong(page: Callable[[], str]) -> None:
    Schedule.objects.filter(name="absences").update(next_run=NOW + MINUTE, task="x")
    Schedule.objects.filter(name="weekly-pack").update(args="(")
    Schedule.objects.filter(name="fetch-mail").update(next_run=NOW - 3 * MINUTE)
    Schedule.objects.create(name="weekly report", func="print", next_run=NOW)
    words = page()
    assert "Absences every minute Hands the tickets of people who are away to their deputies," in words
    assert "and offers them back. on time" in words
    assert "Weekly pack every 10 minutes Creates the pack of each week from Monday 08:00 on" in words
    assert "where something turned out otherwise. malformed: stops all schedules" in words
    assert "Fetch email every minute Fetches new email from the mailboxes. late" in words
    assert "weekly report print not defined by the desk" in words
    assert "Schedules that missed their run: Fetch email." in words


def test_the_heartbeat_of_the_sweep_loop_is_not_shown(page: Callable[[], str]) -> None:
    HeartbeatFactory(name="sweep-rounds", at=NOW, detail="0123456789abcdef")
    HeartbeatFactory(name="task of tomorrow", at=NOW, detail="done")
    words = page()
    assert "sweep-rounds" not in words
    assert "0123456789abcdef" not in words
    assert "task of tomorrow" in words


def test_late_steps_are_listed_with_their_tickets(page: Callable[[], str]) -> None:
    escalation = EscalationFactory(due_at=NOW - 4 * HOUR, fired_at=NOW - HOUR)
    EscalationFactory(due_at=NOW - 2 * HOUR, fired_at=NOW - HOUR)
    words = page()
    assert "2 steps · up to 3 h late" in words
    assert escalation.clock.ticket.number in words
    assert words.index("3 h", words.index(escalation.clock.ticket.number))


def test_a_reader_who_may_not_see_all_tickets_sees_only_the_number_of_late_steps(
    login: Callable[[User], Client],
) -> None:
    reader = staff(groups=["Operator"])
    reader.groups.get().permissions.filter(codename="view_all_customers").delete()
    escalation = EscalationFactory(due_at=NOW - 4 * HOUR, fired_at=NOW - HOUR)
    words = page_text(login(reader))
    assert "1 step · up to 3 h late" in words
    assert escalation.clock.ticket.number not in words


def test_a_long_catch_up_lists_the_first_and_counts_the_others(
    page: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportdesk.monitoring.operations.MOST_LISTED", 2)
    for _one in range(5):
        EscalationFactory(due_at=NOW - 4 * HOUR, fired_at=NOW - HOUR)
    assert "5 steps" in page()
    assert "and 3 more" in page()


def test_thirty_rows_cost_the_queries_of_three(
    login: Callable[[User], Client], count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    client = login(AdminFactory())

    def grow(rows: int) -> int:
        for number in range(rows):
            EscalationFactory(due_at=NOW - 4 * HOUR, fired_at=NOW - HOUR, to_owner=staff())
            ClusterFactory(name=f"host-{rows}-{number}:1")
            MailboxFactory(host="imap.example", fetched_at=NOW)
            HeartbeatFactory(name=f"task {rows}-{number}")
        return count_queries(lambda: client.get(reverse("admin:operations")))

    assert grow(3) == grow(27) <= 50


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (None, "—"),
        (timedelta(), "0.0 s"),
        (timedelta(seconds=9.94), "9.9 s"),
        (10 * SECOND, "10 s"),
        (59 * SECOND, "59 s"),
        (60 * SECOND, "1 min 0 s"),
        (HOUR, "1 h"),
        (47 * HOUR + 59 * MINUTE, "47 h 59 min"),
        (48 * HOUR, "2 d"),
        (-SECOND, "0.0 s"),
    ],
)
def test_a_length_of_time_is_short_to_read(passed: timedelta | None, words: str) -> None:
    assert short_duration(passed) == words
