"""The demo: a small one is loaded once for most tests, which only look at it."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.db.models import F
from django.test import Client, override_settings
from django.urls import reverse

from customers.models import Absence, Contract, Customer, Desk, StaffProfile
from escalation.choices import ClockChange, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.duty.coverage_gaps import gaps_that_matter
from escalation.enforcement.sweep import sweep
from escalation.models import Clock, ClockEvent, DutyShift, Escalation, WeeklyExport
from escalation.people.on_duty import on_duty, watches
from supportdesk.demo import DemoReport, load_demo, logins
from supportdesk.demo.traffic import Size
from tests.factories import NOW
from tickets.choices import IntakeState, OutboxState, Priority, Status
from tickets.models import InboundEmail, Message, OutboundEmail, Ticket

SMALL = Size(weeks=2, tickets_a_week=4, recent=4)


@dataclass
class Story:
    """The loaded demo: what it gave back, what it said, where it put its files."""

    report: DemoReport
    folder: Path
    said: list[str] = field(default_factory=list)


def loaded(folder: Path, now: datetime = NOW) -> Story:
    said: list[str] = []
    report = load_demo(now=now, say=said.append, size=SMALL, stopwatch=lambda: 0.0)
    return Story(report, folder, said)


@pytest.fixture(scope="module")
def story(rows_of_the_module: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("demo")
    places = {"VAR_DIR": folder, "MEDIA_ROOT": folder / "files", "OUTGOING_DIR": folder / "outgoing"}
    with override_settings(**places, SMTP_URL=""):
        yield loaded(folder)


@pytest.mark.django_db
def test_the_desk_has_a_dozen_customers_ten_people_and_three_plans(story: Story) -> None:
    assert Customer.objects.count() == 12
    assert set(Customer.objects.values_list("language", flat=True)) == {"en", "zh-hans"}
    assert StaffProfile.objects.count() == 10
    assert not StaffProfile.objects.filter(deputy=None).exists()
    assert set(Contract.objects.values_list("plan__code", flat=True)) == {"enterprise", "standard", "basic"}
    assert Absence.objects.filter(starts_at__lte=NOW, ends_at__gt=NOW).count() == 1
    assert Desk.objects.get().duty_manager.username == "priya.nair"


@pytest.mark.django_db
def test_tickets_are_in_both_languages_and_every_one_has_an_owner_who_works_here(story: Story) -> None:
    assert set(Ticket.objects.values_list("language", flat=True)) == {"en", "zh-hans"}
    assert not Ticket.objects.exclude(owner__is_active=True, owner__is_staff=True).exists()
    assert {Status.NEW, Status.RESOLVED, Status.CLOSED} <= set(
        Ticket.objects.values_list("status", flat=True)
    )
    assert Ticket.objects.filter(customer=None).exists()


@pytest.mark.django_db
def test_promises_were_met_and_broken_and_some_still_run(story: Story) -> None:
    states = list(Clock.objects.values_list("state", flat=True))
    assert {ClockState.MET, ClockState.BREACHED, ClockState.RUNNING} <= set(states)
    assert 0.75 < states.count("met") / (states.count("met") + states.count("breached")) < 0.99


@pytest.mark.django_db
def test_one_emergency_was_answered_in_time_and_another_breached(story: Story) -> None:
    emergencies = Clock.objects.filter(priority=Priority.P0, kind="first_response")
    assert set(emergencies.values_list("state", flat=True)) == {"met", "breached", "running"}


@pytest.mark.django_db
def test_the_last_ledger_line_matches_each_clock_and_was_written_in_the_time_of_the_story(
    story: Story,
) -> None:
    for clock in Clock.objects.prefetch_related("events"):
        events = list(clock.events.all())
        assert (events[-1].state_after, events[-1].due_after) == (clock.state, clock.due_at)
        assert all(first.recorded_at <= then.recorded_at for first, then in pairwise(events))
    written = ClockEvent.objects.order_by("recorded_at").values_list("recorded_at", flat=True)
    assert written[0] < NOW - timedelta(days=9)
    assert written.last() <= NOW


@pytest.mark.django_db
def test_every_promise_of_the_demo_is_proven_by_its_ledger(story: Story) -> None:
    proof = verify()
    assert proof.clocks == Clock.objects.count() > 0
    assert proof.mismatches == ()


@pytest.mark.django_db
def test_every_breach_was_noticed_within_the_minute(story: Story) -> None:
    late = Clock.objects.filter(detected_at__gt=F("breached_at") + timedelta(seconds=64))
    assert not late.exists()


@pytest.mark.django_db
def test_all_mail_of_the_past_is_delivered_at_its_time_into_the_folder(story: Story) -> None:
    mails = OutboundEmail.objects.all()
    assert {mail.state for mail in mails} == {OutboxState.ACCEPTED, OutboxState.BOUNCED}
    assert all(mail.accepted_at - mail.created_at < timedelta(minutes=1) for mail in mails)
    assert len(list((story.folder / "outgoing").glob("*.eml"))) == len(mails)


@pytest.mark.django_db
def test_nothing_is_queued_for_the_cluster(story: Story, queued: Any) -> None:
    assert queued.tasks == []


@pytest.mark.django_db
def test_messages_were_recorded_soon_after_they_were_said(story: Story) -> None:
    soon_after = Message.objects.filter(
        created_at__gte=F("at"), created_at__lt=F("at") + timedelta(minutes=5)
    )
    assert soon_after.count() == Message.objects.count() > 0


@pytest.mark.django_db
def test_mail_of_the_last_day_went_through_the_intake(story: Story) -> None:
    states = set(InboundEmail.objects.values_list("state", flat=True))
    assert states == {IntakeState.PROCESSED, IntakeState.PARKED}
    assert InboundEmail.objects.exclude(ticket=None).count() > 3


@pytest.mark.django_db
def test_an_answer_bounced_and_its_promise_runs_again(story: Story) -> None:
    lost = OutboundEmail.objects.get(state=OutboxState.BOUNCED)
    clock = lost.ticket.clocks.get(events__change=ClockChange.REVOKED)
    assert clock.is_open
    assert clock.started_at == lost.ticket.opened_at
    assert lost.ticket.status == Status.OPEN


@pytest.mark.django_db
def test_the_rota_has_no_gap_from_the_beginning_to_two_weeks_ahead(story: Story) -> None:
    shifts = watches(DutyShift.objects.select_related("user"))
    assert all(first.ends_at == then.starts_at for first, then in pairwise(shifts))
    assert shifts[0].starts_at <= NOW - timedelta(weeks=SMALL.weeks)
    assert shifts[-1].ends_at >= NOW + timedelta(days=14)
    assert gaps_that_matter(at=NOW) == []


@pytest.mark.django_db
def test_the_running_emergency_is_with_the_person_on_duty(story: Story) -> None:
    ticket = Ticket.objects.get(priority=Priority.P0, clocks__state="running")
    opened = NOW - timedelta(minutes=5)
    assert ticket.owner == on_duty(rota=DutyShift.objects.all()[0].rota, at=opened)


@pytest.mark.django_db
def test_within_minutes_a_warning_and_a_reassignment_happen(story: Story) -> None:
    before = dict(Ticket.objects.values_list("pk", "owner"))
    sweep(now=NOW + timedelta(minutes=6))
    fired = Escalation.objects.filter(fired_at__gt=NOW)
    assert fired.filter(to_owner=None).exists()
    assert fired.exclude(to_owner=None).count() >= 3
    moved = [pk for pk, owner in Ticket.objects.values_list("pk", "owner") if before[pk] != owner]
    assert len(moved) >= 3


@pytest.mark.django_db
def test_weeks_that_are_over_have_a_weekly_pack(story: Story) -> None:
    assert list(WeeklyExport.objects.values_list("week", flat=True)) == ["2026-W46", "2026-W45"]


@pytest.mark.django_db
def test_the_printed_accounts_can_sign_in_and_their_file_is_private(story: Story) -> None:
    roles = {login.username for login in story.report.logins}
    assert {"james.whitfield", "lin.yue", "sofia.lindqvist"} < roles
    assert any(User.objects.get(username=name).is_superuser for name in roles)
    for login in story.report.logins:
        assert authenticate(username=login.username, password=login.password) is not None
    assert stat.S_IMODE((story.folder / "demo_logins.json").stat().st_mode) == 0o600


@pytest.mark.django_db
def test_the_administrators_password_stays_as_every_start_shows_it(story: Story, client: Client) -> None:
    (shown,) = (
        login for login in story.report.logins if User.objects.get(username=login.username).is_superuser
    )
    client.post(reverse("admin:login"), {"username": shown.username, "password": shown.password})
    assert client.get(reverse("admin:index")).status_code == 200
    assert User.objects.get(username=shown.username).email


@pytest.mark.django_db
def test_a_second_run_doubles_nothing_and_shows_the_same_logins(story: Story, settings: Any) -> None:
    settings.VAR_DIR = story.folder
    before = [model.objects.count() for model in (Ticket, Customer, User, Message, DutyShift)]
    again = loaded(story.folder, NOW + timedelta(hours=1))
    assert before == [model.objects.count() for model in (Ticket, Customer, User, Message, DutyShift)]
    assert again.report.logins == story.report.logins
    assert again.said == ["The demo is already loaded; its data is left unchanged."]


@pytest.mark.django_db
def test_a_password_that_was_changed_is_not_shown_any_more(story: Story, settings: Any) -> None:
    settings.VAR_DIR = story.folder
    james = User.objects.get(username="james.whitfield")
    james.set_password("another one")
    james.save()
    shown = {login.username: login.password for login in logins.known_logins()}
    assert shown["james.whitfield"] == ""
    assert shown["lin.yue"]
