"""Health: each check on both sides of its limit, and a database that cannot be asked."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ, Schedule

from customers.encryption_keys import id_of_key
from customers.times import rough_duration
from escalation.choices import NotificationState
from escalation.exports.due_weeks import LATE_AFTER, due_time
from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from escalation.working_time.definitions import OwnDay
from escalation.working_time.public_holidays import last_published_year
from supportdesk.monitoring.check_results import Check
from supportdesk.monitoring.health import HealthReport, health
from supportdesk.processes.cluster.cluster_name import key_mark
from supportdesk.schedules import sync_schedules
from tests.factories import (
    NOW,
    AdminFactory,
    ClockEventFactory,
    ClockFactory,
    ClusterFactory,
    ContactWayFactory,
    CustomerFactory,
    HeartbeatFactory,
    InboundEmailFactory,
    MailboxFactory,
    NotificationFactory,
    OutboundEmailFactory,
    UserFactory,
    office_calendar,
    set_desk,
    staff,
)
from tickets.choices import IntakeState, OutboxState
from tickets.models import InboundEmail, MissingMail

SECOND = timedelta(seconds=1)


def problems(report: HealthReport) -> list[Check]:
    return [finding.check for finding in report.problems]


@pytest.fixture(autouse=True)
def administrator(db: None) -> User:
    return AdminFactory(email="root@desk.example")


@pytest.fixture
def beating(db: None, now: datetime) -> None:
    HeartbeatFactory(name="sweep", at=now)


@pytest.mark.parametrize(("seconds", "found"), [(150, []), (151, [Check.SWEEP])])
def test_a_sweep_is_late_after_its_limit(db: None, now: datetime, seconds: int, found: list[Check]) -> None:
    HeartbeatFactory(name="sweep", at=now - seconds * SECOND)
    assert problems(health(now=now)) == found


@pytest.mark.parametrize(("seconds", "found"), [(150, [Check.START]), (151, [Check.SWEEP])])
def test_a_desk_that_was_never_swept_is_starting_and_then_unwell(
    db: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    MigrationRecorder.Migration.objects.update(applied=now - seconds * SECOND)
    assert problems(health(now=now)) == found


@pytest.mark.parametrize(("seconds", "found"), [(150, [Check.START]), (151, [Check.SWEEP])])
def test_a_desk_whose_loading_took_long_is_starting_when_its_parts_start(
    db: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    MigrationRecorder.Migration.objects.update(applied=now - 3600 * SECOND)
    HeartbeatFactory(name="start", at=now - seconds * SECOND)
    assert problems(health(now=now)) == found


@pytest.mark.parametrize(("seconds", "found"), [(149, []), (150, [Check.OVERDUE])])
def test_a_promise_that_no_sweep_reaches_is_a_problem_though_the_sweep_goes_on(
    beating: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    for age in (seconds, 60):
        ClockFactory(started_at=now - 600 * SECOND, next_step_at=now - age * SECOND)
    ClockFactory(started_at=now - 600 * SECOND, next_step_at=None)
    assert problems(health(now=now)) == found


def test_how_many_promises_are_due_and_for_how_long_is_said(beating: None, now: datetime) -> None:
    for age in (200, 7300):
        ClockFactory(started_at=now - 8000 * SECOND, next_step_at=now - age * SECOND)
    (finding,) = health(now=now).problems
    assert finding.text.startswith("2 SLAs have been due for up to 2 h 1 min and are not enforced.")


@pytest.mark.parametrize(("swept", "warned"), [(150, []), (151, ["there"])])
def test_a_host_that_works_but_does_not_sweep_is_named_while_others_do(
    beating: None, now: datetime, swept: int, warned: list[str]
) -> None:
    old = now - timedelta(hours=1)
    ClusterFactory(name="here:1", started_at=old, seen_at=now, swept_at=now)
    ClusterFactory(name="new:1", started_at=now, seen_at=now)
    ClusterFactory(name="gone:1", started_at=old, seen_at=now - timedelta(minutes=2), swept_at=old)
    ClusterFactory(name="there:1", started_at=old, seen_at=now, swept_at=now - swept * SECOND)
    report = health(now=now)
    assert report.ok
    named = [f"The queue on {host} works but does not enforce SLAs." for host in warned]
    assert [f.text.partition(" Restart")[0] for f in report.warnings if "enforce" in f.text] == named


@pytest.mark.parametrize(("seconds", "found"), [(600, []), (601, [Check.FETCH])])
def test_a_mail_fetch_is_late_after_its_limit(
    beating: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    MailboxFactory(host="imap.example", fetched_at=now - seconds * SECOND)
    assert problems(health(now=now)) == found


def test_a_fetch_error_is_told_with_the_mailbox_and_only_its_first_line(beating: None, now: datetime) -> None:
    MailboxFactory(
        host="imap.example", address="help@desk.example", fetched_at=now, error="Wrong password.\nTraceback"
    )
    (finding,) = health(now=now).problems
    assert finding.text == "Email for help@desk.example is not being fetched: Wrong password."


def test_a_mailbox_that_is_not_polled_cannot_be_late(beating: None, now: datetime) -> None:
    MailboxFactory(host="", fetched_at=now - timedelta(days=3))
    MailboxFactory(host="imap.example", is_active=False, error="gone")
    assert health(now=now).ok


@pytest.mark.parametrize(("seconds", "found"), [(300, []), (301, [Check.OUTBOX])])
def test_outgoing_mail_that_stays_due_is_a_stuck_outbox(
    beating: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    OutboundEmailFactory(state=OutboxState.DEFERRED, next_try_at=now - seconds * SECOND)
    OutboundEmailFactory(state=OutboxState.FAILED, next_try_at=now - timedelta(days=1))
    assert problems(health(now=now)) == found


@pytest.mark.parametrize(("seconds", "found"), [(300, []), (301, [Check.INTAKE])])
def test_stored_mail_that_stays_unprocessed_is_a_stuck_intake(
    beating: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    mail = InboundEmailFactory(state=IntakeState.STORED, received_at=now - timedelta(days=2))
    type(mail).objects.filter(pk=mail.pk).update(stored_at=now - seconds * SECOND)
    assert problems(health(now=now)) == found


@pytest.mark.parametrize(("seconds", "found"), [(300, []), (301, [Check.QUEUE])])
def test_a_task_that_nobody_takes_is_a_stuck_queue(
    beating: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    OrmQ.objects.create(key="supportdesk", payload="", lock=now - seconds * SECOND)
    assert problems(health(now=now)) == found


def test_unreadable_mail_warns_without_making_the_desk_unwell(beating: None, now: datetime) -> None:
    InboundEmailFactory(state=IntakeState.FAILED)
    report = health(now=now)
    assert report.ok
    assert [finding.text for finding in report.warnings] == [
        "1 incoming email could not be processed and needs a person."
    ]


def test_mail_that_is_tried_again_by_itself_needs_nobody(beating: None, now: datetime) -> None:
    InboundEmailFactory(state=IntakeState.FAILED, retry_at=now)
    [warning] = health(now=now).warnings
    assert warning.check is Check.FAILED_MAIL
    assert "1 incoming email failed by a fault of the desk and is tried again" in warning.text


def test_mail_that_fails_again_and_again_is_shown_to_a_person_while_it_is_tried_on(
    beating: None, now: datetime
) -> None:
    """A window may be half an hour, and the tries go on for a day."""
    InboundEmailFactory(state=IntakeState.FAILED, retry_at=now, attempts=2)
    assert InboundEmail.objects.for_a_person().count() == 0
    InboundEmail.objects.update(attempts=3)
    assert InboundEmail.objects.for_a_person().count() == 1
    assert [finding.text for finding in health(now=now).warnings] == [
        "1 incoming email could not be processed and needs a person."
    ]


def test_mail_that_only_its_server_has_warns_without_making_the_desk_unwell(
    beating: None, now: datetime
) -> None:
    assert health(now=now).warnings == ()
    MissingMail.objects.create(mailbox=MailboxFactory(), folder="INBOX", uid_validity=1, uid=1, found_at=now)
    report = health(now=now)
    assert report.ok
    assert [finding.check for finding in report.warnings] == [Check.MISSING_MAIL]
    assert report.warnings[0].text.startswith("1 email is on its mail server but not in the desk.")


@pytest.fixture
def no_database() -> Iterator[None]:
    refusal = OperationalError("connection refused: password=secret")
    with (
        mock.patch.object(connection, "cursor", side_effect=refusal),
        mock.patch.object(connection, "chunked_cursor", side_effect=refusal),
    ):
        yield


def test_a_well_desk_answers_200(beating: None, frozen: object, client: Client) -> None:
    answer = client.get(reverse("healthz"))
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert set(answer.json()["checks"].values()) == {"ok"}


def test_a_desk_that_is_starting_is_not_well_yet_and_says_so(
    frozen: object, client: Client, now: datetime
) -> None:
    MigrationRecorder.Migration.objects.update(applied=now)
    answer = client.get(reverse("healthz"))
    assert (answer.status_code, answer.json()["status"]) == (503, "starting")
    HeartbeatFactory(name="sweep", at=now)
    assert client.get(reverse("healthz")).json()["status"] == "ok"


def test_a_desk_that_is_starting_without_an_administrator_is_unwell(
    frozen: object, client: Client, now: datetime, administrator: User
) -> None:
    administrator.delete()
    MigrationRecorder.Migration.objects.update(applied=now)
    assert client.get(reverse("healthz")).json()["status"] == "unwell"


def test_a_desk_without_an_administrator_who_can_sign_in_is_unwell(
    beating: None, now: datetime, administrator: User
) -> None:
    assert health(now=now).ok
    User.objects.filter(pk=administrator.pk).update(is_active=False)
    assert problems(health(now=now)) == [Check.ADMINISTRATORS]


SWEEP_IS_LATE = "SLAs are not being enforced: the last sweep was 10 min ago. Check the queue."


@pytest.fixture
def unwell(db: None, frozen: Any) -> None:
    """With findings that name a mailbox, a machine and a schedule."""
    HeartbeatFactory(name="sweep")
    frozen.shift(timedelta(minutes=10))
    MailboxFactory(
        host="imap.secret.example", address="vip@desk.example", error="Wrong password at imap.secret.example"
    )
    ClusterFactory(name="secret-host:1", seen_at=NOW)
    Schedule.objects.create(name="secret schedule", func="print", next_run=NOW)
    sync_schedules(now=NOW)
    Schedule.objects.create(name="secret schedule", func="print", next_run=NOW)


def test_an_unwell_desk_answers_503_and_tells_everybody_only_which_checks(
    unwell: None, client: Client
) -> None:
    answer = client.get(reverse("healthz"))
    assert answer.status_code == 503
    answer_data = answer.json()
    assert answer_data.keys() == {"status", "checks"}
    assert answer_data["status"] == "unwell"
    assert answer_data["checks"].keys() == {check.value for check in Check}
    failing = {name: state for name, state in answer_data["checks"].items() if state != "ok"}
    assert failing == {
        "sweep": "unwell",
        "mail_fetch": "unwell",
        "clusters": "warning",
        "schedules": "warning",
    }
    for name in ("vip", "secret", "minutes", "password"):
        assert name not in answer.content.decode()


@pytest.mark.parametrize(
    ("token", "shown", "reads"),
    [
        ("t" * 40, f"Bearer {'t' * 40}", True),
        ("t" * 40, f"bearer {'t' * 40}", True),
        ("t" * 40, f"Bearer {'u' * 40}", False),
        ("t" * 40, "t" * 40, False),
        ("", "Bearer ", False),
        ("", "", False),
    ],
)
def test_the_token_of_the_metrics_opens_the_reasons(
    unwell: None, client: Client, settings: Any, token: str, shown: str, reads: bool
) -> None:
    settings.METRICS_TOKEN = token
    answer_data = client.get(reverse("healthz"), headers={"Authorization": shown}).json()
    assert ("problems" in answer_data) is reads
    if reads:
        assert {"check": "sweep", "text": SWEEP_IS_LATE} in answer_data["problems"]
        assert {finding["check"] for finding in answer_data["warnings"]} == {"clusters", "schedules"}


@pytest.mark.parametrize(("groups", "reads"), [(["Operator"], True), (["Team lead"], False), ([], False)])
def test_those_who_see_the_operations_page_read_the_reasons(
    unwell: None, client: Client, login: Callable[[User], Client], groups: list[str], reads: bool
) -> None:
    answer_data = login(staff("somebody", groups=groups)).get(reverse("healthz")).json()
    assert ("problems" in answer_data) is reads


def test_a_database_that_is_down_gives_503_and_no_secrets(
    db: None, no_database: None, client: Client, settings: Any
) -> None:
    settings.METRICS_TOKEN = "t" * 40
    answer = client.get(reverse("healthz"))
    assert answer.status_code == 503
    states = answer.json()["checks"]
    assert (states.pop("database"), set(states.values())) == ("unwell", {"unknown"})
    response = client.get(reverse("healthz"), headers={"Authorization": f"Bearer {'t' * 40}"})
    words = "The database cannot be queried. Check that it is running and that DATABASE_URL is right."
    assert response.json()["problems"] == [{"check": "database", "text": words}]
    assert "secret" not in (answer.content + response.content).decode()


def test_a_signed_in_browser_gets_the_same_answer_from_a_desk_without_database(
    db: None, client: Client, request: pytest.FixtureRequest
) -> None:
    client.force_login(UserFactory())
    request.getfixturevalue("no_database")
    assert client.get(reverse("healthz")).status_code == 503


def test_a_living_process_says_so_without_asking_the_database(client: Client) -> None:
    assert client.get(reverse("alive")).content == b"alive\n"


def test_pages_name_the_database_when_it_is_down(
    db: None, client: Client, login: Callable[[User], Client], request: pytest.FixtureRequest
) -> None:
    login(UserFactory())
    request.getfixturevalue("no_database")
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 503
    assert b"The database cannot be reached" in answer.content


def test_an_internal_error_shows_a_page_without_a_traceback(
    db: None, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supportdesk.monitoring.health_view.health", lambda now: 1 / 0)
    client.raise_request_exception = False
    answer = client.get(reverse("healthz"))
    assert answer.status_code == 500
    assert b"Something went wrong on our side" in answer.content
    assert b"ZeroDivision" not in answer.content


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "1 min"), (119, "1 h 59 min"), (120, "2 h"), (48 * 60, "2 d")]
)
def test_an_age_is_written_in_a_fitting_unit(minutes: int, words: str) -> None:
    assert rough_duration(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("fields", "warned"),
    [
        ({"country": "CN"}, True),
        ({"country": "DE"}, False),
        ({}, False),
        ({"country": "CN", "always_open": True}, False),
    ],
)
def test_holidays_not_known_yet_are_a_warning_before_they_matter(
    beating: None, fields: dict[str, Any], warned: bool
) -> None:
    office_calendar(**fields)
    last = last_published_year("CN") or 0
    new_year = datetime(last + 1, 1, 1, tzinfo=UTC)
    assert [finding.check for finding in health(now=new_year - timedelta(days=61)).warnings] == []
    warnings = health(now=new_year - timedelta(days=60)).warnings
    assert [finding.check for finding in warnings] == [Check.HOLIDAYS] * warned
    assert all(f"{last + 1} holidays of China are not known yet" in finding.text for finding in warnings)


def test_own_days_of_a_calendar_end_the_warning_of_holidays_not_known(beating: None) -> None:
    last = last_published_year("CN") or 0
    office_calendar(country="CN", own_days=(OwnDay(date(last + 1, 1, 1)),))
    assert health(now=datetime(last, 12, 31, tzinfo=UTC)).warnings == ()


@pytest.fixture
def schedules(beating: None, frozen: object, now: datetime) -> None:
    sync_schedules(now=now)


@pytest.mark.parametrize(
    "broken", [{"args": "this does not evaluate"}, {"name": "weekly report", "args": "("}]
)
def test_a_row_that_stops_every_schedule_is_a_problem_with_its_name(
    schedules: None, now: datetime, broken: dict[str, str]
) -> None:
    Schedule.objects.filter(name="fetch-mail").update(**broken)
    report = health(now=now)
    assert problems(report) == [Check.SCHEDULES]
    assert broken.get("name", "Fetch email") in report.problems[0].text


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"name": "weekly report"}, "does not define: weekly report"),
        ({"next_run": NOW - timedelta(minutes=3)}, "missed their run: Absences"),
    ],
)
def test_a_foreign_and_a_late_schedule_are_warnings(
    schedules: None, now: datetime, changed: dict[str, Any], text: str
) -> None:
    row = Schedule.objects.get(name="absences")
    if "name" in changed:
        row.pk = None
        row.save()
    Schedule.objects.filter(pk=row.pk).update(**changed)
    report = health(now=now)
    assert report.ok
    assert [text in finding.text for finding in report.warnings] == [True]


@pytest.mark.parametrize(("seconds", "found"), [(300, []), (301, [Check.NOTIFICATIONS])])
def test_a_notification_that_stays_due_is_a_problem(
    beating: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    NotificationFactory(next_try_at=now - seconds * SECOND)
    NotificationFactory(next_try_at=now - timedelta(days=1), state=NotificationState.SENT)
    assert problems(health(now=now)) == found


@pytest.mark.parametrize(("seconds", "found"), [(60, [Check.KEYS]), (61, [])])
def test_a_cluster_with_another_secret_key_is_a_problem_while_it_is_alive(
    beating: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    ClusterFactory(name="here:1", seen_at=now, key_mark=key_mark())
    ClusterFactory(name="before:1", seen_at=now)
    ClusterFactory(name="worker-2:77", seen_at=now - seconds * SECOND, key_mark="f00ba4f00ba4")
    ClusterFactory(name="worker-2:78", seen_at=now, key_mark=key_mark())
    assert problems(health(now=now)) == found


def test_a_web_process_with_another_secret_key_names_the_queues_it_cannot_reach(
    beating: None, now: datetime, settings: Any
) -> None:
    for host in ("here", "there"):
        ClusterFactory(name=f"{host}:1", seen_at=now, key_mark=key_mark())
    settings.SECRET_KEY = "another"
    [finding] = health(now=now).problems
    assert finding.text.startswith("The queue on here, there has a different SECRET_KEY from this machine")


@pytest.mark.parametrize(("seconds", "warned"), [(60, False), (61, True)])
def test_a_cluster_that_fell_silent_is_named_by_its_host(
    beating: None, now: datetime, seconds: int, warned: bool
) -> None:
    ClusterFactory(name="here:1", seen_at=now)
    ClusterFactory(name="worker-2:77", seen_at=now - seconds * SECOND)
    report = health(now=now)
    assert report.ok
    words = "The queue on worker-2 has been silent for 1 min. Check that machine."
    assert [finding.text for finding in report.warnings] == [words] * warned


@pytest.mark.parametrize(("seconds", "found"), [(60, []), (61, [Check.SWEEP])])
def test_a_heartbeat_from_the_future_does_not_stand_for_a_sweep(
    db: None, now: datetime, seconds: int, found: list[Check]
) -> None:
    """It was written while a clock was wrong, and would keep a dead queue well for as long as that was ahead."""
    HeartbeatFactory(name="sweep", at=now + seconds * SECOND)
    assert problems(health(now=now)) == found


def test_a_start_in_the_future_does_not_excuse_that_nothing_was_swept(db: None, now: datetime) -> None:
    MigrationRecorder.Migration.objects.update(applied=now - timedelta(hours=1))
    HeartbeatFactory(name="start", at=now + timedelta(hours=1))
    assert problems(health(now=now)) == [Check.SWEEP]


def test_a_cluster_that_was_seen_in_the_future_is_gone(beating: None, now: datetime) -> None:
    ClusterFactory(name="worker-2:77", seen_at=now + 61 * SECOND)
    assert [finding.check for finding in health(now=now).warnings] == [Check.CLUSTERS]


def test_a_mail_fetch_of_the_future_is_none(beating: None, now: datetime) -> None:
    MailboxFactory(host="imap.example", fetched_at=now + 61 * SECOND)
    assert problems(health(now=now)) == [Check.FETCH]


@pytest.mark.parametrize(("failed", "warned"), [(0, False), (10, True)])
def test_a_sweep_that_failed_on_promises_is_told(db: None, now: datetime, failed: int, warned: bool) -> None:
    HeartbeatFactory(name="sweep", at=now, detail=f"acted=3 busy=0 settled=0 failed={failed} left=0")
    report = health(now=now)
    assert report.ok
    assert [finding.check for finding in report.warnings] == [Check.SWEEP] * warned
    assert all("failed on 10 SLAs" in finding.text for finding in report.warnings)


@pytest.mark.parametrize(
    ("pinged", "failed", "warned"), [(None, 5, True), (10, 5, True), (5, 10, False), (5, None, False)]
)
def test_an_outside_ping_that_fails_is_told_until_one_succeeds(
    beating: None, now: datetime, settings: Any, pinged: int | None, failed: int | None, warned: bool
) -> None:
    settings.SWEEP_PING_URL = "https://hc-ping.example/secret"
    if pinged:
        HeartbeatFactory(name="outside-ping", at=now - pinged * SECOND)
    if failed:
        HeartbeatFactory(name="outside-ping-failed", at=now - failed * SECOND, detail="HTTP 503")
    report = health(now=now)
    assert report.ok
    texts = ["Calling SWEEP_PING_URL after each sweep fails: HTTP 503."]
    assert [finding.text for finding in report.warnings] == texts * warned
    settings.SWEEP_PING_URL = ""
    assert health(now=now).warnings == ()


def test_a_probe_task_of_another_host_is_not_a_stuck_queue(beating: None, now: datetime) -> None:
    OrmQ.objects.create(key="supportdesk@gone:1", payload="", lock=now - timedelta(hours=1))
    assert health(now=now).ok


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("email", "has_way", "warned"), [("", False, True), ("a@desk.example", False, False), ("", True, False)]
)
def test_administrators_whom_nothing_reaches_are_a_warning(
    now: datetime, email: str, has_way: bool, warned: bool, administrator: User
):
    administrator.delete()
    admin = AdminFactory(email=email)
    if has_way:
        ContactWayFactory(user=admin)
    checks = [finding.check for finding in health(now=now).warnings]
    assert (Check.ADMINISTRATORS in checks) == warned


def _with_a_line_in_week_46() -> None:
    set_desk()
    ClockEventFactory(clock=ClockFactory(started_at=NOW - timedelta(days=7)))


def test_a_weekly_pack_that_was_due_an_hour_ago_and_is_missing_is_a_warning(beating: None) -> None:
    _with_a_line_in_week_46()
    late = due_time(Week(2026, 46)) + LATE_AFTER
    warned = [finding.check for finding in health(now=late - SECOND).warnings]
    assert Check.WEEKLY_PACK not in warned
    (finding,) = (each for each in health(now=late).warnings if each.check is Check.WEEKLY_PACK)
    assert "A weekly pack is due and missing: 2026-W46." in finding.text
    export_week(week=Week(2026, 46), at=late, actor=None)
    assert Check.WEEKLY_PACK not in [finding.check for finding in health(now=late).warnings]


def test_many_missing_packs_are_counted_and_the_oldest_named(beating: None) -> None:
    _with_a_line_in_week_46()
    later = due_time(Week(2026, 51)) + LATE_AFTER
    (finding,) = (each for each in health(now=later).warnings if each.check is Check.WEEKLY_PACK)
    assert "6 weekly packs are due and missing: 2026-W46, 2026-W47, 2026-W48, 2026-W49, …" in finding.text


@pytest.mark.django_db
def test_customers_of_people_who_left_are_a_warning_until_they_have_somebody(now):
    gone = staff("gone", groups=[])
    customers = [CustomerFactory(account_manager=gone), CustomerFactory(backup_account_manager=gone)]
    CustomerFactory(account_manager=staff("ann"))
    CustomerFactory(account_manager=gone, is_active=False)
    (finding,) = [found for found in health(now=now).warnings if found.check == Check.ACCOUNT_MANAGERS]
    assert finding.text.startswith("2 customers need a new account manager or backup")
    for customer in customers:
        customer.account_manager = customer.backup_account_manager = None
        customer.save()
    assert Check.ACCOUNT_MANAGERS not in {found.check for found in health(now=now).warnings}


def test_a_secret_that_cannot_be_read_makes_the_desk_unwell_and_is_named(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = ["an-old-key-for-encrypted-columns-000000001"]
    MailboxFactory(address="help@desk.example", password="geheim")
    assert Check.ENCRYPTION not in problems(health(now=NOW))
    lost = id_of_key(settings.ENCRYPTION_KEYS[0])
    settings.ENCRYPTION_KEYS = ["a-newer-key-for-encrypted-columns-00000002"]
    [finding] = [each for each in health(now=NOW).problems if each.check is Check.ENCRYPTION]
    assert finding.text == (
        "1 stored secret cannot be read: Mailbox help@desk.example (password). "
        f"Put its key back ({lost}), or enter it again."
    )
