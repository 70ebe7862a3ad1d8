"""manage.py explain_clock: the keys of its JSON, its text in both languages, and a number that is none."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from escalation.models import Clock
from tests.factories import (
    AdminFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    StaffProfileFactory,
    staff,
)
from tests.talk import answered, bounced, clock_of, minute, opened
from tickets.choices import Priority, Status
from tickets.services.status_and_priority import set_status

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


@pytest.fixture
def clock() -> Clock:
    """A P0 of the customer Aurora in Berlin, answered in time by a mail that bounced."""
    StaffProfileFactory(user=AdminFactory(first_name="Ann"))
    customer = CustomerFactory(name="Aurora", time_zone="Europe/Berlin")
    ContractFactory(customer=customer, reference="RTC-7")
    ticket = opened(-60, contact=ContactFactory(customer=customer, name="Li"))
    bounced(answered(ticket, -40), -30)
    return clock_of(ticket)


def run(clock: Clock, **options: Any) -> str:
    out = StringIO()
    call_command("explain_clock", str(clock.pk), stdout=out, **options)
    return out.getvalue()


def document(clock: Clock) -> dict[str, Any]:
    explanation: dict[str, Any] = json.loads(run(clock, json=True))
    return explanation


def keys(value: dict[str, Any]) -> str:
    return " ".join(value)


def test_the_keys_of_the_json_explanation_are_stable(clock):
    explained = document(clock)
    assert keys(explained) == (
        "promise ticket subject customer customer_zone kind priority state explained_at started_at due_at "
        "stopped_at breached_at detected_at start terms count story held waiver end late_by late_working "
        "through"
    )
    assert keys(explained["terms"]) == (
        "contract policy policy_version policy_since window_minutes contract_window_since counts_from calendar"
    )
    assert keys(explained["terms"]["calendar"]) == "name version time_zone always_open weekly other_days"
    assert keys(explained["count"]) == "pieces counted left carried window agrees"
    assert keys(explained["count"]["pieces"][0]) == "part start end length total"
    assert keys(explained["story"][0]) == (
        "change at recorded_at actor holder cause state_after due_before due_after priority_before priority_after "
        "window_minutes paused is_late_lowering is_relaxed is_under_other_terms merged_from merged_into evidence step "
        "quiet_until taken_by is_kept is_corrected"
    )
    assert keys(explained["start"]) == (
        "message kind channel at recorded_at is_backdated author sender reached via mailbox message_id mail "
        "failed_at failure voided_at voided_by void_reason erased_at erased_by erase_reason"
    )


def test_moments_are_told_in_utc_and_in_the_customers_zone(clock):
    assert document(clock)["started_at"] == {
        "utc": "2026-11-18T11:00:00+00:00",
        "customer": "2026-11-18T12:00:00+01:00",
    }


def test_durations_are_seconds_and_add_up(clock):
    count = document(clock)["count"]
    assert (count["counted"], count["left"], count["window"], count["agrees"]) == (1800, 0, 1800, True)


def test_without_a_customer_the_customers_zone_is_null(clock):
    clock.ticket.customer = None
    clock.ticket.save(update_fields=["customer"])
    assert document(clock)["started_at"]["customer"] is None
    assert "Customer's time" not in run(clock)


def test_the_plain_text_contains_every_section_of_the_explanation(clock):
    text = run(clock, language="en")
    for words in (
        "Breached: 30 min overdue (30 min of working time) and still without a response.",
        "Our server received the email from Li <li@company.example>.",
        "Wed 2026-11-18 16:45 +05:45 | Wed 2026-11-18 12:00 +01:00",
        "RTC-7",
        "30 min counted and 0 min left add up to the response time of 30 min.",
        "The reply was revoked: the SLA runs again from its original start.",
        "Not delivered: 550 no such user",
        "Ann: 1 h",
    ):
        assert words in text


def test_the_plain_text_is_available_in_chinese(clock):
    text = run(clock, language="zh-hans")
    for words in ("2026-11-18 16:45 +05:45", "开始", "回复已作废", "RTC-7"):
        assert words in text
    assert "Wed" not in text


def test_explain_clock_reports_an_unknown_promise_number():
    with pytest.raises(CommandError, match="There is no SLA 4711"):
        call_command("explain_clock", "4711")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_promise_of_a_ticket_reopened_by_hand_does_not_say_that_the_mail_came_then(language):
    contact = ContactFactory(customer=CustomerFactory(account_manager=staff("ann")))
    lead, ticket = AdminFactory(), opened(contact=contact, priority=Priority.P2)
    for at, status in ((60, Status.CLOSED), (90, Status.OPEN)):
        set_status(ticket=ticket, status=status, actor=lead, at=minute(at), reason="It was not spam.")
    text = run(ticket.clocks.get(stopped_at=None), language=language)
    began = {
        "en": ("ended without a reply", "The ticket was reopened manually.", "Unanswered since"),
        "zh-hans": ("未回复此问题", "工单被手动重新打开。", "起未回复："),
    }
    for words in began[language]:
        assert words in text
