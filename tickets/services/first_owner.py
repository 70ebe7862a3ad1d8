"""Chooses a new ticket's first owner, and records the rule that chose them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db.models import Count, Q
from django.utils.translation import gettext as _

from customers.access import who_work_here
from customers.models import Customer, Desk
from customers.services.deputies import present_at
from tickets.choices import ACTIVE_STATUSES, OwnerRule
from tickets.errors import DeskError


@dataclass(frozen=True)
class FirstOwner:
    user: User
    rule: OwnerRule


def choose_first_owner(
    *,
    customer: Customer | None,
    at: datetime,
    wanted: int | None = None,
    scenario: str = "",
    present: User | None = None,
) -> FirstOwner:
    """Whom a rule wants, the account manager, the backup, the least loaded skilled colleague, or the intake owner.

    ``wanted`` is a colleague's key; ``present`` is known to be there. ``at`` (UTC) decides who is absent. A ticket's
    own ``scenario`` names the skill instead of the customer's. A new P0 moves on to the person on duty as soon as its
    promise names the rota. Raises DeskError if the desk has no active member of staff.
    """
    by_rule = ((wanted, OwnerRule.MAIL_RULE),) if wanted is not None else ()
    if customer is None:
        return _first_present(by_rule, at) or _owner_from_desk(at)
    if wanted is None and present is not None and present.pk == customer.account_manager_id:
        return FirstOwner(present, OwnerRule.ACCOUNT_MANAGER)
    named = (
        *by_rule,
        (customer.account_manager_id, OwnerRule.ACCOUNT_MANAGER),
        (customer.backup_account_manager_id, OwnerRule.BACKUP),
    )
    return (
        _first_present(named, at)
        or _owner_from_team(customer, scenario or customer.scenario, at)
        or _owner_from_desk(at)
    )


def _first_present(named: Sequence[tuple[int | None, OwnerRule]], at: datetime) -> FirstOwner | None:
    if not named:
        return None
    there = (
        get_user_model().objects.filter(present_at(at), pk__in=[pk for pk, _rule in named if pk]).in_bulk()
    )
    return next((FirstOwner(there[pk], rule) for pk, rule in named if pk in there), None)


def _owner_from_team(customer: Customer, scenario: str, at: datetime) -> FirstOwner | None:
    """A colleague of the account manager's team: those with the scenario's skill first, then by least load."""
    if customer.account_manager_id is None:
        return None
    active = Q(tickets__status__in=ACTIVE_STATUSES, tickets__is_drill=False)
    load = Count("tickets", filter=active, distinct=True)
    skilled = Count("staff_profile__skills", filter=Q(staff_profile__skills__code=scenario), distinct=True)
    colleagues = get_user_model().objects.filter(
        present_at(at), staff_profile__team__members__user=customer.account_manager_id
    )
    best = colleagues.annotate(load=load, skilled=skilled).order_by("-skilled", "load", "pk").first()
    return FirstOwner(best, OwnerRule.TEAM) if best else None


def _owner_from_desk(at: datetime) -> FirstOwner:
    desk = Desk.objects.first()
    if desk is not None:
        named = ((desk.intake_owner_id, OwnerRule.INTAKE), (desk.duty_manager_id, OwnerRule.DUTY_MANAGER))
        owner = _first_present(named, at)
        if owner is not None:
            return owner
    staff = get_user_model().objects.filter(who_work_here())
    anybody = staff.order_by("-is_superuser", "pk").first()
    if anybody is None:
        raise DeskError(_("The desk has no staff member who could own a ticket. Create one first."))
    return FirstOwner(anybody, OwnerRule.ADMINISTRATOR)
