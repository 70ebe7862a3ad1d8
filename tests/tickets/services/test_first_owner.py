"""The first owner: rule by rule, down to the last person of the desk."""

from datetime import timedelta

import pytest

from customers.choices import Scenario
from customers.models import Desk
from tests.factories import (
    AbsenceFactory,
    AdminFactory,
    CustomerFactory,
    SkillFactory,
    TeamFactory,
    TicketFactory,
    UserFactory,
    set_desk,
    staff,
)
from tickets.choices import OwnerRule, Status
from tickets.errors import DeskError
from tickets.services.first_owner import FirstOwner, choose_first_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return TeamFactory()


@pytest.fixture
def ann(team):
    return staff("ann", team=team)


@pytest.fixture
def bob(team):
    return staff("bob", team=team)


@pytest.fixture
def customer(ann, bob):
    return CustomerFactory(account_manager=ann, backup_account_manager=bob, scenario=Scenario.GAME_VOICE)


def test_the_account_manager_comes_first(customer, ann, now):
    assert choose_first_owner(customer=customer, at=now) == FirstOwner(ann, OwnerRule.ACCOUNT_MANAGER)


def test_the_backup_stands_in_while_the_account_manager_is_away(customer, ann, bob, now):
    absence = AbsenceFactory(user=ann, starts_at=now, ends_at=now + timedelta(hours=1))
    before = choose_first_owner(customer=customer, at=now - timedelta(seconds=1))
    within = choose_first_owner(customer=customer, at=now)
    after = choose_first_owner(customer=customer, at=absence.ends_at)
    assert [choice.rule for choice in (before, within, after)] == [
        OwnerRule.ACCOUNT_MANAGER,
        OwnerRule.BACKUP,
        OwnerRule.ACCOUNT_MANAGER,
    ]
    assert within.user == bob


@pytest.mark.parametrize("lacking", ["is_active", "is_staff", "permission"])
def test_the_backup_stands_in_for_somebody_who_left(customer, ann, bob, now, lacking):
    setattr(ann, lacking, False)
    ann.save()
    if lacking == "permission":
        ann.user_permissions.clear()
    assert choose_first_owner(customer=customer, at=now) == FirstOwner(bob, OwnerRule.BACKUP)


def test_an_account_manager_who_is_also_the_backup_is_chosen_as_account_manager(ann, now):
    customer = CustomerFactory(account_manager=ann, backup_account_manager=ann)
    assert choose_first_owner(customer=customer, at=now).rule == OwnerRule.ACCOUNT_MANAGER


def test_a_customer_with_a_backup_only_goes_there(bob, now):
    customer = CustomerFactory(backup_account_manager=bob)
    assert choose_first_owner(customer=customer, at=now) == FirstOwner(bob, OwnerRule.BACKUP)


def test_of_the_team_the_skilled_one_with_the_least_load_gets_it(customer, ann, bob, team, now):
    skill, other = SkillFactory(code=Scenario.GAME_VOICE), SkillFactory()
    staff("idle", team=team, skills=[other])
    busy = staff("busy", team=team, skills=[skill])
    free = staff("free", team=team, skills=[skill, other])
    staff("elsewhere", team=TeamFactory(), skills=[skill])
    TicketFactory.create_batch(2, owner=busy)
    TicketFactory(owner=free)
    TicketFactory.create_batch(3, owner=free, status=Status.CLOSED)
    for away in (ann, bob):
        AbsenceFactory(user=away)
    assert choose_first_owner(customer=customer, at=now) == FirstOwner(free, OwnerRule.TEAM)


def test_an_absent_colleague_is_passed_over(customer, ann, bob, team, now):
    skilled = staff("skilled", team=team, skills=[SkillFactory(code=Scenario.GAME_VOICE)])
    other = staff("other", team=team)
    for away in (ann, bob, skilled):
        AbsenceFactory(user=away)
    assert choose_first_owner(customer=customer, at=now).user == other


def test_an_unknown_sender_goes_to_the_intake_owner(ann, bob, now):
    set_desk(intake_owner=ann, duty_manager=bob)
    assert choose_first_owner(customer=None, at=now) == FirstOwner(ann, OwnerRule.INTAKE)


def test_the_duty_manager_takes_what_the_intake_owner_cannot(ann, bob, now):
    set_desk(intake_owner=ann, duty_manager=bob)
    AbsenceFactory(user=ann)
    assert choose_first_owner(customer=None, at=now) == FirstOwner(bob, OwnerRule.DUTY_MANAGER)


def test_an_intake_owner_who_is_also_duty_manager_is_chosen_as_intake_owner(ann, now):
    set_desk(intake_owner=ann, duty_manager=ann)
    assert choose_first_owner(customer=None, at=now).rule == OwnerRule.INTAKE


def test_a_customer_without_anybody_goes_to_the_desk(ann, now):
    set_desk(intake_owner=ann)
    assert choose_first_owner(customer=CustomerFactory(), at=now) == FirstOwner(ann, OwnerRule.INTAKE)


def test_at_last_an_administrator_gets_it(ann, now):
    Desk.objects.all().delete()
    admin = AdminFactory()
    assert choose_first_owner(customer=None, at=now) == FirstOwner(admin, OwnerRule.ADMINISTRATOR)


def test_even_an_absent_one_is_better_than_nobody(ann, now):
    AbsenceFactory(user=ann)
    assert choose_first_owner(customer=None, at=now).user == ann


def test_a_desk_without_people_says_what_to_do(now):
    UserFactory(is_active=False)
    UserFactory(is_staff=False)
    with pytest.raises(DeskError, match="Create one"):
        choose_first_owner(customer=None, at=now)
