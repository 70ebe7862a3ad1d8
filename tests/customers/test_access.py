"""Who sees which customer: down the hierarchy, through led teams, never up or sideways."""

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User

from customers.access import (
    Scope,
    people_below,
    scope_of,
    sees_all,
    team_ids,
    visible_contacts,
    visible_contracts,
    visible_customers,
    who_work_here,
    works_here,
)
from customers.models import StaffProfile
from tests.factories import (
    AdminFactory,
    ContactFactory,
    ContractFactory,
    CustomerFactory,
    TeamFactory,
    UserFactory,
    staff,
)

pytestmark = pytest.mark.django_db


def with_permission(user, codename):
    user.user_permissions.add(Permission.objects.get(codename=codename))
    return type(user).objects.get(pk=user.pk)  # permissions are cached on the instance


@pytest.mark.parametrize(
    ("under", "expected"),
    [
        ({}, {1}),
        ({1: [2], 2: [3, 4], 4: [5]}, {1, 2, 3, 4, 5}),
        ({2: [1]}, {1}),
        ({1: [2], 2: [3], 3: [1]}, {1, 2, 3}),
        ({1: [1]}, {1}),
        ({1: [2, 3], 2: [4], 3: [4]}, {1, 2, 3, 4}),
    ],
    ids=["alone", "three levels", "not upwards", "a circle", "self", "two ways to one person"],
)
def test_the_people_below_a_person_are_found(under, expected):
    assert people_below(1, under) == expected


def test_a_hierarchy_a_thousand_levels_deep_is_walked():
    assert len(people_below(0, {level: [level + 1] for level in range(1000)})) == 1001


def test_a_manager_reaches_reports_of_reports_and_members_of_led_teams():
    boss = staff("boss")
    lead = staff("lead", reports_to=boss)
    member = staff("member", team=TeamFactory(lead=lead))
    report = staff("report", reports_to=member)
    stranger = staff("stranger")
    assert team_ids(boss) == {boss.pk, lead.pk, member.pk, report.pk}
    assert team_ids(report) == {report.pk}
    assert team_ids(stranger) == {stranger.pk}


def test_colleagues_of_one_team_do_not_see_each_other():
    team = TeamFactory(lead=staff("lead"))
    ann, bob = staff("ann", team=team), staff("bob", team=team)
    CustomerFactory(account_manager=bob)
    assert team_ids(ann) == {ann.pk}
    assert not visible_customers(ann).exists()


def test_the_whole_hierarchy_costs_one_query(django_assert_num_queries):
    above = staff()
    chain = [above]
    for _level in range(12):
        above = staff(reports_to=above)
        chain.append(above)
    with django_assert_num_queries(1):
        assert team_ids(chain[0]) == {user.pk for user in chain}


def test_two_who_report_to_each_other_see_each_other_and_nothing_hangs():
    ann = staff("ann")
    bob = staff("bob", reports_to=ann)
    StaffProfile.objects.filter(user=ann).update(reports_to=bob)
    assert team_ids(ann) == team_ids(bob) == {ann.pk, bob.pk}


def test_an_account_manager_sees_own_and_backed_up_customers_only():
    ann, bob = staff("ann"), staff("bob")
    own_customer = CustomerFactory(account_manager=ann)
    backed_up = CustomerFactory(account_manager=bob, backup_account_manager=ann)
    CustomerFactory(account_manager=bob)
    CustomerFactory()
    assert set(visible_customers(ann)) == {own_customer, backed_up}


def test_a_manager_sees_the_customers_of_reports():
    boss = staff("boss")
    customer = CustomerFactory(backup_account_manager=staff("ann", reports_to=boss))
    assert list(visible_customers(boss)) == [customer]


def test_a_customer_is_listed_once_whoever_looks_after_it():
    boss = staff("boss")
    ann, bob = staff("ann", reports_to=boss), staff("bob", reports_to=boss)
    CustomerFactory(account_manager=ann, backup_account_manager=bob)
    assert visible_customers(boss).count() == 1


def test_a_user_without_a_staff_profile_sees_customers_they_look_after():
    user = UserFactory()
    customer = CustomerFactory(account_manager=user)
    CustomerFactory()
    assert list(visible_customers(user)) == [customer]


def test_the_permission_and_administrators_see_every_customer():
    CustomerFactory()
    director = with_permission(UserFactory(), "view_all_customers")
    for user in (director, AdminFactory()):
        assert sees_all(user)
        assert visible_customers(user).count() == 1


@pytest.mark.parametrize("sees", [visible_customers, visible_contacts, visible_contracts])
def test_nobody_signed_in_sees_nothing(sees):
    contract = ContractFactory()
    ContactFactory(customer=contract.customer)
    assert not sees(AnonymousUser()).exists()


@pytest.mark.parametrize("sees", [visible_customers, visible_contacts, visible_contracts])
def test_an_account_that_is_switched_off_sees_nothing(sees):
    gone = AdminFactory(is_active=False)
    customer = CustomerFactory(account_manager=gone)
    ContractFactory(customer=customer)
    ContactFactory(customer=customer)
    assert not sees(gone).exists()


def test_contacts_and_contracts_follow_their_customer():
    ann = staff("ann")
    own_customer = CustomerFactory(account_manager=ann)
    contact, contract = ContactFactory(customer=own_customer), ContractFactory(customer=own_customer)
    ContactFactory()
    ContractFactory()
    assert list(visible_contacts(ann)) == [contact]
    assert list(visible_contracts(ann)) == [contract]


def test_contacts_of_an_unknown_company_are_for_those_who_see_everything():
    stranger = ContactFactory(customer=None)
    assert not visible_contacts(staff("ann")).exists()
    assert list(visible_contacts(AdminFactory())) == [stranger]


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: UserFactory(groups=["Account manager"]), True),
        (lambda: with_permission(UserFactory(groups=[]), "view_ticket"), True),
        (lambda: with_permission(UserFactory(groups=[]), "change_ticket"), True),
        (AdminFactory, True),
        (lambda: UserFactory(groups=[]), False),
        (lambda: with_permission(UserFactory(groups=[]), "view_customer"), False),
        (lambda: AdminFactory(is_active=False), False),
        (lambda: AdminFactory(is_staff=False), False),
        (lambda: UserFactory(groups=["Account manager"], is_active=False), False),
        (lambda: UserFactory(groups=["Account manager"], is_staff=False), False),
    ],
)
def test_work_is_for_people_who_can_sign_in_and_open_tickets(make, expected):
    user = make()
    assert works_here(user) is expected
    assert User.objects.filter(who_work_here(), pk=user.pk).exists() is expected
    customer = CustomerFactory(account_manager=user)
    found = type(customer).objects.filter(who_work_here("account_manager__"), pk=customer.pk)
    assert found.exists() is expected


def test_a_group_that_loses_the_permission_takes_its_people_along():
    user = UserFactory(groups=["Account manager"])
    group = Group.objects.get(name="Account manager")
    group.permissions.remove(*group.permissions.filter(codename__in=["view_ticket", "change_ticket"]))
    assert not User.objects.filter(who_work_here(), pk=user.pk).exists()


def test_the_scope_of_a_lead_is_their_people_and_those_people_s_customers(django_assert_num_queries):
    boss, stranger = staff(), staff()
    ann = staff(reports_to=boss)
    bob = staff(team=TeamFactory(lead=ann))
    boss.staff_profile.reports_to = bob  # a circle
    boss.staff_profile.save()
    hers = CustomerFactory(account_manager=ann)
    backed = CustomerFactory(account_manager=stranger, backup_account_manager=bob)
    CustomerFactory(account_manager=stranger)
    with django_assert_num_queries(1):
        scope = scope_of(boss, most=10)
    assert scope.people == team_ids(boss) == {boss.pk, ann.pk, bob.pk}
    assert sorted(scope.customers) == sorted([hers.pk, backed.pk])
    assert len(scope_of(boss, most=1).customers) == 1


def test_an_account_that_is_switched_off_has_no_scope():
    user = staff()
    user.is_active = False
    assert scope_of(user, most=10) == Scope(frozenset(), ())
