"""Opens tickets, and chooses their first owner by the desk's rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext as _

from customers.models import Absence, Contact, Customer, Desk
from tickets.choices import ACTIVE_STATUSES, Channel, Fact, OwnerRule
from tickets.errors import DeskError
from tickets.events import CustomerWrote, TicketOpened, publish
from tickets.message_content import MessageContent
from tickets.models import Mailbox, Ticket
from tickets.services.conversation import receipt_time, store_customer_message
from tickets.services.timeline import record


@transaction.atomic
def open_ticket(
    *,
    subject: str,
    content: MessageContent,
    received_at: datetime,
    at: datetime,
    priority: int,
    actor: User | None = None,
    customer: Customer | None = None,
    contact: Contact | None = None,
    channel: str = Channel.EMAIL,
    mailbox: Mailbox | None = None,
    language: str = "en",
    follows: Ticket | None = None,
    is_drill: bool = False,
) -> Ticket:
    """Open a ticket with the customer's first message. Its promise starts at ``received_at``; both times UTC.

    ``received_at`` is when our server received the mail, or when the call happened that ``actor`` writes down: not
    after ``at``, otherwise DeskError is raised. Only a fire drill sets ``is_drill``.
    """
    received_at = receipt_time(received_at, at=at, actor=actor)
    chosen = choose_first_owner(customer=customer, at=at)
    ticket = Ticket.objects.create(
        subject=subject[:500],
        priority=priority,
        channel=channel,
        customer=customer,
        contact=contact,
        owner=chosen.user,
        mailbox=mailbox,
        language=language,
        follows=follows,
        is_drill=is_drill,
        opened_at=received_at,
        updated_at=at,
        unanswered_since=received_at,
    )
    record(ticket, Fact.OPENED, at=at, actor=actor, owner=chosen.user.pk, rule=chosen.rule.value)
    publish(TicketOpened(ticket=ticket, at=at, actor=actor))
    message = store_customer_message(
        ticket, content, received_at=received_at, at=at, contact=contact, channel=channel, actor=actor
    )
    publish(CustomerWrote(ticket=ticket, at=at, actor=actor, message=message, is_first=True))
    return ticket


@dataclass(frozen=True)
class FirstOwner:
    user: User
    rule: OwnerRule


def choose_first_owner(*, customer: Customer | None, at: datetime) -> FirstOwner:
    """The account manager, the backup, the least loaded skilled colleague, the intake owner, or whoever is left.

    ``at`` (UTC) decides who is absent. A new P0 moves on to the person on duty as soon as its promise names the rota.
    Raises DeskError on a desk without a single active member of staff.
    """
    if customer is None:
        return _owner_from_desk(at)
    named = (
        (customer.account_manager_id, OwnerRule.ACCOUNT_MANAGER),
        (customer.backup_account_manager_id, OwnerRule.BACKUP),
    )
    return _first_present(named, at) or _owner_from_team(customer, at) or _owner_from_desk(at)


def _is_present(at: datetime) -> Q:
    away = Absence.objects.filter(user=OuterRef("pk"), starts_at__lte=at, ends_at__gt=at)
    return Q(~Exists(away), is_active=True, is_staff=True)


def _first_present(named: Sequence[tuple[int | None, OwnerRule]], at: datetime) -> FirstOwner | None:
    there = (
        get_user_model().objects.filter(_is_present(at), pk__in=[pk for pk, _rule in named if pk]).in_bulk()
    )
    return next((FirstOwner(there[pk], rule) for pk, rule in named if pk in there), None)


def _owner_from_team(customer: Customer, at: datetime) -> FirstOwner | None:
    """A colleague of the account manager's team: with the scenario's skill before those without, least load first."""
    if customer.account_manager_id is None:
        return None
    active = Q(tickets__status__in=ACTIVE_STATUSES, tickets__is_drill=False)
    load = Count("tickets", filter=active, distinct=True)
    skilled = Count(
        "staff_profile__skills", filter=Q(staff_profile__skills__code=customer.scenario), distinct=True
    )
    colleagues = get_user_model().objects.filter(
        _is_present(at), staff_profile__team__members__user=customer.account_manager_id
    )
    best = colleagues.annotate(load=load, skilled=skilled).order_by("-skilled", "load", "pk").first()
    return FirstOwner(best, OwnerRule.TEAM) if best else None


def _owner_from_desk(at: datetime) -> FirstOwner:
    desk = Desk.objects.first()
    if desk is not None:
        named = ((desk.intake_owner_id, OwnerRule.INTAKE), (desk.duty_manager_id, OwnerRule.DUTY_MANAGER))
        found = _first_present(named, at)
        if found is not None:
            return found
    staff = get_user_model().objects.filter(is_active=True, is_staff=True)
    anybody = staff.order_by("-is_superuser", "pk").first()
    if anybody is None:
        raise DeskError(_("The desk has no staff member who could own a ticket. Create one first."))
    return FirstOwner(anybody, OwnerRule.ADMINISTRATOR)
