"""A week as it happens, by the services of real life: what people did is what the pack says."""

import csv
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from escalation.choices import ClockKind
from escalation.enforcement.sweep import sweep
from escalation.exports.pack import preview_week
from escalation.lib.weeks import Week
from tests.factories import ContactFactory, CustomerFactory, set_desk, staff
from tickets.choices import Channel, Priority
from tickets.message_content import MessageContent
from tickets.services.conversation import log_contact, reply
from tickets.services.failed_responses import fail_response
from tickets.services.opening import open_ticket
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db
WEEK = Week(2026, 47)
START, END = WEEK.bounds(ZoneInfo(settings.DESK_TIME_ZONE))
TUESDAY = START + timedelta(days=1, hours=10)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def people():
    boss = staff("boss")
    lead = staff("lead", reports_to=boss)
    ann = staff("ann", reports_to=lead)
    set_desk(intake_owner=lead, duty_manager=boss)
    return ann, lead, boss


@pytest.fixture
def contact(people):
    return ContactFactory(
        customer=CustomerFactory(code="star", account_manager=people[0]), email="li@star.example"
    )


def opened(contact, *, at=TUESDAY, priority=Priority.P0):
    return open_ticket(
        subject="Black screen",
        content=MessageContent(body="All rooms are black.", sender_address=contact.email),
        received_at=at,
        at=at,
        priority=priority,
        customer=contact.customer,
        contact=contact,
    )


def sheets(folder, at=END):
    preview_week(week=WEEK, at=at, folder=folder)
    read = {}
    for name in ("tickets", "promises", "scorecard"):
        with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            read[name] = list(csv.DictReader(file))
    read["answers"] = [row for row in read["promises"] if row["kind"] != ClockKind.UPDATE]
    return read


def line(read, group, key=""):
    return next(row for row in read["scorecard"] if (row["group"], row["key"]) == (group, key))


def test_an_answer_in_time_is_kept_by_its_holder(contact, people, tmp_path):
    ticket = opened(contact)
    reply(ticket=ticket, actor=people[0], at=TUESDAY + 20 * MINUTE, body="Use SDK 4.2.")
    read = sheets(tmp_path)
    assert [row["ticket"] for row in read["tickets"]] == [ticket.number]
    (promise,) = read["answers"]
    assert (promise["outcome"], promise["response_seconds"], promise["answered_by"]) == ("met", "1200", "ann")
    assert (promise["window_minutes"], promise["held_by"]) == ("30", "ann 1200")
    assert (promise["answer_recorded_at"], promise["answer_backdated"]) == (promise["answered_at"], "no")
    assert (line(read, "desk")["met"], line(read, "person", "ann")["met"]) == ("1", "1")


def test_a_breach_found_by_a_late_sweep_counts_for_the_holder_at_the_due_time(contact, people, tmp_path):
    opened(contact)
    sweep(now=TUESDAY + 33 * MINUTE)
    read = sheets(tmp_path)
    (promise,) = read["answers"]
    assert (promise["outcome"], promise["held_by"]) == ("breached", "ann 1800")
    assert promise["breached_at"] == (TUESDAY + 30 * MINUTE).isoformat()
    assert promise["breach_detected_at"] == (TUESDAY + 33 * MINUTE).isoformat()
    assert line(read, "person", "ann")["breach_share"] == "1.00"
    assert line(read, "person", "lead")["escalations_received"] == "1"
    assert line(read, "person", "lead")["breach_share"] == "0.00"


def test_a_bounced_answer_counts_as_revoked_and_its_promise_as_breached(contact, people, tmp_path):
    ticket = opened(contact)
    message = reply(ticket=ticket, actor=people[0], at=TUESDAY + 20 * MINUTE, body="Use SDK 4.2.")
    fail_response(message=message, at=TUESDAY + 50 * MINUTE, answer="550 no such user")
    read = sheets(tmp_path)
    assert [(row["outcome"], row["answered_at"]) for row in read["answers"]] == [("breached", "")]
    assert (line(read, "desk")["revoked"], line(read, "desk")["breached"]) == ("1", "1")


def test_lowering_at_the_last_minute_is_marked_and_does_not_prevent_the_breach(contact, people, tmp_path):
    ticket = opened(contact)
    change_priority(
        ticket=ticket, priority=Priority.P2, actor=people[0], at=TUESDAY + 29 * MINUTE, reason="One room only"
    )
    read = sheets(tmp_path)
    assert read["promises"][0]["outcome"] == "breached"
    assert line(read, "person", "ann")["late_downgrades"] == "1"


def test_a_call_logged_after_the_breach_was_recorded_keeps_the_promise(contact, people, tmp_path):
    ticket = opened(contact)
    sweep(now=TUESDAY + 31 * MINUTE)
    ticket.refresh_from_db()
    log_contact(
        ticket=ticket,
        actor=people[0],
        at=TUESDAY + 50 * MINUTE,
        happened_at=TUESDAY + 28 * MINUTE,
        channel=Channel.PHONE,
        reached="Li",
        body="Told them to restart.",
    )
    read = sheets(tmp_path)
    (promise,) = read["answers"]
    assert (promise["outcome"], promise["near_miss"], promise["held_by"]) == ("met", "yes", "ann 1680")
    assert promise["answer_recorded_at"] == (TUESDAY + 50 * MINUTE).isoformat()
    assert promise["answer_backdated"] == "yes"


@pytest.mark.parametrize(("minutes", "marked"), [(15, "no"), (16, "yes")])
def test_a_call_that_opened_the_ticket_and_was_written_down_later_is_marked(
    contact, people, tmp_path, minutes, marked
):
    written = TUESDAY + minutes * MINUTE
    open_ticket(
        subject="A call", content=MessageContent(body="Black."), received_at=TUESDAY, at=written, priority=Priority.P0,
        contact=contact, customer=contact.customer, channel=Channel.PHONE, actor=people[0],
    )  # fmt: skip
    (promise,) = sheets(tmp_path)["answers"]
    assert (promise["start_recorded_at"], promise["start_backdated"]) == (written.isoformat(), marked)


def test_mail_that_was_fetched_late_is_not_marked_as_backdated(contact, tmp_path):
    open_ticket(
        subject="Mail", content=MessageContent(body="Black."), received_at=TUESDAY, at=TUESDAY + 180 * MINUTE,
        priority=Priority.P0, contact=contact, customer=contact.customer,
    )  # fmt: skip
    assert sheets(tmp_path)["answers"][0]["start_backdated"] == "no"
