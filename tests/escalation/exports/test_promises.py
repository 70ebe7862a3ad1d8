"""Which promises belong to a week, in which they count, and what their row says."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from customers.choices import Scenario
from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.exports.bulk_reading import load_people
from escalation.exports.clock_rows import PATHS, TIMES, ClockRow
from escalation.exports.promises import promises_of
from escalation.exports.promises_csv import COLUMNS, promise_row
from escalation.lib.weeks import Period, Week
from escalation.working_time.definitions import OwnDay, from_json
from escalation.working_time.editing import revise_calendar
from tests.factories import (
    ClockEventFactory,
    ClockFactory,
    CustomerFactory,
    OutboundMessageFactory,
    TeamFactory,
    TicketFactory,
    office_calendar,
    staff,
)

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = Period.of(Week(2026, 47), zone=ZONE)
BEFORE, AFTER = Period.of(Week(2026, 46), zone=ZONE), Period.of(Week(2026, 48), zone=ZONE)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def met(*, started, stopped, **fields):
    clock = ClockFactory(state=ClockState.MET, started_at=started, stopped_at=stopped, **fields)
    clock.answered_by = OutboundMessageFactory(ticket=clock.ticket, at=stopped)
    clock.save(update_fields=["answered_by"])
    ClockEventFactory(clock=clock)
    return clock


def breached(*, started, stopped=None, **fields):
    clock = ClockFactory(state=ClockState.BREACHED, started_at=started, stopped_at=stopped, **fields)
    clock.breached_at = clock.due_at
    clock.detected_at = clock.due_at + 20 * timedelta(seconds=1)
    if stopped:
        clock.answered_by = OutboundMessageFactory(ticket=clock.ticket, at=stopped)
    clock.save(update_fields=["breached_at", "detected_at", "answered_by"])
    ClockEventFactory(clock=clock)
    return clock


def promises(period=PERIOD):
    return list(promises_of(period))


def counted(period):
    return [promise.clock.pk for promise in promises(period) if promise.is_decided_here]


def row_of(clock):
    roster = load_people()
    (row,) = (promise_row(each, people=roster, zone=ZONE) for each in promises() if each.clock.pk == clock.pk)
    return dict(zip(COLUMNS, row, strict=True))


def test_every_field_of_a_row_has_a_path_or_a_time():
    assert len(ClockRow._fields) == len(PATHS) + len(TIMES)


def test_a_promise_counts_in_the_week_that_decided_it_and_in_no_other():
    over_the_end = met(started=PERIOD.end - HOUR, stopped=PERIOD.end + HOUR)
    over_the_start = met(started=PERIOD.start - HOUR, stopped=PERIOD.start)
    within = met(started=PERIOD.start + HOUR, stopped=PERIOD.start + 2 * HOUR)
    assert counted(PERIOD) == [over_the_start.pk, within.pk]
    assert counted(AFTER) == [over_the_end.pk]
    assert counted(BEFORE) == []
    assert [promise.clock.pk for promise in promises()] == [over_the_end.pk, over_the_start.pk, within.pk]


def test_a_broken_promise_counts_when_it_fell_due_although_the_answer_came_a_week_later():
    clock = breached(started=PERIOD.end - 9 * HOUR, stopped=PERIOD.end + HOUR)  # due an hour before the end
    assert (counted(PERIOD), counted(AFTER)) == ([clock.pk], [])
    (there,) = promises(AFTER)
    assert (there.is_answered_here, there.response) == (True, 10 * HOUR)
    (here,) = promises(PERIOD)
    assert (here.answered_at, here.response) == (None, None)


def test_an_overdue_promise_that_no_sweep_has_seen_counts_as_breached():
    clock = ClockFactory(started_at=PERIOD.end - 9 * HOUR)
    assert row_of(clock)["outcome"] == "breached"
    assert row_of(clock)["breached_at"] == "2026-11-22T15:00:00+00:00"


def test_a_promise_that_runs_over_the_end_of_the_week_is_listed_and_does_not_count():
    clock = ClockFactory(started_at=PERIOD.end - HOUR)
    row = row_of(clock)
    assert (row["outcome"], row["counts_this_week"], row["breached_at"]) == ("running", False, None)


def test_a_promise_of_another_week_is_not_listed():
    met(started=PERIOD.start - 3 * HOUR, stopped=PERIOD.start - HOUR)
    ClockFactory(started_at=PERIOD.end)
    assert promises() == []


def test_a_cancelled_promise_names_no_answer():
    clock = ClockFactory(state=ClockState.CANCELLED, started_at=PERIOD.start, stopped_at=PERIOD.start + HOUR)
    row = row_of(clock)
    assert (row["outcome"], row["answered_at"], row["response_seconds"]) == ("cancelled", "", None)


def test_a_row_carries_terms_times_and_evidence():
    owner = staff("bo")
    clock = met(
        started=PERIOD.start + HOUR,
        stopped=PERIOD.start + HOUR + 25 * MINUTE,
        ticket=TicketFactory(owner=owner, priority=0),
        minutes=30,
    )
    row = row_of(clock)
    assert (row["promise"], row["ticket"], row["priority"]) == (clock.pk, clock.ticket.number, "P0")
    assert (row["window_minutes"], row["response_seconds"], row["near_miss"]) == (30, 1500, False)
    assert (row["policy"], row["policy_version"]) == (
        clock.policy_version.policy.name,
        clock.policy_version.number,
    )
    assert (row["answered_by"], row["held_by"]) == ("bo", "bo 1500")
    assert (row["due_at"], row["due_local"]) == ("2026-11-15T17:30:00+00:00", "2026-11-16 01:30:00")


@pytest.mark.parametrize(("minutes", "near"), [(26, False), (27, True), (30, True)])
def test_the_last_tenth_of_the_window_is_a_near_miss(minutes, near):
    clock = met(started=PERIOD.start, stopped=PERIOD.start + minutes * MINUTE, minutes=30)
    assert row_of(clock)["near_miss"] is near


@pytest.mark.parametrize(("minutes", "near"), [(146, False), (147, True)])
def test_the_window_of_a_raised_promise_begins_when_it_was_raised(minutes, near):
    clock = met(
        started=PERIOD.start,
        stopped=PERIOD.start + minutes * MINUTE,
        raised_at=PERIOD.start + 2 * HOUR,
        due_at=PERIOD.start + 150 * MINUTE,
    )
    assert row_of(clock)["near_miss"] is near


def test_a_breached_promise_is_no_near_miss_however_close():
    clock = breached(started=PERIOD.start, stopped=PERIOD.start + 31 * MINUTE, minutes=30)
    assert row_of(clock)["near_miss"] is False


def test_minutes_are_working_minutes_of_the_promises_calendar():
    friday = PERIOD.start + timedelta(days=4, hours=17)
    monday = AFTER.start + timedelta(hours=10)
    clock = met(started=friday, stopped=monday, calendar=office_calendar(), due_at=monday + 8 * HOUR)
    (promise,) = promises(AFTER)
    assert promise.clock.pk == clock.pk
    assert promise.response == 2 * HOUR  # Friday from five to six, Monday from nine to ten


def test_seconds_in_a_row_follow_the_calendar_version_the_promise_started_with():
    friday = PERIOD.start + timedelta(days=4, hours=17)
    calendar = office_calendar()
    clock = met(started=friday, stopped=friday + HOUR, calendar=calendar)
    closed = replace(from_json(calendar.definition), own_days=(OwnDay(friday.astimezone(ZONE).date()),))
    revise_calendar(calendar=calendar, definition=closed, actor=None, at=friday)
    assert row_of(clock)["response_seconds"] == 3600


def test_the_holders_are_read_from_the_ledger_each_with_their_own_clock():
    ann, bob = staff("ann"), staff("bob")
    first = breached(started=PERIOD.start, ticket=TicketFactory(owner=ann), minutes=60)
    ClockEventFactory(clock=first, change=ClockChange.HANDED_OVER, at=PERIOD.start + 45 * MINUTE, holder=bob)
    second = met(started=PERIOD.start, stopped=PERIOD.start + HOUR, ticket=TicketFactory(owner=bob))
    assert row_of(first)["held_by"] == "ann 2700; bob 900"
    assert row_of(second)["held_by"] == "bob 3600"


def test_a_ledger_line_dated_back_to_an_answer_changes_no_holder():
    """Bob logs at minute 50 that somebody was reached at minute 20, when Ann still held it; then it is revoked."""
    ann, bob = staff("ann"), staff("bob")
    clock = breached(started=PERIOD.start, ticket=TicketFactory(owner=ann), minutes=60)
    ClockEventFactory(clock=clock, change=ClockChange.HANDED_OVER, at=PERIOD.start + 40 * MINUTE, holder=bob)
    ClockEventFactory(clock=clock, change=ClockChange.MET, at=PERIOD.start + 20 * MINUTE, holder=bob)
    assert row_of(clock)["held_by"] == "ann 2400; bob 1200"


def test_thirty_promises_cost_the_queries_of_three(count_queries):
    def queries_of(number):
        calendar = office_calendar()
        for _each in range(number):
            met(started=PERIOD.start, stopped=PERIOD.start + HOUR, calendar=calendar)
        return count_queries(promises)

    assert queries_of(3) == 4  # what changed since, clocks, ledger, the calendar's version
    assert queries_of(27) == 5  # and of another calendar


WAIVER = ("waived_at", "waived_by", "waive_reason")


def test_a_waiver_stands_beside_the_raw_outcome():
    lead = staff("lead")
    excused = breached(started=PERIOD.start + HOUR, minutes=30)
    excused.waived_at, excused.waived_by = PERIOD.end + HOUR, lead  # decided when the week was looked at
    excused.waive_reason = "their own outage"
    excused.save(update_fields=["waived_at", "waived_by", "waive_reason"])
    row = row_of(excused)
    assert row["outcome"] == "breached"
    decided = "2026-11-22T17:00:00+00:00"
    assert [row[name] for name in WAIVER] == [decided, "lead", "their own outage"]


def test_a_promise_that_nobody_waived_has_empty_columns():
    row = row_of(met(started=PERIOD.start, stopped=PERIOD.start + HOUR))
    assert [row[name] for name in WAIVER] == ["", "", ""]


def test_a_row_names_the_promised_channels_and_those_of_the_answer():
    clock = met(started=PERIOD.start, stopped=PERIOD.start + HOUR)
    version, ticket = clock.policy_version, clock.ticket
    version.channels = {str(clock.priority): ["phone", "account_manager"]}
    version.save(update_fields=["channels"])
    row = row_of(clock)
    assert (row["channels_promised"], row["answered_through"]) == ("phone; account_manager", "email")
    ticket.customer.backup_account_manager = clock.answered_by.author
    ticket.customer.save()
    assert row_of(clock)["answered_through"] == "email; account_manager"


def test_a_row_without_promised_channels_or_answer_names_none():
    row = row_of(ClockFactory(started_at=PERIOD.end - HOUR))
    assert (row["channels_promised"], row["answered_through"]) == ("", "")
    update = ClockFactory(started_at=PERIOD.end - HOUR, kind=ClockKind.UPDATE, priority=0)
    version = update.policy_version
    version.channels = {"0": ["phone"]}
    version.save(update_fields=["channels"])
    assert row_of(update)["channels_promised"] == ""


def test_a_breach_is_shared_by_the_seconds_of_its_holders_and_says_how_late_it_was():
    ann, bob = staff("ann"), staff("bob")
    clock = breached(
        started=PERIOD.start, stopped=PERIOD.start + 90 * MINUTE, ticket=TicketFactory(owner=ann), minutes=60
    )
    ClockEventFactory(clock=clock, change=ClockChange.HANDED_OVER, at=PERIOD.start + 40 * MINUTE, holder=bob)
    row = row_of(clock)
    assert row["breach_shares"] == "ann 0.666667; bob 0.333333"
    assert (row["overdue_seconds"], row["left_seconds"]) == (1800, None)


def test_a_kept_promise_says_what_was_left_and_one_still_unanswered_is_overdue_until_the_week_ends():
    kept = met(started=PERIOD.start, stopped=PERIOD.start + 20 * MINUTE, minutes=30)
    late = breached(started=PERIOD.end - 9 * HOUR)
    assert (row_of(kept)["left_seconds"], row_of(kept)["overdue_seconds"]) == (600, None)
    assert row_of(late)["overdue_seconds"] == 3600


def test_every_time_of_a_row_stands_in_both_zones():
    clock = breached(started=PERIOD.start, stopped=PERIOD.start + 9 * HOUR, waived_at=PERIOD.start)
    row = row_of(clock)
    times = [name for name in COLUMNS if name.endswith("_at")]
    assert len(times) == 9
    for name in times:
        local = row[name.removesuffix("_at") + "_local"]
        at = row[name] and datetime.fromisoformat(row[name]).astimezone(ZONE)
        assert local == (f"{at:%Y-%m-%d %H:%M:%S}" if at else row[name])
    assert row["local_zone"] == "Asia/Shanghai"


def test_people_are_named_with_their_teams_and_the_scenario_is_filled_from_the_customer():
    lead = staff("lead", team=None)
    lead.first_name, lead.last_name = "悦", "林"
    lead.save()
    TeamFactory(name="North", lead=lead)
    customer = CustomerFactory(account_manager=lead, scenario=Scenario.SHOW_ROOM)
    clock = met(
        started=PERIOD.start,
        stopped=PERIOD.start + HOUR,
        ticket=TicketFactory(customer=customer, owner=lead),
    )
    row = row_of(clock)
    assert (row["account_manager_name"], row["account_manager_team"]) == ("林悦", "North")
    assert (row["owner_name"], row["owner_team"]) == ("林悦", "North")
    assert row["scenario"] == Scenario.SHOW_ROOM
