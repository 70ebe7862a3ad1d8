"""How long a session lasts, by the groups of its person."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from supportdesk.accounts.session_limits import (
    SessionLimits,
    begin_limits,
    limits_of,
    note_activity,
    why_over,
)
from supportdesk.models import SignInOutcome, SignInRule
from tests.factories import NOW, AdminFactory, staff

MINUTE, MOMENT = timedelta(minutes=1), timedelta(microseconds=1)
LIMITS = SessionLimits(idle=60 * MINUTE, whole=600 * MINUTE)


def rule(group, **values):
    SignInRule.objects.create(group=Group.objects.get(name=group), **values)


def session():
    begun = {}
    begin_limits(begun, LIMITS, at=NOW)
    return begun


@pytest.mark.django_db
def test_the_strictest_of_the_groups_counts(django_assert_num_queries):
    user = staff("ann", groups=["Account manager", "Operator"])
    rule("Account manager", idle_minutes=600, session_hours=8)
    rule("Operator", idle_minutes=30, needs_second_factor=True)
    rule("Team lead", idle_minutes=5)
    with django_assert_num_queries(1):
        limits = limits_of(user)
    assert limits == SessionLimits(30 * MINUTE, 480 * MINUTE, needs_second_factor=True)


@pytest.mark.django_db
def test_without_a_rule_the_settings_count(settings):
    settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS = 100, 9
    assert limits_of(staff("ann", groups=["Account manager"])) == SessionLimits(100 * MINUTE, 540 * MINUTE)


@pytest.mark.django_db
@pytest.mark.parametrize("needs", [True, False])
def test_an_administrator_has_limits_of_their_own(settings, needs):
    settings.ADMIN_IDLE_MINUTES, settings.ADMINS_NEED_SECOND_FACTOR = 7, needs
    limits = limits_of(AdminFactory())
    assert (limits.idle, limits.needs_second_factor) == (7 * MINUTE, needs)


@pytest.mark.parametrize(
    ("after", "why"),
    [(60 * MINUTE - MOMENT, None), (60 * MINUTE, SignInOutcome.IDLE), (600 * MINUTE, SignInOutcome.OVER)],
)
def test_a_session_ends_without_activity_and_in_any_case(after, why):
    assert why_over(session(), at=NOW + after) is why


def test_activity_carries_it_on_but_not_beyond_its_end():
    begun = session()
    for hour in range(1, 20):
        note_activity(begun, at=NOW + hour * 30 * MINUTE)
    assert why_over(begun, at=NOW + 600 * MINUTE - MOMENT) is None
    assert why_over(begun, at=NOW + 600 * MINUTE) is SignInOutcome.OVER


def test_activity_is_written_down_now_and_then():
    begun = session()
    assert not note_activity(begun, at=NOW + 5 * MINUTE - MOMENT)
    assert note_activity(begun, at=NOW + 5 * MINUTE)
    assert not note_activity(begun, at=NOW + 6 * MINUTE)
    assert not note_activity({}, at=NOW)
    assert why_over({}, at=NOW) is None
