"""Running promises under older terms: which they are, what newer terms would change, putting them under those."""

from datetime import timedelta

import pytest
from django.db.models import ProtectedError

from escalation.choices import ClockChange, ClockKind, ClockState
from escalation.clocks.ledger_verification import verify
from escalation.clocks.outdated_terms import compare, outdated_clocks, retarget_all, version_in_force
from escalation.models import Clock, Policy
from escalation.policies.editing import Window, revise_policy
from escalation.working_time.due_time import add_working
from escalation.working_time.lookup import hours_of
from tests.factories import (
    ClockFactory,
    ContactFactory,
    ContractFactory,
    ContractWindowFactory,
    CustomerFactory,
    staff,
)
from tests.talk import answered, clock_of, minute, opened
from tickets.choices import Priority
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def director():
    return staff("dana", groups=["Support director"])


@pytest.fixture
def default():
    return Policy.objects.get(is_default=True)


def revised(policy, minutes, *, priority=Priority.P0, at=2):
    """The policy's next version, with another window for a first response."""
    targets = version_in_force(policy).targets.select_related("calendar")
    return revise_policy(
        policy=policy,
        windows=[
            Window(each.kind, each.priority, _minutes(each, minutes, priority), each.calendar)
            for each in targets
        ],
        actor=None,
        at=minute(at),
    )


def _minutes(target, minutes, priority):
    is_meant = (target.kind, target.priority) == (ClockKind.FIRST_RESPONSE, priority)
    return minutes if is_meant else target.minutes


def ticket_of(director, **more):
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=director)), **more)


def under_older(policy):
    return list(outdated_clocks(version_in_force(policy), Clock.objects.all()))


def test_running_promises_keep_their_version_and_are_found(director, default):
    ticket = ticket_of(director)
    assert under_older(default) == []
    version = revised(default, 60)
    clock = clock_of(ticket)
    assert (clock.due_at, under_older(default)) == (minute(30), [clock])
    (row,) = compare(version, [clock])
    assert (row.due_then, row.difference) == (minute(60), timedelta(minutes=30))


def test_promises_met_breached_or_paused_are_not_listed_as_outdated(director, default):
    unaffected = ticket_of(director, priority=Priority.P2)
    answered(unaffected, 1)
    ClockFactory(state=ClockState.BREACHED, policy_version=default.versions.get(), kind="next_response")
    ClockFactory(state=ClockState.PAUSED, policy_version=default.versions.get(), kind="resolution")
    revised(default, 60)
    assert under_older(default) == []


def test_an_older_calendar_counts_as_older_terms(director, default):
    clock = clock_of(ticket_of(director))
    calendar = clock.calendar
    calendar.version += 1
    calendar.save(update_fields=["version"])
    assert under_older(default) == [clock]


def test_a_promise_whose_kind_the_version_leaves_out_has_no_new_due_time(director, default):
    clock = clock_of(ticket_of(director))
    version = revise_policy(policy=default, windows=[], actor=None, at=minute(1))
    (row,) = compare(version, [clock])
    assert (row.due_then, row.difference) == (None, None)


def test_the_contracts_own_window_stands_under_every_version(director, default):
    contract = ContractFactory(customer=CustomerFactory(account_manager=director))
    own_window = ContractWindowFactory(contract=contract, priority=Priority.P0, minutes=20)
    clock = clock_of(opened(contact=ContactFactory(customer=contract.customer)))
    version = revised(default, 60)
    clock = Clock.objects.get(pk=clock.pk)
    assert clock.minutes == own_window.minutes
    assert compare(version, [clock])[0].difference == timedelta(0)


def test_re_targeting_does_what_the_comparison_showed(director, default):
    clock = clock_of(ticket_of(director, priority=Priority.P2))
    version = revised(default, 300, priority=Priority.P2)
    (row,) = compare(version, [clock])
    result = retarget_all([clock], version=version, actor=director, at=minute(5), reason="new terms")
    clock = Clock.objects.get(pk=clock.pk)
    assert (result.done, clock.due_at, clock.policy_version) == (1, row.due_then, version)
    assert row.due_then == add_working(hours_of(clock.calendar), minute(0), timedelta(minutes=300))
    line = clock.events.last()
    assert (line.change, line.actor, line.cause) == (ClockChange.RETARGETED, director, "new terms")
    assert under_older(default) == []
    assert verify().mismatches == ()


def test_a_lowered_promise_is_compared_by_the_due_time_that_it_keeps(director, default):
    ticket, other = ticket_of(director), ticket_of(director, priority=Priority.P2)
    change_priority(ticket=ticket, priority=Priority.P2, actor=director, at=minute(1), reason="one room")
    version = revised(default, 600, priority=Priority.P2)
    rows = compare(version, under_older(default))
    assert [row.difference for row in rows] == [timedelta(0), timedelta(minutes=120)]
    retarget_all(
        [row.clock for row in rows], version=version, actor=director, at=minute(5), reason="new terms"
    )
    assert [clock_of(each).due_at for each in (ticket, other)] == [row.due_then for row in rows]
    assert under_older(default) == []
    assert verify().mismatches == ()


def test_a_refusal_stops_no_other(director, default):
    late, fine = clock_of(ticket_of(director)), clock_of(ticket_of(director, priority=Priority.P2))
    version = revised(default, 3)  # P0: over already at minute 5
    result = retarget_all([late, fine], version=version, actor=director, at=minute(5), reason="x")
    assert (result.done, [each.clock for each in result.refused]) == (1, [late])
    assert "already be breached" in result.refused[0].sentence
    assert clock_of(late.ticket).due_at == minute(30)


def test_a_promise_is_put_under_the_same_terms_once(director, default):
    clock = clock_of(ticket_of(director))
    version = revised(default, 60)
    results = [
        retarget_all([clock], version=version, actor=director, at=minute(5), reason="x") for _click in "ab"
    ]
    assert [each.done for each in results] == [1, 0]
    assert "already" in results[1].refused[0].sentence
    assert clock.events.filter(change=ClockChange.RETARGETED).count() == 1


def test_only_directors_put_promises_under_newer_terms(director, default):
    clock = clock_of(ticket_of(director))
    version, lead = revised(default, 60), staff(groups=["Team lead"])
    result = retarget_all([clock], version=version, actor=lead, at=minute(5), reason="x")
    assert (result.done, clock_of(clock.ticket).due_at) == (0, minute(30))


def test_comparing_thirty_costs_the_queries_of_three(director, default, count_queries):
    version = revised(default, 60)
    old = default.versions.get(number=version.number - 1)
    for number in range(30):
        ClockFactory(
            policy_version=old,
            priority=number % 4,
            calendar=version.targets.first().calendar,
            calendar_version=1,
        )
    clocks = list(Clock.objects.select_related("calendar"))
    few = count_queries(lambda: compare(version, clocks[:3]))
    assert count_queries(lambda: compare(version, clocks)) == few == 2  # none has a contract


def test_a_policy_in_use_cannot_be_deleted(director, default):
    clock = clock_of(ticket_of(director))
    with pytest.raises(ProtectedError):
        default.delete()
    with pytest.raises(ProtectedError):
        clock.policy_version.delete()
