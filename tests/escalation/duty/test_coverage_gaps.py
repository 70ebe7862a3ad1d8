"""Coverage: no shift, away without anybody who stands in, gone; and on which rotas a promise depends."""

from datetime import date, timedelta

import pytest

from escalation.duty.coverage_gaps import (
    GapWhy,
    coverage_gaps,
    gaps_that_matter,
    policies_without_rota,
    rotas_that_matter,
)
from escalation.models import Policy
from tests.factories import (
    NOW,
    AbsenceFactory,
    CalendarFactory,
    ContractFactory,
    DutyRotaFactory,
    DutyShiftFactory,
    EscalationStepFactory,
    PolicyFactory,
    PolicyTargetFactory,
    PolicyVersionFactory,
    ServicePlanFactory,
    UserFactory,
    office_calendar,
    staff,
)
from tickets.choices import Priority

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
END = 14 * 24


@pytest.fixture
def rota():
    return DutyRotaFactory()


def shift(rota, first, last, user=None, **more):
    """Hours after now."""
    return DutyShiftFactory(
        rota=rota,
        user=user or UserFactory(),
        starts_at=NOW + first * HOUR,
        ends_at=NOW + last * HOUR,
        **more,
    )


def away(user, first, last):
    AbsenceFactory(user=user, starts_at=NOW + first * HOUR, ends_at=NOW + last * HOUR)


def gaps(rota):
    return [
        (gap.why, (gap.starts_at - NOW) / HOUR, (gap.ends_at - NOW) / HOUR)
        for gap in coverage_gaps(rota=rota, at=NOW)
    ]


def test_a_rota_without_shifts_is_one_gap(rota):
    assert gaps(rota) == [(GapWhy.NOBODY, 0, END)]


def test_time_between_and_after_shifts_is_a_gap(rota):
    shift(rota, -5, 8)
    shift(rota, 9, 300)
    assert gaps(rota) == [(GapWhy.NOBODY, 8, 9), (GapWhy.NOBODY, 300, END)]


def test_a_rota_covered_to_the_end_has_no_gap(rota):
    shift(rota, -5, 8)
    shift(rota, 8, END)
    assert gaps(rota) == []


def test_away_without_a_deputy_is_a_gap_as_long_as_the_absence(rota):
    ann = staff("ann")
    shift(rota, -5, END, ann)
    away(ann, 10, 20)
    assert gaps(rota) == [(GapWhy.AWAY, 10, 20)]


def test_a_deputy_who_is_present_closes_the_gap_and_an_absent_one_does_not(rota):
    ben = staff("ben")
    ann = staff("ann", deputy=ben)
    shift(rota, -5, END, ann)
    away(ann, 10, 20)
    assert gaps(rota) == []
    away(ben, 15, 30)
    assert gaps(rota) == [(GapWhy.AWAY, 15, 20)]


def test_a_deputys_deputy_closes_a_gap_and_a_circle_of_deputies_does_not(rota):
    ben, cy = staff("ben"), staff("cy")
    ann = staff("ann", deputy=ben)
    ben.staff_profile.deputy = cy
    ben.staff_profile.save()
    cy.staff_profile.deputy = ann
    cy.staff_profile.save()
    shift(rota, -5, END, ann)
    away(ann, 10, 20)
    away(ben, 10, 20)
    assert gaps(rota) == []
    away(cy, 12, 14)
    assert gaps(rota) == [(GapWhy.AWAY, 12, 14)]


def leave(user, field):
    setattr(user, field, False)
    user.save()
    if field == "permission":
        user.user_permissions.clear()


@pytest.mark.parametrize("field", ["is_active", "is_staff", "permission"])
def test_somebody_who_left_is_a_gap_unless_a_deputy_is_there(rota, field):
    ben = staff("ben")
    gone = staff("ann")
    leave(gone, field)
    shift(rota, -5, END, gone)
    assert gaps(rota) == [(GapWhy.INACTIVE, 0, END)]
    gone.staff_profile.deputy = ben
    gone.staff_profile.save()
    assert gaps(rota) == []
    leave(ben, field)
    assert gaps(rota) == [(GapWhy.INACTIVE, 0, END)]


def test_an_override_closes_the_gap_of_somebody_away(rota):
    ann = staff("ann")
    shift(rota, -5, END, ann)
    away(ann, 10, 20)
    shift(rota, 9, 21, rank=5)
    assert gaps(rota) == []


def policy(rota=None, *, calendar=None, priority=Priority.P0, **more):
    with_rota = PolicyFactory(duty_rota=rota, **more)
    version = PolicyVersionFactory(policy=with_rota)
    PolicyTargetFactory(version=version, priority=priority, calendar=calendar or CalendarFactory())
    return with_rota


def test_a_rota_matters_where_p0_is_promised_around_the_clock(rota):
    policy(rota)
    policy(DutyRotaFactory(), calendar=office_calendar())
    policy(DutyRotaFactory(), priority=Priority.P1)
    policy()
    DutyRotaFactory()
    assert list(rotas_that_matter()) == [rota]


def test_a_policy_without_a_rota_that_promises_p0_around_the_clock_to_a_customer_is_found(rota):
    bought, unsold, ended, covered, by_day = (ServicePlanFactory() for _plan in range(5))
    found = policy(plan=bought)
    policy(plan=unsold)
    policy(plan=ended)
    policy(rota, plan=covered)
    policy(plan=by_day, calendar=office_calendar())
    for plan in (bought, covered, by_day):
        ContractFactory(plan=plan, starts_on=NOW.date())
    ContractFactory(plan=ended, starts_on=date(2020, 1, 1), ends_on=NOW.date() - DAY)
    assert list(policies_without_rota(on=NOW.date())) == [found]


def test_the_default_policy_without_a_rota_counts_where_it_serves_a_contract(rota):
    default = Policy.objects.get(is_default=True)
    assert list(policies_without_rota(on=NOW.date())) == []
    contract = ContractFactory(plan=ServicePlanFactory(), starts_on=NOW.date())
    assert list(policies_without_rota(on=NOW.date())) == [default]
    policy(rota, plan=contract.plan)
    assert list(policies_without_rota(on=NOW.date())) == []


def test_only_the_version_in_force_counts(rota):
    with_rota = policy(rota)
    newer = PolicyVersionFactory(policy=with_rota)
    PolicyTargetFactory(version=newer, priority=Priority.P0, calendar=office_calendar())
    assert list(rotas_that_matter()) == []


def test_a_rota_that_a_step_names_matters_until_the_step_is_retired(rota):
    step = EscalationStepFactory(rota=rota)
    assert list(rotas_that_matter()) == [rota]
    step.retired_at = NOW
    step.save()
    assert list(rotas_that_matter()) == []


def test_gaps_of_all_that_matter_cost_the_same_for_many(count_queries):
    def furnish(number):
        for _number in range(number):
            rota = DutyRotaFactory()
            policy(rota)
            ann = staff(deputy=staff())
            away(ann, 1, 2)
            for day in range(5):
                shift(rota, day * 24, day * 24 + 12, ann)

    furnish(2)
    few = count_queries(lambda: gaps_that_matter(at=NOW))
    furnish(10)
    assert count_queries(lambda: gaps_that_matter(at=NOW)) == few == 4
    assert len({gap.rota for gap in gaps_that_matter(at=NOW)}) == 12


def test_without_a_rota_that_matters_one_query_is_made(count_queries):
    assert count_queries(lambda: gaps_that_matter(at=NOW)) == 1
