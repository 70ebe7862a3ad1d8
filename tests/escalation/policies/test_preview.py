"""What would be promised: due times of unsaved windows, and which contract and windows a moment finds."""

from datetime import UTC, date, datetime, timedelta

import pytest

from customers.models import Contract
from escalation.choices import ClockKind
from escalation.models import Policy
from escalation.policies.editing import Window, revise_policy
from escalation.policies.preview import contract_if_saved, preview_rows, windows_under
from tests.factories import (
    NOW,
    CalendarFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    PolicyFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
    ServicePlanFactory,
    office_calendar,
    staff,
)
from tests.talk import clock_of, opened
from tickets.choices import Priority
from tickets.errors import DeskError

pytestmark = pytest.mark.django_db

FIRST, UPDATE = ClockKind.FIRST_RESPONSE, ClockKind.UPDATE
FRIDAY = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # 17:30 in Shanghai


def test_each_window_falls_due_by_its_own_calendar():
    around, office = CalendarFactory(), office_calendar()
    rows = preview_rows([Window(FIRST, 0, 30, around), Window(FIRST, 2, 240, office)], at=FRIDAY)
    assert [row.kind for row in rows] == [FIRST]
    p0, p1, p2, p3 = rows[0].cells
    assert (p1, p3) == (None, None)
    assert p0.due_at == FRIDAY + timedelta(minutes=30)
    assert p2.due_at == datetime(2026, 11, 23, 4, 30, tzinfo=UTC)  # Monday 12:30 in Shanghai


def test_a_preview_asks_the_database_nothing(count_queries):
    windows = [Window(kind, priority, 60, CalendarFactory()) for kind in ClockKind for priority in Priority]
    assert count_queries(lambda: preview_rows(windows, at=NOW)) == 0
    assert [len(row.cells) for row in preview_rows(windows, at=NOW)] == [4] * 4


def test_a_calendar_without_hours_is_named():
    calendar = CalendarFactory(definition="", name="Empty hours")
    with pytest.raises(DeskError, match="Empty hours cannot count 30 minutes"):
        preview_rows([Window(FIRST, 0, 30, calendar)], at=NOW)


def test_an_unsaved_contract_counts_as_if_it_were_saved():
    saved = ContractFactory(ends_on=date(2026, 11, 17))
    draft = Contract(customer=saved.customer, plan=ServicePlanFactory(), starts_on=date(2026, 11, 18))
    assert contract_if_saved(draft, NOW) is draft
    assert contract_if_saved(draft, NOW - timedelta(days=1)) == saved


def test_the_days_of_a_contract_are_days_of_its_customer():
    draft = Contract(
        customer=CustomerFactory(time_zone="Asia/Shanghai"),
        plan=ServicePlanFactory(),
        starts_on=date(2026, 11, 18),
        ends_on=date(2026, 11, 18),
    )
    midnight = datetime(2026, 11, 17, 16, tzinfo=UTC)
    assert contract_if_saved(draft, midnight - timedelta(seconds=1)) is None
    assert contract_if_saved(draft, midnight) is draft
    assert contract_if_saved(draft, midnight + timedelta(days=1)) is None


def test_a_contract_shortened_in_the_form_no_longer_applies_after_its_last_day():
    contract = ContractFactory()
    contract.ends_on = date(2026, 11, 17)
    assert contract_if_saved(contract, NOW) is None


def test_the_previewed_windows_are_those_that_a_ticket_gets():
    plan, calendar = ServicePlanFactory(), office_calendar()
    version = PolicyVersionFactory(policy=PolicyFactory(plan=plan), number=1)
    PolicyTargetFactory(version=version, priority=Priority.P2, minutes=90, calendar=calendar)
    contract = ContractFactory(plan=plan, customer=CustomerFactory(account_manager=staff()))
    windows = {(each.kind, each.priority): each for each in windows_under(contract, at=NOW)}
    assert windows[FIRST, Priority.P2] == Window(FIRST, Priority.P2, 90, calendar)
    assert windows[FIRST, Priority.P0].minutes == 30  # of the default policy
    for priority in Priority:
        rows = preview_rows(windows.values(), at=NOW)
        (first,) = (row for row in rows if row.kind == FIRST)
        clock = clock_of(opened(priority=priority, contact=ContactFactory(customer=contract.customer)))
        assert (first.cells[priority].due_at, first.cells[priority].window.minutes) == (
            clock.due_at,
            clock.minutes,
        )


def test_updates_are_promised_by_the_version_that_promises_the_answer():
    kinds = {(each.kind, each.priority) for each in windows_under(None, at=NOW)}
    assert (UPDATE, Priority.P0) in kinds
    plan = ServicePlanFactory()
    version = PolicyVersionFactory(policy=PolicyFactory(plan=plan), number=1)
    PolicyTargetFactory(version=version, priority=Priority.P0, minutes=15)
    bare = {(each.kind, each.priority) for each in windows_under(ContractFactory(plan=plan), at=NOW)}
    assert (UPDATE, Priority.P0) not in bare


def test_the_windows_previewed_depend_on_the_chosen_time():
    policy = Policy.objects.get(is_default=True)
    before = windows_under(None, at=NOW)
    revise_policy(
        policy=policy,
        windows=[Window(each.kind, each.priority, each.minutes + 1, each.calendar) for each in before],
        actor=None,
        at=NOW + timedelta(hours=1),
    )
    assert windows_under(None, at=NOW) == before
    assert windows_under(None, at=NOW + timedelta(hours=2))[0].minutes == before[0].minutes + 1
