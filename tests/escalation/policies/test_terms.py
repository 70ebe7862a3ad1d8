"""Which promise applies: contract, plan, policy version and window of the moment."""

from datetime import UTC, date, datetime, timedelta

import pytest

from customers.models import ServicePlan
from escalation.choices import RESPONSE_KINDS, ClockKind
from escalation.models import Policy, PolicyTarget, PolicyVersion
from escalation.policies.terms import contract_in_force, terms_for
from tests.factories import (
    NOW,
    ContractFactory,
    CustomerFactory,
    PolicyFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
    staff,
)
from tests.talk import answered, asked, clock_of, opened
from tickets.choices import Priority
from tickets.errors import DeskError

pytestmark = pytest.mark.django_db


def promised(customer=None, *, priority=Priority.P2, at=NOW, kind=ClockKind.FIRST_RESPONSE):
    return terms_for(customer=customer, kind=kind, priority=priority, at=at)


def version_of(policy: Policy, number: int, since: datetime, **windows: int) -> PolicyVersion:
    """A version with windows in minutes: `p0=15, p2=60`."""
    version = PolicyVersionFactory(policy=policy, number=number, created_at=since)
    for priority, minutes in windows.items():
        PolicyTargetFactory(version=version, priority=Priority[priority.upper()], minutes=minutes)
    return version


@pytest.mark.parametrize("kind", RESPONSE_KINDS)
@pytest.mark.parametrize(("priority", "hours"), [(0, 0.5), (1, 4), (2, 8), (3, 24)])
def test_the_shipped_promise_is_the_table_of_tiers(kind, priority, hours):
    target = promised(kind=kind, priority=priority).target
    assert target.minutes == hours * 60
    assert target.calendar.always_open


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        (
            "Asia/Shanghai",
            datetime(2026, 6, 30, 15, 59, tzinfo=UTC),
            datetime(2026, 6, 30, 16, 1, tzinfo=UTC),
        ),
        (
            "Europe/Berlin",
            datetime(2026, 6, 30, 21, 59, tzinfo=UTC),
            datetime(2026, 6, 30, 22, 1, tzinfo=UTC),
        ),
        ("America/New_York", datetime(2026, 7, 1, 3, 59, tzinfo=UTC), datetime(2026, 7, 1, 4, 1, tzinfo=UTC)),
    ],
)
def test_contracts_change_at_midnight_of_the_customers_zone(zone, before, after):
    customer = CustomerFactory(time_zone=zone)
    old = ContractFactory(customer=customer, ends_on=date(2026, 6, 30))
    new = ContractFactory(customer=customer, starts_on=date(2026, 7, 1))
    assert contract_in_force(customer, before) == old
    assert contract_in_force(customer, after) == new


def test_a_contract_counts_its_days_in_a_zone_of_its_own():
    customer = CustomerFactory(time_zone="Asia/Shanghai")
    contract = ContractFactory(
        customer=customer, time_zone="America/New_York", starts_on=date(2026, 7, 1), ends_on=date(2026, 7, 1)
    )
    covered = [datetime(2026, 7, 1, 4, tzinfo=UTC), datetime(2026, 7, 2, 3, 59, tzinfo=UTC)]
    assert [contract_in_force(customer, at) for at in covered] == [contract, contract]
    outside = [datetime(2026, 7, 1, 3, 59, tzinfo=UTC), datetime(2026, 7, 2, 4, tzinfo=UTC)]
    assert [contract_in_force(customer, at) for at in outside] == [None, None]


def test_where_zones_make_two_contracts_overlap_the_later_one_applies():
    customer = CustomerFactory()
    ContractFactory(customer=customer, time_zone="America/New_York", ends_on=date(2026, 6, 30))
    new = ContractFactory(customer=customer, time_zone="Asia/Shanghai", starts_on=date(2026, 7, 1))
    assert contract_in_force(customer, datetime(2026, 6, 30, 20, tzinfo=UTC)) == new


def test_tickets_of_either_side_of_midnight_carry_different_terms(now):
    midnight = now.replace(hour=16)  # in Shanghai
    customer = CustomerFactory(account_manager=staff())
    gold = PolicyFactory(plan=ContractFactory(customer=customer, starts_on=date(2026, 11, 19)).plan)
    version_of(gold, 1, NOW - timedelta(days=9), p0=10)
    contact = customer.contacts.create(email="li@company.example")
    until = (midnight - now).total_seconds() / 60
    before, after = (clock_of(opened(until + off, contact=contact)) for off in (-1, 1))
    assert (before.contract, before.minutes) == (None, 30)
    assert (after.contract.plan.policy, after.minutes) == (gold, 10)


def test_a_ticket_keeps_the_contract_of_its_start_for_later_questions(now):
    customer = CustomerFactory(account_manager=staff(), time_zone="UTC")
    silver = ContractFactory(customer=customer, ends_on=date(2026, 11, 18))
    gold = ContractFactory(customer=customer, starts_on=date(2026, 11, 19))
    version_of(PolicyFactory(plan=gold.plan), 1, NOW - timedelta(days=9), p0=10)
    contact = customer.contacts.create(email="li@company.example")
    ticket = opened(contact=contact)
    answered(ticket, 5)
    asked(ticket, 24 * 60)
    later = ticket.clocks.get(kind=ClockKind.NEXT_RESPONSE)
    assert (later.contract, later.minutes) == (silver, 30)
    assert clock_of(opened(24 * 60, contact=contact)).contract == gold


@pytest.mark.parametrize(
    ("day", "covered"),
    [
        (date(2026, 3, 1), True),
        (date(2026, 3, 31), True),
        (date(2026, 2, 28), False),
        (date(2026, 4, 1), False),
    ],
)
def test_a_contract_covers_its_first_and_its_last_day(day, covered):
    customer = CustomerFactory(time_zone="UTC")
    ContractFactory(customer=customer, starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    assert (contract_in_force(customer, noon) is not None) is covered


def test_no_customer_means_no_contract():
    assert contract_in_force(None, NOW) is None


def test_the_plans_own_policy_wins_over_the_default_one():
    contract = ContractFactory()
    gold = version_of(PolicyFactory(plan=contract.plan), 1, NOW, p2=60)
    terms = promised(contract.customer)
    assert (terms.contract, terms.target.version, terms.target.minutes) == (contract, gold, 60)


def test_a_priority_that_the_plan_leaves_out_falls_to_the_default_policy():
    contract = ContractFactory()
    version_of(PolicyFactory(plan=contract.plan), 1, NOW, p0=5)
    assert promised(contract.customer).target.version.policy.is_default


def test_a_window_that_a_new_version_leaves_out_falls_to_the_default_policy():
    contract = ContractFactory()
    gold = PolicyFactory(plan=contract.plan)
    version_of(gold, 1, NOW - timedelta(days=2), p0=5, p2=60)
    version_of(gold, 2, NOW - timedelta(days=1), p0=5)
    assert promised(contract.customer).target.version.policy.is_default
    assert promised(contract.customer, at=NOW - timedelta(days=1, minutes=1)).target.minutes == 60


def test_without_a_contract_the_default_plans_policy_applies():
    plan = ServicePlan.objects.get(is_default=True)
    version_of(PolicyFactory(plan=plan), 1, NOW, p2=90)
    assert promised(CustomerFactory()).target.minutes == 90
    assert promised(None).target.minutes == 90


def test_a_policy_of_another_plan_does_not_apply():
    version_of(PolicyFactory(plan=ContractFactory().plan), 1, NOW, p2=1)
    assert promised(ContractFactory().customer).target.minutes == 480


@pytest.mark.parametrize(("seconds", "minutes"), [(-1, 480), (0, 60), (1, 60)])
def test_the_version_in_force_at_the_moment_counts(seconds, minutes):
    version_of(Policy.objects.get(is_default=True), 2, NOW, p2=60)
    assert promised(at=NOW + timedelta(seconds=seconds)).target.minutes == minutes


def test_mail_older_than_every_policy_has_terms_too():
    PolicyVersion.objects.update(created_at=NOW)
    assert promised(at=NOW - timedelta(days=1)).target.minutes == 480


def test_mail_is_not_refused_when_the_newest_default_version_forgot_its_priority():
    version_of(Policy.objects.get(is_default=True), 2, NOW, p0=30)
    assert promised().target.minutes == 480


def test_terms_that_no_policy_ever_promised_are_an_error_with_a_sentence():
    PolicyTarget.objects.filter(priority=Priority.P2).delete()
    with pytest.raises(DeskError, match="default policy"):
        promised()


def test_terms_cost_two_queries(django_assert_num_queries):
    customer = ContractFactory().customer
    with django_assert_num_queries(2):
        terms = promised(customer)
        assert terms.target.version.policy.duty_rota is None
        assert terms.target.calendar.always_open
