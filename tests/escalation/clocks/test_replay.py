"""escalation.clocks.replay: ledger lines as values, and what a clock must say after them."""

from datetime import UTC, datetime, timedelta

import pytest

from escalation.choices import ClockChange, ClockState
from escalation.clocks.replay import UNKNOWN, BrokenChain, ClockStanding, LedgerLine, differences, replay

START = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
DUE = START + timedelta(minutes=30)


def line(change, minute, state_before, state_after, *, due_before=DUE, due_after=DUE, message=None, **data):
    at = START + timedelta(minutes=minute)
    return LedgerLine(change, at, at, message, state_before, state_after, due_before, due_after, data)


STARTED = line(ClockChange.STARTED, 0, "", ClockState.RUNNING, due_before=None, priority=0)
MET = line(ClockChange.MET, 20, ClockState.RUNNING, ClockState.MET, message=7)
REVOKED = line(ClockChange.REVOKED, 50, ClockState.MET, ClockState.RUNNING, message=7)
BREACHED = line(ClockChange.BREACHED, 30, ClockState.RUNNING, ClockState.BREACHED)


def test_a_kept_promise_is_replayed_from_its_ledger():
    assert replay([STARTED, MET]) == ClockStanding(
        ClockState.MET, 0, START, DUE, START + timedelta(minutes=20), answered_by=7
    )


def test_a_revoked_answer_leaves_the_promise_breached_at_its_due_time_and_open():
    replayed = replay([STARTED, MET, REVOKED, BREACHED])
    assert (replayed.state, replayed.breached_at, replayed.stopped_at, replayed.answered_by) == (
        ClockState.BREACHED,
        DUE,
        None,
        None,
    )


@pytest.mark.parametrize("lines", [[MET], [STARTED, REVOKED], [STARTED, MET, BREACHED]])
def test_a_line_that_does_not_follow_the_one_before_it_is_named(lines):
    with pytest.raises(BrokenChain) as broken:
        replay(lines)
    assert broken.value.args[0] == len(lines)


@pytest.mark.parametrize("change", [ClockChange.ACKNOWLEDGED, ClockChange.STEP])
def test_lines_about_acknowledging_and_escalating_leave_state_and_due_time_alone(change):
    steering = line(change, 10, "running", "running", until="2026-11-18T12:25:00+00:00", by="page")
    assert replay([STARTED, steering, MET]) == replay([STARTED, MET])
    with pytest.raises(BrokenChain):
        replay([STARTED, line(change, 10, "running", "running", due_after=DUE + timedelta(minutes=1))])


def test_a_due_time_that_moved_without_a_line_does_not_replay():
    later = DUE + timedelta(minutes=1)
    with pytest.raises(BrokenChain):
        replay([STARTED, line(ClockChange.MET, 20, "running", "met", due_before=later, due_after=later)])


def test_every_field_that_differs_is_named():
    stored = ClockStanding(ClockState.MET, 1, START, DUE)
    replayed = ClockStanding(ClockState.MET, 0, START, DUE, answered_by=7)
    assert list(differences(stored, replayed)) == ["priority", "answered_by"]


TERMS = {
    "policy_version": 3, "calendar": 4, "calendar_version": 5, "contract": 6, "contract_window": None,
    "raised_at": None, "paused_before_raise": 0,
}  # fmt: skip


def test_the_terms_are_those_of_the_last_line_that_names_them():
    begun = line(ClockChange.STARTED, 0, "", "running", due_before=None, priority=1, minutes=60, terms=TERMS)
    raised = TERMS | {"policy_version": 7, "raised_at": "2026-11-18T12:05:00+00:00"}
    changed = line(ClockChange.RETARGETED, 5, "running", "running", priority=0, minutes=30, terms=raised)
    replayed = replay([begun, changed])
    assert (replayed.minutes, replayed.policy_version, replayed.contract) == (30, 7, 6)
    assert replayed.raised_at == START + timedelta(minutes=5)


def test_terms_that_no_line_names_are_not_compared():
    named = {"minutes": 60, "policy_version": 3, "raised_at": START, "paused_before_raise": 9, "contract": 6}
    plain = line(ClockChange.RETARGETED, 5, "running", "running", priority=0)
    replayed = replay([STARTED, plain])
    assert replayed.policy_version is replayed.raised_at is UNKNOWN
    stored = ClockStanding("running", 0, START, DUE, **named, ticket=8, kind="update", calendar=1)
    assert list(differences(stored, replayed)) == []


def test_a_promise_that_was_never_changed_is_not_raised_whatever_its_lines_name():
    replayed = replay([STARTED])
    assert list(differences(ClockStanding("running", 0, START, DUE, raised_at=START), replayed)) == [
        "raised_at"
    ]


def test_a_merge_says_whose_promise_it_is_now():
    moved = line(ClockChange.MERGED, 10, "running", "running", source=1, target=2)
    assert replay([STARTED, moved]).ticket == 2
