"""Revising a policy makes a version, and nothing else moves."""

import pytest

from escalation.choices import ClockKind, Way
from escalation.models import Policy
from escalation.policies.editing import Window, revise_policy
from tests.factories import CalendarFactory, PolicyFactory, staff
from tests.talk import minute
from tickets.choices import Priority

pytestmark = pytest.mark.django_db


@pytest.fixture
def windows():
    calendar = CalendarFactory()
    return [
        Window(ClockKind.FIRST_RESPONSE, Priority.P0, 15, calendar),
        Window(ClockKind.NEXT_RESPONSE, Priority.P0, 60, calendar),
    ]


def test_new_windows_are_the_next_version(windows):
    policy, author = Policy.objects.get(is_default=True), staff()
    version = revise_policy(policy=policy, windows=windows, actor=author, at=minute(1))
    assert (version.number, version.created_at, version.created_by) == (2, minute(1), author)
    targets = version.targets.order_by("minutes").values_list("kind", "priority", "minutes", "calendar")
    assert list(targets) == [
        (window.kind, window.priority, window.minutes, window.calendar.pk) for window in windows
    ]


def test_an_earlier_version_stays_unchanged(windows):
    policy = Policy.objects.get(is_default=True)
    first = policy.versions.get()
    before = list(first.targets.values_list())
    revise_policy(policy=policy, windows=windows, actor=None, at=minute(1))
    assert list(first.targets.values_list()) == before


def test_a_policy_without_versions_gets_its_first(windows):
    assert revise_policy(policy=PolicyFactory(), windows=windows, actor=None, at=minute(1)).number == 1


def test_the_same_windows_in_any_order_make_no_version(windows):
    policy = PolicyFactory()
    first = revise_policy(policy=policy, windows=windows, actor=None, at=minute(1))
    again = revise_policy(policy=policy, windows=windows[::-1], actor=None, at=minute(2))
    assert again == first
    assert policy.versions.count() == 1


def test_going_back_to_older_windows_is_a_version_too(windows):
    policy = PolicyFactory()
    for number, given in enumerate((windows, windows[:1], windows), start=1):
        assert revise_policy(policy=policy, windows=given, actor=None, at=minute(number)).number == number


def test_the_promised_channels_of_a_priority_are_part_of_the_version(windows):
    policy = PolicyFactory()
    ways = {Priority.P0: [Way.GROUP, Way.PHONE], Priority.P3: []}
    first = revise_policy(policy=policy, windows=windows, actor=None, at=minute(1), ways=ways)
    assert first.ways(Priority.P0) == (Way.PHONE, Way.GROUP)
    assert first.ways(Priority.P3) == ()
    again = {Priority.P0: [Way.PHONE, Way.GROUP]}
    assert (
        revise_policy(policy=policy, windows=windows, actor=None, at=minute(2), ways=again).number
        == first.number
    )
    changed = revise_policy(
        policy=policy, windows=windows, actor=None, at=minute(3), ways={Priority.P0: [Way.CHAT]}
    )
    assert (changed.number, changed.ways(Priority.P0)) == (2, (Way.CHAT,))
    assert policy.versions.get(number=1).ways(Priority.P0) == (Way.PHONE, Way.GROUP)


def test_a_new_version_keeps_the_promised_channels_if_none_are_given(windows):
    policy = PolicyFactory()
    revise_policy(policy=policy, windows=windows, actor=None, at=minute(1), ways={1: [Way.CHAT]})
    assert revise_policy(policy=policy, windows=windows[:1], actor=None, at=minute(2)).ways(1) == (Way.CHAT,)


def test_the_shipped_policy_promises_the_channels_of_the_tier_table():
    version = Policy.objects.get(is_default=True).versions.get()
    assert [version.ways(priority) for priority in Priority] == [
        (Way.PHONE, Way.GROUP),
        (Way.EMAIL, Way.GROUP, Way.ACCOUNT_MANAGER),
        (Way.EMAIL, Way.CHAT),
        (Way.CHAT, Way.ACCOUNT_MANAGER),
    ]
