"""What leads and directors decide about a promise: waived, relaxed, put under newer terms."""

import pytest
from django.contrib.auth.models import User

from escalation.choices import ClockKind, ClockState
from escalation.clocks.lead_decisions import relax, retarget_to_version
from escalation.clocks.ledger_verification import verify
from escalation.enforcement.sweep import sweep
from escalation.enforcement.waivers import waive_promise
from escalation.models import Clock, Policy, PolicyVersion
from escalation.policies.editing import Window, revise_policy
from supportdesk.pages.ticket.lead_options import lead_options_of
from tests.factories import ContactFactory, CustomerFactory, staff
from tests.talk import answered, clock_of, minute, opened
from tickets.choices import Priority
from tickets.errors import DeskError
from tickets.models import Ticket
from tickets.services.status_and_priority import change_priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return staff("lead", groups=["Team lead"])


@pytest.fixture
def director():
    return staff("dana", groups=["Support director"])


@pytest.fixture
def ticket(lead) -> Ticket:
    manager = staff("ann", reports_to=lead, groups=["Account manager"])
    return opened(contact=ContactFactory(customer=CustomerFactory(account_manager=manager)))


def lower_at(ticket: Ticket, at: float = 5) -> Clock:
    change_priority(
        ticket=ticket, priority=Priority.P2, actor=ticket.owner, at=minute(at), reason="one room only"
    )
    return clock_of(ticket)


def newer_version(minutes: int, at: float = 2, priority: int = Priority.P0) -> PolicyVersion:
    policy = Policy.objects.get(is_default=True)
    targets = policy.versions.latest("number").targets.select_related("calendar")
    windows = [Window(each.kind, each.priority, each.minutes, each.calendar) for each in targets]
    changed = [
        Window(each.kind, each.priority, minutes, each.calendar)
        if (each.kind, each.priority) == (ClockKind.FIRST_RESPONSE, priority)
        else each
        for each in windows
    ]
    return revise_policy(policy=policy, windows=changed, actor=None, at=minute(at))


def test_a_lead_relaxes_a_lowered_promise_to_the_window_of_its_priority(ticket, lead):
    clock = lower_at(ticket)
    assert clock.due_at == minute(30)
    relax(clock=clock, actor=lead, at=minute(10), reason="agreed with Li")
    clock = clock_of(ticket)
    assert (clock.due_at, clock.minutes, clock.next_step_at) == (minute(480), 480, minute(240))
    line = clock.events.last()
    assert (line.actor, line.cause, line.data["relaxed"]) == (lead, "agreed with Li", True)
    assert verify(ticket=ticket.pk).mismatches == ()


def test_a_promise_of_its_own_priority_has_nothing_to_relax(ticket, lead):
    with pytest.raises(DeskError, match="nothing to relax"):
        relax(clock=clock_of(ticket), actor=lead, at=minute(10), reason="please")


@pytest.mark.parametrize("at", [30, 40])
def test_a_broken_promise_is_not_relaxed_though_no_sweep_has_seen_it(ticket, lead, at):
    with pytest.raises(DeskError, match="stays as it is"):
        relax(clock=lower_at(ticket), actor=lead, at=minute(at), reason="please")
    assert clock_of(ticket).due_at == minute(30)


def test_a_kept_promise_is_not_relaxed(ticket, lead):
    clock = lower_at(ticket)
    answered(ticket, 8)
    with pytest.raises(DeskError, match="stays as it is"):
        relax(clock=clock, actor=lead, at=minute(10), reason="please")


def test_a_running_promise_is_put_under_newer_terms_from_its_start(ticket, director):
    version = newer_version(60)
    clock = clock_of(ticket)
    assert clock.due_at == minute(30)
    retarget_to_version(clock=clock, version=version, actor=director, at=minute(10), reason="new contract")
    clock = clock_of(ticket)
    assert (clock.due_at, clock.policy_version, clock.minutes) == (minute(60), version, 60)
    assert verify(ticket=ticket.pk).mismatches == ()
    sweep(now=minute(59))
    assert clock_of(ticket).state == ClockState.RUNNING


def put_under(version: PolicyVersion, ticket: Ticket, director: User, at: float = 10) -> Clock:
    retarget_to_version(
        clock=clock_of(ticket), version=version, actor=director, at=minute(at), reason="new terms"
    )
    assert verify(ticket=ticket.pk).mismatches == ()
    return clock_of(ticket)


def test_a_lowered_promise_keeps_its_stricter_due_time_under_newer_terms(ticket, director):
    clock = lower_at(ticket)
    version = newer_version(600, priority=Priority.P2)
    clock = put_under(version, ticket, director)
    assert (clock.due_at, clock.minutes, clock.policy_version) == (minute(30), 30, version)
    assert clock.events.last().data["kept"] is True
    sweep(now=minute(30))
    assert clock_of(ticket).breached_at == minute(30)


def test_a_lowered_promise_cannot_be_put_twice_under_the_same_terms(ticket, director):
    lower_at(ticket)
    version = newer_version(600, priority=Priority.P2)
    put_under(version, ticket, director)
    with pytest.raises(DeskError, match="already"):
        put_under(version, ticket, director, at=11)


def test_newer_terms_that_are_stricter_than_the_lowered_promise_count(ticket, director):
    lower_at(ticket)
    version = newer_version(20, priority=Priority.P2)
    clock = put_under(version, ticket, director)
    assert (clock.due_at, clock.minutes) == (minute(20), 20)
    assert "kept" not in clock.events.last().data


def test_two_newer_versions_do_not_relax_a_lowered_promise_either(ticket, director):
    lower_at(ticket)
    put_under(newer_version(20, priority=Priority.P2), ticket, director)
    assert put_under(newer_version(600, priority=Priority.P2), ticket, director).due_at == minute(20)


def test_a_relaxed_promise_follows_newer_terms_in_full(ticket, lead, director):
    relax(clock=lower_at(ticket), actor=lead, at=minute(6), reason="agreed with Li")
    assert put_under(newer_version(600, priority=Priority.P2), ticket, director).due_at == minute(600)


def test_a_promise_relaxed_after_newer_terms_is_due_by_those(ticket, lead, director):
    lower_at(ticket)
    version = newer_version(600, priority=Priority.P2)
    clock = put_under(version, ticket, director)
    assert lead_options_of(clock, clock.events.all(), now=minute(11)).relaxed_due == minute(600)
    relax(clock=clock, actor=lead, at=minute(11), reason="agreed with Li")
    clock = clock_of(ticket)
    assert (clock.due_at, clock.policy_version) == (minute(600), version)
    assert verify(ticket=ticket.pk).mismatches == ()


def test_lowered_and_raised_back_a_promise_follows_newer_terms(ticket, director):
    lower_at(ticket)
    change_priority(ticket=ticket, priority=Priority.P0, actor=director, at=minute(6), reason="all rooms")
    assert put_under(newer_version(60), ticket, director).due_at == minute(60)


def test_a_re_target_to_a_due_time_in_the_past_is_refused(ticket, director):
    version = newer_version(10)
    with pytest.raises(DeskError, match="already be breached"):
        retarget_to_version(
            clock=clock_of(ticket), version=version, actor=director, at=minute(10), reason="stricter"
        )
    assert clock_of(ticket).due_at == minute(30)


def test_a_version_without_the_window_is_refused(ticket, director):
    bare = PolicyVersion.objects.create(
        policy=Policy.objects.get(is_default=True), number=99, created_at=minute(1)
    )
    with pytest.raises(DeskError, match="no such response time"):
        retarget_to_version(clock=clock_of(ticket), version=bare, actor=director, at=minute(5), reason="x")


@pytest.mark.parametrize("decide", [waive_promise, relax])
def test_only_leads_may_waive_and_relax(ticket, decide):
    with pytest.raises(DeskError, match="Ask a lead"):
        decide(clock=lower_at(ticket), actor=ticket.owner, at=minute(10), reason="please")


def test_only_directors_change_the_terms_of_a_running_promise(ticket, lead):
    with pytest.raises(DeskError, match="may not"):
        retarget_to_version(
            clock=clock_of(ticket), version=newer_version(60), actor=lead, at=minute(10), reason="x"
        )


@pytest.mark.parametrize("reason", ["", "  "])
@pytest.mark.parametrize("decide", [waive_promise, relax])
def test_a_decision_needs_a_reason(ticket, lead, decide, reason):
    with pytest.raises(DeskError, match="reason"):
        decide(clock=lower_at(ticket), actor=lead, at=minute(10), reason=reason)
