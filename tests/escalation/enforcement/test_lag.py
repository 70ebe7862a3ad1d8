"""Enforcement lag: percentiles by nearest rank over the last day, and what was caught up after an outage."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from escalation.choices import ClockChange
from escalation.enforcement.lag import Lag, breach_lag, catch_ups, step_lag
from escalation.enforcement.sweep import sweep
from escalation.models import Clock
from tests.factories import (
    ClockEventFactory,
    ClockFactory,
    ContactFactory,
    CustomerFactory,
    EscalationFactory,
    set_desk,
    staff,
)
from tests.talk import minute, opened
from tickets.choices import Channel

pytestmark = pytest.mark.django_db

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def breach(noticed: datetime, late: timedelta) -> None:
    due = noticed - late
    ClockFactory(started_at=due - HOUR, due_at=due, breached_at=due, detected_at=noticed, state="breached")


def step(fired: datetime, late: timedelta) -> None:
    EscalationFactory(fired_at=fired, due_at=fired - late)


def test_without_a_breach_there_is_no_lag(now: datetime) -> None:
    ClockFactory(started_at=now - HOUR, due_at=now + HOUR)
    assert breach_lag(now=now) == step_lag(now=now) == Lag()


def test_percentiles_are_values_that_happened(now: datetime) -> None:
    for seconds in range(1, 11):
        breach(now - MINUTE, seconds * SECOND)
    assert breach_lag(now=now) == Lag(10, 5 * SECOND, 10 * SECOND, 10 * SECOND)


def test_one_late_step_in_a_hundred_is_above_the_99th_percentile(now: datetime) -> None:
    for _one in range(99):
        step(now, 10 * SECOND)
    step(now, HOUR)
    assert step_lag(now=now) == Lag(100, 10 * SECOND, 10 * SECOND, HOUR)


@pytest.mark.parametrize(("ago", "counted"), [(0 * HOUR, 1), (24 * HOUR - SECOND, 1), (24 * HOUR, 0)])
def test_breaches_noticed_more_than_a_day_ago_are_left_out(
    now: datetime, ago: timedelta, counted: int
) -> None:
    breach(now - ago, 7 * SECOND)
    step(now - ago, 7 * SECOND)
    assert breach_lag(now=now).count == step_lag(now=now).count == counted


def test_fractions_of_a_second_are_kept(now: datetime) -> None:
    breach(now, timedelta(milliseconds=1250))
    assert breach_lag(now=now).p50 == timedelta(milliseconds=1250)


@pytest.mark.parametrize(("late", "listed"), [(2 * MINUTE, 0), (2 * MINUTE + SECOND, 1)])
def test_a_step_is_caught_up_when_two_sweeps_had_missed_it(
    now: datetime, late: timedelta, listed: int
) -> None:
    step(now - HOUR, late)
    assert len(catch_ups(now=now)) == listed


def test_fire_drills_and_escalations_by_hand_count_as_no_lag(now: datetime) -> None:
    drill = ClockFactory(
        ticket__is_drill=True,
        due_at=now - HOUR,
        started_at=now - 2 * HOUR,
        breached_at=now - HOUR,
        detected_at=now,
    )
    EscalationFactory(clock=drill, fired_at=now, due_at=now - HOUR)
    EscalationFactory(step=None, fired_at=now, due_at=now - HOUR)
    assert breach_lag(now=now) == step_lag(now=now) == Lag()
    assert catch_ups(now=now) == []


def test_late_steps_are_grouped_by_outage_the_latest_first(now: datetime) -> None:
    morning, noon = now - 5 * HOUR, now - HOUR
    for minutes in (0, 3, 6):
        step(morning + minutes * MINUTE, 3 * HOUR)
    step(noon, 20 * MINUTE)
    step(noon, SECOND)
    latest, first = catch_ups(now=now)
    assert (len(latest.escalations), latest.worst) == (1, 20 * MINUTE)
    assert (len(first.escalations), first.worst) == (3, 3 * HOUR)
    assert (first.started_at, first.ended_at) == (morning, morning + 6 * MINUTE)


def test_thirty_late_steps_cost_the_queries_of_three(
    now: datetime, count_queries: Callable[[Callable[[], object]], int]
) -> None:
    def read() -> object:
        names = [
            str(escalation.clock.ticket) for group in catch_ups(now=now) for escalation in group.escalations
        ]
        return names, breach_lag(now=now), step_lag(now=now)

    def grow(to: int) -> int:
        for _one in range(to):
            step(now, HOUR)
            breach(now, HOUR)
        return count_queries(read)

    assert grow(3) == grow(27) == 3


def test_a_call_entered_long_after_it_happened_was_not_enforced_late() -> None:
    set_desk(duty_manager=staff("duty"))
    ann = staff("ann", reports_to=staff("boss"))
    contact = ContactFactory(customer=CustomerFactory(account_manager=ann))
    opened(contact=contact, noticed=50, actor=ann, channel=Channel.PHONE)
    sweep(now=minute(51))
    assert (step_lag(now=minute(52)).worst, breach_lag(now=minute(52)).worst) == (MINUTE, MINUTE)
    assert catch_ups(now=minute(52)) == []


def test_a_mail_that_was_fetched_late_counts_as_lag() -> None:
    set_desk(duty_manager=staff("duty"))
    contact = ContactFactory(customer=CustomerFactory(account_manager=staff("ann", reports_to=staff("boss"))))
    opened(contact=contact, noticed=50)
    sweep(now=minute(51))
    assert breach_lag(now=minute(52)).worst == 21 * MINUTE


def test_an_answer_revoked_after_the_due_time_counts_its_lag_from_the_revocation(now: datetime) -> None:
    breach(now, 4 * HOUR)
    assert breach_lag(now=now).worst == 4 * HOUR
    ClockEventFactory(clock=Clock.objects.get(), change=ClockChange.REVOKED, recorded_at=now - SECOND)
    assert breach_lag(now=now).worst == SECOND


def test_a_later_revocation_does_not_hide_an_earlier_lag(now: datetime) -> None:
    breach(now - MINUTE, HOUR)
    ClockEventFactory(clock=Clock.objects.get(), change=ClockChange.REVOKED, recorded_at=now)
    assert breach_lag(now=now).worst == HOUR
