"""The sentences of an explanation, and how it writes moments and lengths."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from customers.times import duration_text
from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.explaining.counting import ZERO
from escalation.explaining.fact_building import promised_hours
from escalation.explaining.facts import (
    ContractInForce,
    Evidence,
    Explanation,
    FiredStep,
    LedgerEntry,
    NotifiedPerson,
    OtherDay,
    PromisedHours,
    PromisedTerms,
    SentMail,
    Waiver,
    WindowCount,
)
from escalation.explaining.ledger_sentences import line_mark, line_notes, line_sentence
from escalation.explaining.report import report_of
from escalation.explaining.sentences import (
    day_in_words,
    delivery_notes,
    outcome_sentence,
    record_notes,
    week_in_words,
    who_started_sentence,
)
from escalation.explaining.times import Zones, time_in_zone
from escalation.models import Calendar, Clock
from escalation.working_time.due_time import WorkingHours
from tests.factories import NOW

BERLIN = Zones.of("Europe/Berlin", "Europe/Berlin")
HOUR = timedelta(hours=1)

CALL = Evidence(
    message=1, kind="contact", channel="phone", at=NOW, recorded_at=NOW, is_backdated=False, author="Ann",
    sender="", reached="Li", via="", mailbox="", message_id="", mail=None, failed_at=None, failure="",
    voided_at=None, voided_by="", void_reason="",
)  # fmt: skip
MAIL = replace(CALL, kind="inbound", channel="email", author="", reached="", sender="Li <li@company.example>")
LINE = LedgerEntry(
    change="handed_over", at=NOW, recorded_at=NOW, actor="", holder="Bob", cause="", state_after="running",
    due_before=None, due_after=NOW + HOUR, priority_before=2, priority_after=2, window_minutes=None, paused=None,
    is_late_lowering=False, is_relaxed=False, is_under_other_terms=False, merged_from="",
    merged_into="", evidence=None, step=None,
)  # fmt: skip
TERMS = PromisedTerms(
    contract=None, policy="Gold", policy_version=3, policy_since=NOW, window_minutes=120,
    contract_window_since=None, counts_from=NOW,
    calendar=PromisedHours("Office", 2, "Europe/Berlin", False, ((("09:00-18:00"),),) * 5 + ((), ()), ()),
)  # fmt: skip
IT = Explanation(
    promise=1, ticket="SD#1", subject="Black", customer="Aurora", customer_zone="Europe/Berlin",
    kind=ClockKind.FIRST_RESPONSE, priority=2, state=ClockState.RUNNING, explained_at=NOW, started_at=NOW,
    due_at=NOW + 2 * HOUR, stopped_at=None, breached_at=None, detected_at=None, start=MAIL, terms=TERMS,
    count=WindowCount((), HOUR, HOUR, ZERO, 2 * HOUR), story=(), held=(), waiver=None, end=None, late_by=None,
    late_working=None,
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"state": ClockState.RUNNING}, "Running, with 1 h of the response time left."),
        ({"state": ClockState.MET}, "Met, with 1 h of the response time left."),
        (
            {"state": ClockState.PAUSED},
            "Paused while waiting on the customer, with 1 h of the response time left.",
        ),
        ({"state": ClockState.CANCELLED}, "Cancelled: no longer required."),
        ({"state": ClockState.BREACHED}, "Breached."),
        (
            {"state": ClockState.BREACHED, "late_by": 5 * HOUR, "late_working": HOUR},
            "Breached: 5 h overdue (1 h of working time) and still without a response.",
        ),
        (
            {"state": ClockState.BREACHED, "late_by": HOUR, "late_working": ZERO, "end": LINE},
            "Breached: done 1 h after it was due (0 min of working time).",
        ),
        (
            {"state": ClockState.BREACHED, "end": replace(LINE, change=ClockChange.CANCELLED)},
            "Breached: it ended without being met.",
        ),
    ],
)
def test_the_outcome_of_a_promise_is_one_sentence(facts, told):
    assert outcome_sentence(replace(IT, **facts)) == told


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (MAIL, "Our server received the email from Li <li@company.example>."),
        (replace(MAIL, sender=""), "Our server received the email from an unknown sender."),
        (replace(MAIL, channel="phone", sender="Li"), "Phone call from Li."),
        (replace(MAIL, kind="outbound", author="Ann"), "Ann replied by email."),
        (CALL, "Phone call: Ann reached Li."),
        (None, "The ticket was reopened manually."),
    ],
)
def test_the_start_says_how_the_first_message_came(start, told):
    assert who_started_sentence(replace(IT, start=start)) == told


@pytest.mark.parametrize(
    ("evidence", "told"),
    [
        (replace(MAIL, recorded_at=NOW + timedelta(seconds=59)), []),
        (
            replace(MAIL, recorded_at=NOW + 3 * HOUR),
            [
                "The desk recorded it 3 h later, at Wed 2026-11-18 16:00 +01:00. "
                "What counts is when it reached our server."
            ],
        ),
        (
            replace(CALL, recorded_at=NOW + timedelta(minutes=10)),
            ["Logged by Ann 10 min later, at Wed 2026-11-18 13:10 +01:00."],
        ),
        (
            replace(CALL, recorded_at=NOW + HOUR, is_backdated=True),
            ["Backdated: logged by Ann 1 h later, at Wed 2026-11-18 14:00 +01:00."],
        ),
        (
            replace(MAIL, via="imap", mailbox="help@desk.example", message_id="7@company.example"),
            ["Received by IMAP in help@desk.example.", "Message-ID: 7@company.example"],
        ),
    ],
)
def test_a_delayed_record_says_how_much_later_it_was_made(evidence, told):
    assert list(record_notes(evidence, BERLIN)) == told


RETARGETED = replace(LINE, change=ClockChange.RETARGETED, due_before=NOW + 3 * HOUR)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (LINE, "Bob owns the ticket from now on."),
        (
            replace(RETARGETED, priority_after=0),
            "The priority was raised from P2 Medium to P0 Urgent; its response time counts from here.",
        ),
        (
            replace(RETARGETED, priority_after=0, due_before=NOW + HOUR),
            "The priority was raised from P2 Medium to P0 Urgent; the due time was already the earlier one.",
        ),
        (
            replace(RETARGETED, priority_after=3),
            "The priority was lowered from P2 Medium to P3 Low; the stricter due time stays.",
        ),
        (
            replace(RETARGETED, is_relaxed=True),
            "A lead relaxed the SLA to the response time of its lower priority.",
        ),
        (replace(RETARGETED, is_under_other_terms=True), "The SLA was moved to other terms."),
        (
            replace(RETARGETED, is_under_other_terms=True, is_kept=True),
            "The SLA was moved to other terms; the stricter due time from before the priority was lowered stays.",
        ),
        (
            replace(LINE, change=ClockChange.RESUMED, paused=HOUR),
            "The SLA resumes. The due time moved by the 1 h of working time it was paused.",
        ),
        (
            replace(LINE, change=ClockChange.RESUMED, paused=-HOUR),
            "The reply with which the pause had begun does not count, and neither does the pause.",
        ),
        (
            replace(LINE, change=ClockChange.MERGED, merged_from="SD#7", merged_into="SD#9"),
            "SD#7 was merged into SD#9, which the SLA now belongs to.",
        ),
    ],
)
def test_each_line_of_the_ledger_is_a_sentence(line, told):
    assert line_sentence(line) == told


@pytest.mark.parametrize("change", ClockChange)
def test_every_kind_of_ledger_line_has_a_sentence(change):
    assert line_sentence(replace(LINE, change=change))


def test_a_step_says_who_had_it_who_has_it_and_who_was_told():
    step = FiredStep(
        100,
        "100%",
        NOW,
        NOW,
        "Ann",
        "Bob",
        (NotifiedPerson("Bob", "escalated_to_you"), NotifiedPerson("Cy", "escalated")),
    )
    line = replace(LINE, change=ClockChange.STEP, step=step)
    assert line_sentence(line) == "100% of the response time had passed: the ticket went from Ann to Bob."
    assert list(line_notes(line, BERLIN)) == ["Notified: Bob (Escalated to you), Cy (Escalated)."]
    assert (
        line_sentence(replace(line, step=replace(step, to_owner="")))
        == "100% of the response time had passed."
    )
    assert (
        line_sentence(replace(line, step=replace(step, to_owner="Ann")))
        == "100% of the response time had passed."
    )


@pytest.mark.parametrize(
    ("percent", "when", "moved", "told_only"),
    [
        (0, "0%", "Paged at once: the ticket went from Ann to Bob.", "Paged at once."),
        (None, "in 5", "The step “in 5”: the ticket went from Ann to Bob.", "The step “in 5” was executed."),
        (None, "", "Escalated manually: the ticket went from Ann to Bob.", None),
    ],
)  # fmt: skip
def test_a_step_at_the_start_by_minutes_or_by_hand_has_words_of_its_own(percent, when, moved, told_only):
    line = replace(LINE, change=ClockChange.STEP, step=FiredStep(percent, when, NOW, NOW, "Ann", "Bob", ()))
    assert line_sentence(line) == moved
    if told_only is not None:
        assert line_sentence(replace(line, step=replace(line.step, to_owner=""))) == told_only


def test_a_late_lowering_is_marked_with_actor_and_reason():
    line = replace(
        RETARGETED,
        priority_after=3,
        due_before=NOW + HOUR,
        is_late_lowering=True,
        actor="Ann",
        cause="agreed",
    )
    assert list(line_notes(line, BERLIN)) == [
        "Ann: agreed",
        "Lowered in the last fifth of the response time.",
    ]
    assert line_mark(line) == "warn"


def test_an_acknowledgement_says_who_has_it_how_and_until_when():
    line = replace(
        LINE, change="acknowledged", actor="Li Wei", quiet_until=NOW + timedelta(minutes=15), taken_by="page"
    )
    assert line_sentence(line) == "Li Wei acknowledged it on the ticket page."
    assert list(line_notes(line, BERLIN)) == ["Nobody else was paged until Wed 2026-11-18 13:15 +01:00."]


def test_a_breach_says_when_the_desk_noticed():
    breach = replace(LINE, change=ClockChange.BREACHED, recorded_at=NOW + timedelta(minutes=5))
    assert list(line_notes(breach, BERLIN)) == ["Recorded 5 min later, at Wed 2026-11-18 13:05 +01:00."]
    closed = replace(breach, recorded_at=NOW - HOUR)
    assert list(line_notes(closed, BERLIN)) == [
        "Recorded before the due time: the ticket was closed with the SLA still running."
    ]


def test_the_delivery_of_a_mail_is_told_with_what_the_server_said():
    mail = SentMail("accepted", ("li@company.example", "cc@company.example"), NOW, "250 queued")
    assert list(delivery_notes(replace(CALL, mail=mail), BERLIN)) == [
        "The email to li@company.example, cc@company.example: Accepted by the server.",
        "The server accepted it at Wed 2026-11-18 13:00 +01:00.",
        "The server's response: 250 queued",
    ]


def test_hours_over_midnight_end_at_the_time_of_the_next_day():
    night = WorkingHours("UTC", weekly=[[(1320, 1800)]] * 6 + [[(1320, 1440)]])
    clock = Clock(calendar=Calendar(name="Night"), calendar_version=1, started_at=NOW, due_at=NOW + HOUR)
    weekly = promised_hours(clock, night).weekly
    assert (weekly[0], weekly[6]) == (("22:00-06:00",), ("22:00-24:00",))


def test_the_lead_who_voided_an_answer_is_named_once_with_the_reason():
    voided = replace(CALL, voided_at=NOW, voided_by="Lea", void_reason="Only hello.", at=NOW - HOUR)
    line = replace(LINE, change=ClockChange.REVOKED, actor="Lea", cause="Only hello.", evidence=voided)
    assert list(line_notes(line, BERLIN)) == [
        "Wed 2026-11-18 12:00 +01:00: Phone call: Ann reached Li.",
        "Lea voided it as not an effective response: Only hello.",
    ]


@pytest.mark.parametrize(
    ("contract", "told"),
    [
        (None, "None was in force at the start, so the default plan applies."),
        (ContractInForce("RTC-7", "Gold", "2026-01-01", None), "RTC-7 · Gold, since 2026-01-01"),
        (ContractInForce("", "Gold", "2026-01-01", "2026-12-31"), "Gold, from 2026-01-01 to 2026-12-31"),
    ],
)
def test_the_contract_is_named_or_said_to_be_missing(contract, told):
    sheet = report_of(replace(IT, terms=replace(TERMS, contract=contract)), zone="UTC")
    assert sheet.terms[0].value == told


def test_the_sum_names_the_pause_and_says_when_it_does_not_add_up():
    carried = replace(IT, count=WindowCount((), 2 * HOUR, HOUR, HOUR, 2 * HOUR))
    assert (
        report_of(carried, zone="UTC").sum
        == "2 h counted and 1 h left add up to the response time of 2 h plus 1 h of pause."
    )
    wrong = replace(IT, count=WindowCount((), 2 * HOUR, HOUR, ZERO, 2 * HOUR))
    assert "do not add up to the response time" in report_of(wrong, zone="UTC").sum


def test_a_waiver_stands_at_the_end_with_its_reason():
    waived = replace(IT, waiver=Waiver(NOW, "Lea", "spam"))
    assert report_of(waived, zone="UTC").end[0].text == "Lea waived it: spam"


def test_working_hours_are_grouped_by_equal_days():
    assert list(week_in_words(TERMS.calendar)) == ["Monday to Friday 09:00-18:00"]
    assert list(week_in_words(replace(TERMS.calendar, always_open=True))) == ["24/7"]
    assert day_in_words(OtherDay("2026-10-01", ())) == "2026-10-01 closed"
    assert day_in_words(OtherDay("2026-10-10", ("09:00-18:00",))) == "2026-10-10 09:00-18:00"


def test_a_repeated_hour_is_told_apart_by_its_offset():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert time_in_zone(first, "Europe/Berlin") == "Sun 2026-10-25 02:30 +02:00"
    assert time_in_zone(first + HOUR, "Europe/Berlin") == "Sun 2026-10-25 02:30 +01:00"


def test_zones_with_the_same_time_give_it_once_in_a_sentence():
    assert Zones.of("Asia/Shanghai", "Asia/Manila").inline(NOW) == "Wed 2026-11-18 20:00 +08:00"
    both = "Wed 2026-11-18 20:00 +08:00 (Wed 2026-11-18 13:00 +01:00)"
    assert Zones.of("Asia/Shanghai", "Europe/Berlin").inline(NOW) == both


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 min"), (40, "40 s"), (60, "1 min"), (3600, "1 h"), (3905, "1 h 5 min 5 s"), (97_200, "27 h")],
)
def test_a_duration_is_written_in_hours_however_long(seconds, told):
    assert duration_text(timedelta(seconds=seconds)) == told


def test_weekdays_are_those_of_the_readers_language():
    with translation.override("zh-hans"):
        assert not time_in_zone(NOW, "UTC").startswith("Wed")
