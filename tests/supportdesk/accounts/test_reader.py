"""A reader's profile and permissions come in one query, and are those that Django itself would read."""

import pytest
from django.contrib.auth.models import Permission, User

from supportdesk.accounts.reader import has_shortcuts, profile_with_permissions
from supportdesk.models import Preferences
from tests.factories import AdminFactory, UserFactory, staff

pytestmark = pytest.mark.django_db


def permissions(user):
    fresh = User.objects.get(pk=user.pk)
    return fresh.get_user_permissions(), fresh.get_group_permissions(), fresh.get_all_permissions()


@pytest.mark.parametrize("groups", [["Account manager"], ["Team lead", "Operator"], []])
def test_permissions_are_those_that_django_reads(groups, django_assert_num_queries):
    user = staff(groups=groups)
    user.user_permissions.add(Permission.objects.get(codename="add_session"))
    reader = User.objects.get(pk=user.pk)
    with django_assert_num_queries(1):
        profile_with_permissions(reader)
        got = reader.get_user_permissions(), reader.get_group_permissions(), reader.get_all_permissions()
    assert got == permissions(user)
    assert "sessions.add_session" in got[2]


def test_an_account_that_is_switched_off_may_nothing():
    user = staff(groups=["Account manager"])
    user.is_active = False
    profile_with_permissions(user)
    assert not user.has_perm("tickets.view_ticket")


def test_an_administrator_may_everything():
    user = AdminFactory()
    profile_with_permissions(user)
    assert user.has_perm("tickets.view_ticket")


def test_language_and_zone_are_the_profile_s():
    profile = profile_with_permissions(staff(language="zh-hans", time_zone="Asia/Tokyo"))
    assert (profile.language, profile.time_zone) == ("zh-hans", "Asia/Tokyo")


def test_a_user_without_profile_has_none():
    assert profile_with_permissions(UserFactory()) is None


@pytest.mark.parametrize(("chosen", "has"), [(None, True), (True, True), (False, False)])
@pytest.mark.parametrize("groups", [["Account manager"], []])
def test_keys_do_something_unless_the_reader_turned_them_off(chosen, has, groups, django_assert_num_queries):
    user = staff(groups=groups)
    if chosen is not None:
        Preferences.objects.create(user=user, has_shortcuts=chosen)
    with django_assert_num_queries(1):
        profile_with_permissions(user)
        assert has_shortcuts(user) is has
