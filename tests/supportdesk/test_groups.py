"""The groups that a migration ships, and their permissions."""

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from customers.models import Desk, ServicePlan
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

NAMES = ["Account manager", "Duty manager", "Operator", "Support director", "Team lead"]


@pytest.mark.parametrize("name", NAMES)
def test_every_permission_of_a_shipped_group_exists(name):
    allowed = Group.objects.get(name=name).permissions.select_related("content_type")
    assert allowed.exists()
    for permission in allowed:
        model = apps.get_model(permission.content_type.app_label, permission.content_type.model)
        known = {f"{action}_{model._meta.model_name}" for action in model._meta.default_permissions}
        assert permission.codename in known | {codename for codename, _name in model._meta.permissions}


def test_creating_permissions_again_doubles_none():
    before = Permission.objects.count()
    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0)
    assert Permission.objects.count() == before


@pytest.mark.parametrize(
    ("group", "permission", "allowed"),
    [
        ("Account manager", "tickets.change_ticket", True),
        ("Account manager", "tickets.delete_ticket", False),
        ("Account manager", "customers.view_all_customers", False),
        ("Account manager", "customers.change_customer", False),
        ("Account manager", "tickets.change_inboundemail", False),
        ("Account manager", "tickets.view_mailbox", False),
        ("Account manager", "escalation.change_policy", False),
        ("Team lead", "customers.change_customer", True),
        ("Team lead", "customers.view_all_customers", False),
        ("Team lead", "tickets.change_inboundemail", True),
        ("Account manager", "escalation.waive_clock", False),
        ("Account manager", "tickets.void_response", False),
        ("Team lead", "escalation.waive_clock", True),
        ("Team lead", "tickets.void_response", True),
        ("Duty manager", "customers.view_all_customers", True),
        ("Duty manager", "escalation.change_policy", False),
        ("Support director", "escalation.change_policy", True),
        ("Support director", "customers.view_all_customers", True),
        ("Operator", "tickets.change_mailbox", True),
        ("Operator", "tickets.change_ticket", False),
    ],
)
def test_a_group_has_the_permissions_of_its_role(group, permission, allowed):
    assert UserFactory(groups=[group]).has_perm(permission) is allowed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("model", ["user", "group", "permission", "clock", "clockevent", "desk"])
def test_no_group_may_delete_the_ledger_or_give_itself_more_rights(name, model):
    allowed = set(Group.objects.get(name=name).permissions.values_list("codename", flat=True))
    forbidden = {f"delete_{model}", f"add_{model}"} | ({f"change_{model}"} - {"change_desk"})
    assert not allowed & forbidden


def test_the_desk_and_a_default_plan_are_there_from_the_start():
    assert Desk.objects.get().pk == 1
    assert ServicePlan.objects.get(is_default=True).code == "standard"
