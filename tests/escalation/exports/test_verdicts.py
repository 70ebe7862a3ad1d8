"""What a promise had come to when the week ended."""

from datetime import timedelta

import pytest

from escalation.choices import ClockState
from escalation.exports.promises import verdict_at
from tests.factories import NOW

MINUTE = timedelta(minutes=1)
END = NOW
RUNNING, PAUSED, MET, BREACHED, CANCELLED = ClockState


@pytest.mark.parametrize(
    ("state", "due", "stopped", "expected"),
    [
        (MET, 10, -5, (MET, -5)),
        (MET, 10, 0, (RUNNING, None)),  # answered as the next week began
        (MET, 10, 5, (RUNNING, None)),
        (CANCELLED, 10, -5, (CANCELLED, -5)),
        (CANCELLED, 10, 5, (RUNNING, None)),
        (RUNNING, 10, None, (RUNNING, None)),
        (RUNNING, 0, None, (RUNNING, None)),  # due as the next week begins: theirs
        (RUNNING, -1, None, (BREACHED, -1)),  # no sweep has noticed yet
        (BREACHED, -1, None, (BREACHED, -1)),
        (BREACHED, -30, -5, (BREACHED, -30)),  # answered late: broken when it fell due
        (BREACHED, 5, None, (RUNNING, None)),  # broken after the week
    ],
)
def test_a_promise_is_judged_as_the_week_ended(state, due, stopped, expected):
    verdict = verdict_at(
        END,
        state=state,
        due_at=END + due * MINUTE,
        stopped_at=None if stopped is None else END + stopped * MINUTE,
    )
    assert (verdict.state, verdict.decided_at and (verdict.decided_at - END) / MINUTE) == expected
