"""The work of each Monday: no week is lost, and a frozen week that turned out otherwise says so."""

import csv
import io
import logging
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.core.files.storage import default_storage

from customers.models import Customer
from escalation.enforcement.waivers import confirm_waiver, waive_promise
from escalation.exports import due_packs
from escalation.exports.due_packs import make_due_packs
from escalation.exports.due_weeks import due_time
from escalation.exports.pack import export_week
from escalation.lib.weeks import Week
from escalation.models import Clock, ExportSubscriber, WeeklyExport
from escalation.tasks import export_due_weeks
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tests.talk import answered, bounced, called, clock_of, minute, opened
from tickets.choices import Priority
from tickets.models import OutboundEmail
from tickets.services.failed_responses import void_response
from tickets.services.ownership import assign

pytestmark = pytest.mark.django_db
WEEK = Week(2026, 47)
START, END = WEEK.bounds(ZoneInfo(settings.DESK_TIME_ZONE))
MONDAY = due_time(WEEK)
DAY = timedelta(days=1)
SEVEN = 7 * DAY


@pytest.fixture
def desk():
    lead = staff("lead", groups=["Team lead"])
    ann = staff("ann", reports_to=lead)
    set_desk(intake_owner=lead, duty_manager=lead)
    return lead, ann


@pytest.fixture
def ticket(desk):
    """A P0 of minute 0, which lies in week 47, with a promise until minute 30."""
    customer = CustomerFactory(code="star", account_manager=desk[1])
    return opened(contact=ContactFactory(customer=customer), priority=Priority.P0)


def after(moment) -> float:
    """A time as the minute that `tests.talk` counts in."""
    return (moment - minute(0)) / timedelta(minutes=1)


def rows(export, name):
    return list(rows_reader(export, name))


def rows_reader(export, name):
    with default_storage.open(export.files.get(name=name).path) as file:
        return csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"), newline=""))


def headers(export):
    """The columns of each sheet that the pack has, as its first line names them."""
    names = export.files.values_list("name", flat=True)
    return {name: list(rows_reader(export, name).fieldnames) for name in names if name.endswith(".csv")}


def meanings(export):
    """The columns of each sheet as columns.csv explains them."""
    explained = {}
    for row in rows(export, "columns.csv"):
        explained.setdefault(row["sheet"], []).append(row["column"])
    return explained


def answers(export):
    return [row for row in rows(export, "promises.csv") if row["kind"] == "first_response"]


def judged(export):
    return [(row["outcome"], row["counts_this_week"]) for row in answers(export)]


def test_before_eight_on_monday_nothing_is_made_and_then_the_week_once(ticket):
    assert make_due_packs(at=MONDAY - timedelta(minutes=1)) == []
    (export,) = make_due_packs(at=MONDAY)
    assert (export.week, export.revision, export.is_late, export.as_of) == ("2026-W47", 1, False, END)
    assert make_due_packs(at=MONDAY + DAY) == []


def test_after_an_outage_every_missed_week_is_made_oldest_first_and_marked_late(ticket):
    made = make_due_packs(at=MONDAY + 2 * SEVEN + timedelta(minutes=50))
    assert [(export.week, export.is_late) for export in made] == [
        ("2026-W47", True),
        ("2026-W48", True),
        ("2026-W49", False),
    ]


def test_the_task_makes_what_is_due_and_says_so(ticket, frozen):
    frozen.move_to(MONDAY + SEVEN)
    assert export_due_weeks() == "2026-W47, 2026-W48"
    assert export_due_weeks() == "nothing due"


def test_a_run_in_which_nothing_is_due_costs_two_queries(ticket, django_assert_num_queries):
    make_due_packs(at=MONDAY)
    with django_assert_num_queries(2):
        make_due_packs(at=MONDAY + DAY)


def test_a_week_that_fails_is_tried_again_and_holds_up_no_other(ticket, monkeypatch, caplog):
    def failing(*, week, **more):
        if week == WEEK:
            raise OSError("No space left on device")
        return export_week(week=week, **more)

    monkeypatch.setattr(due_packs, "export_week", failing)
    with caplog.at_level(logging.CRITICAL), pytest.raises(OSError, match="No space"):
        make_due_packs(at=MONDAY + SEVEN)
    assert [export.week for export in WeeklyExport.objects.all()] == ["2026-W48"]
    monkeypatch.undo()
    assert [export.week for export in make_due_packs(at=MONDAY + SEVEN)] == ["2026-W47"]


def test_a_bounce_on_monday_is_no_matter_of_the_week_even_if_its_pack_is_late(ticket):
    reply = answered(ticket, 10)
    bounced(reply, after(END) + 60)
    (late,) = make_due_packs(at=MONDAY + 5 * DAY)
    assert judged(late) == [("met", "yes")]


def test_in_a_late_pack_who_had_the_ticket_is_judged_as_of_the_week_and_the_account_manager_as_of_the_making(
    ticket, desk
):
    lead, ann = desk
    answered(ticket, 40)
    holder = ticket.owner.username
    assign(
        ticket=ticket,
        to=lead if ticket.owner != lead else ann,
        actor=lead,
        at=MONDAY + DAY,
        reason="holidays",
    )
    Customer.objects.update(account_manager=lead)
    (late,) = make_due_packs(at=MONDAY + 5 * DAY)
    bearing = [
        (row["group"], row["key"]) for row in rows(late, "scorecard.csv") if float(row["breach_share"])
    ]
    assert [key for group, key in bearing if group == "person"] == [holder]
    assert [key for group, key in bearing if group == "account_manager"] == ["lead"]
    assert [row["held_by"].split()[0] for row in answers(late)] == [holder]
    said = {
        row["column"]: row["meaning"]
        for row in rows(late, "columns.csv")
        if row["sheet"] in ("promises.csv", "scorecard.csv")
    }
    for column in ("customer", "account_manager", "account_manager_team", "owner", "scenario", "name"):
        assert "as of the making of the pack" in said[column]


def test_the_next_monday_corrects_the_week_and_says_what_changed_and_why(ticket):
    reply = answered(ticket, 10)
    (first,) = make_due_packs(at=MONDAY)
    ExportSubscriber.objects.create(email="director@company.example")
    bounced(reply, after(END) + 60)
    _next, correction = sorted(make_due_packs(at=MONDAY + SEVEN), key=lambda export: export.revision)
    assert (correction.week, correction.revision, correction.as_of) == ("2026-W47", 2, END + SEVEN)
    assert judged(first) == [("met", "yes")]
    assert judged(correction) == [("breached", "yes")]
    (change,) = rows(correction, "changes.csv")
    assert (change["ticket"], change["outcome_before"], change["outcome_after"]) == (
        ticket.number,
        "met",
        "breached",
    )
    assert (change["ledger_lines"], change["cause"]) == ("revoked; breached", "550 no such user")
    assert (change["answered_local_before"], change["answered_local_after"]) == ("2026-11-18 17:55:00", "")
    assert meanings(correction) == headers(correction)
    mail = OutboundEmail.objects.get(subject__contains="correction")
    assert f"- {ticket.number}, First response: Met → Breached." in mail.text
    assert "550 no such user" in mail.text
    assert make_due_packs(at=MONDAY + SEVEN + DAY) == []


def test_a_voided_answer_corrects_the_week(ticket, desk):
    reply = answered(ticket, 10)
    make_due_packs(at=MONDAY)
    void_response(message=reply, actor=desk[0], at=END + DAY, reason="It said nothing.")
    *_others, correction = make_due_packs(at=MONDAY + SEVEN)
    assert judged(correction) == [("breached", "yes")]
    assert rows(correction, "changes.csv")[0]["by"] == "lead"


def test_a_call_logged_on_tuesday_that_kept_the_promise_corrects_the_week(ticket):
    (first,) = make_due_packs(at=MONDAY)
    assert judged(first) == [("breached", "yes")]
    called(ticket, after(END + DAY), happened=20)
    *_others, correction = make_due_packs(at=MONDAY + SEVEN)
    assert judged(correction) == [("met", "yes")]


def test_mail_left_on_the_server_is_a_correction(desk):
    customer = CustomerFactory(code="star", account_manager=desk[1])
    opened(contact=ContactFactory(customer=customer), priority=Priority.P3)
    (first,) = make_due_packs(at=MONDAY)
    late = opened(contact=ContactFactory(customer=customer), priority=Priority.P0, noticed=after(END) + 600)
    assert len(rows(first, "tickets.csv")) == 1
    *_others, correction = make_due_packs(at=MONDAY + SEVEN)
    assert len(rows(correction, "tickets.csv")) == 2
    (change,) = rows(correction, "changes.csv")
    assert (change["ticket"], change["outcome_before"], change["outcome_after"]) == (
        late.number,
        "",
        "breached",
    )


def test_what_people_do_about_an_old_promise_without_changing_it_makes_no_correction(ticket, desk):
    make_due_packs(at=MONDAY)
    answered(ticket, after(END) + 600)  # late, as judged
    made = make_due_packs(at=MONDAY + SEVEN)
    assert [(export.week, export.revision) for export in made] == [("2026-W48", 1)]
    assert WeeklyExport.objects.get(week="2026-W47").checked_until == END + SEVEN


def test_a_promise_that_moves_into_the_next_week_leaves_the_first_one(desk):
    customer = CustomerFactory(code="star", account_manager=desk[1])
    asked_at = after(END) - 60
    contact = ContactFactory(customer=customer)
    ticket = opened(contact=contact, priority=Priority.P1, at=asked_at)  # due in four hours
    reply = answered(ticket, asked_at + 10)
    (first,) = make_due_packs(at=MONDAY)
    assert judged(first) == [("met", "yes")]
    bounced(reply, asked_at + 120)
    made = {(export.week, export.revision): export for export in make_due_packs(at=MONDAY + SEVEN)}
    assert judged(made["2026-W47", 2]) == [("running", "no")]
    assert judged(made["2026-W48", 1]) == [("breached", "yes")]


def test_a_desk_that_slept_makes_the_revisions_of_one_that_did_not(ticket):
    reply = answered(ticket, 10)
    bounced(reply, after(END) + 60)
    called(ticket, after(END + SEVEN), happened=25)
    made = make_due_packs(at=MONDAY + 2 * SEVEN)
    assert [(export.week, export.revision) for export in made] == [
        ("2026-W47", 1),
        ("2026-W48", 1),
        ("2026-W47", 2),
        ("2026-W49", 1),
        ("2026-W47", 3),
    ]
    assert [judged(export) for export in made if export.week == "2026-W47"] == [
        [("met", "yes")],
        [("breached", "yes")],
        [("met", "yes")],
    ]


def test_a_correction_by_hand_is_not_made_again_by_the_desk(ticket):
    reply = answered(ticket, 10)
    make_due_packs(at=MONDAY)
    bounced(reply, after(END) + 60)
    by_hand = export_week(week=WEEK, at=MONDAY + DAY, actor=staff(), correct="It bounced.")
    assert len(rows(by_hand, "changes.csv")) == 1
    assert [export.week for export in make_due_packs(at=MONDAY + SEVEN)] == ["2026-W48"]


def test_a_run_that_died_between_two_corrections_is_taken_up(desk, monkeypatch):
    customer = CustomerFactory(code="star", account_manager=desk[1])
    first = opened(contact=ContactFactory(customer=customer), priority=Priority.P0)
    second = opened(contact=ContactFactory(customer=customer), priority=Priority.P0, at=7 * 24 * 60)
    replies = [answered(first, 10), answered(second, 7 * 24 * 60 + 10)]
    make_due_packs(at=MONDAY + SEVEN)
    for reply in replies:
        bounced(reply, after(END + SEVEN) + 60)
    correct, calls = due_packs.correct_week, []

    def dying(**arguments):
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return correct(**arguments)

    monkeypatch.setattr(due_packs, "correct_week", dying)
    with pytest.raises(KeyboardInterrupt):
        make_due_packs(at=MONDAY + 2 * SEVEN)
    monkeypatch.undo()
    made = make_due_packs(at=MONDAY + 2 * SEVEN)
    assert [(export.week, export.revision) for export in made] == [("2026-W48", 2)]
    assert Clock.objects.filter(state="breached", kind="first_response").count() == 2


def test_a_waiver_after_the_week_corrects_it_when_two_have_agreed(ticket, desk):
    make_due_packs(at=MONDAY)
    waive_promise(clock=clock_of(ticket), actor=desk[0], at=END + DAY, reason="their own outage")
    assert [export.week for export in make_due_packs(at=MONDAY + SEVEN)] == ["2026-W48"]  # only proposed
    director = staff("dana", groups=["Support director"])
    confirm_waiver(clock=clock_of(ticket), actor=director, at=END + SEVEN + DAY)
    *_others, correction = make_due_packs(at=MONDAY + 2 * SEVEN)
    assert judged(correction) == [("breached", "yes")]
    (change,) = rows(correction, "changes.csv")
    assert (change["waived_before"], change["waived_after"], change["by"]) == ("no", "yes", "dana")
    scorecard = rows(correction, "scorecard.csv")[0]
    assert (scorecard["breached"], scorecard["breached_waived"]) == ("1", "1")
    assert (scorecard["met_percent"], scorecard["adjusted_percent"]) == ("0.0", "")
    assert (scorecard["breach_share"], scorecard["adjusted_breach_share"]) == ("1.00", "0.00")
