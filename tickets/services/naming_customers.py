"""Names the customer of somebody who was unknown: their tickets become the customer's, and so do their promises."""

from collections.abc import Collection
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from customers.mail_domains import at_or_below
from customers.models import Contact, Customer, MailDomain
from customers.public_domains import domains_of, spellings_of
from tickets.choices import Fact, OwnerRule, Status
from tickets.errors import DeskError
from tickets.events import CustomerNamed, publish
from tickets.models import Ticket
from tickets.services.domain_claims import claim_domain, refuse_address_of_another
from tickets.services.first_owner import choose_first_owner
from tickets.services.locking import lock_ticket, lock_ticket_unless_busy
from tickets.services.ownership import hand_over
from tickets.services.timeline import record

# Who has a ticket by these rules has it only because the desk knew no account manager.
_FOR_UNKNOWN = (OwnerRule.INTAKE, OwnerRule.DUTY_MANAGER, OwnerRule.ADMINISTRATOR)


@transaction.atomic
def name_customer(
    *, contact: Contact, customer: Customer, actor: User, at: datetime, whole_domain: bool = False
) -> int:
    """Make an unknown contact the customer's, with their tickets that are not closed. Returns how many tickets moved.

    ``whole_domain`` names the customer for every unknown contact of the same email domain or below it, and for those
    to come.
    Locks the tickets. Raises DeskError if the contact has another customer, if the domain cannot stand for one, or if
    it is another customer's and the actor does not see all customers.
    """
    refuse_address_of_another(Contact(email=contact.email, customer=customer), actor)
    contacts = {contact.pk}
    if whole_domain:
        contacts |= _unknown_at(claim_domain(contact.email, customer).domain)
    moved = _adopt(contacts, customer, actor=actor, at=at)
    contact.refresh_from_db(fields=["customer"])
    if contact.customer_id != customer.pk:
        raise DeskError(_("This person belongs to another customer."))
    return moved


@transaction.atomic
def adopt_domain(*, domain: MailDomain, actor: User, at: datetime) -> int:
    """Make every unknown contact of a customer's new email domain theirs, like `name_customer`. Locks their tickets."""
    return _adopt(_unknown_at(domain.domain), domain.customer, actor=actor, at=at)


def _adopt(contacts: Collection[int], customer: Customer, *, actor: User | None, at: datetime) -> int:
    # Tickets before contacts, as the intake does: it holds a ticket when it fills in a contact.
    unknown = Ticket.objects.filter(contact__in=contacts, customer=None).exclude(status=Status.CLOSED)
    moved = [
        put_under_customer(lock_ticket(ticket), customer, actor=actor, at=at)
        for ticket in unknown.order_by("pk")
    ]
    Contact.objects.filter(pk__in=contacts, customer=None).update(customer=customer)
    # Mail that opened a ticket meanwhile held its contact. Wait for none of these, as their holders may wait for us.
    for pk in unknown.order_by("pk").values_list("pk", flat=True):
        ticket = lock_ticket_unless_busy(pk)
        if ticket is not None:
            moved.append(put_under_customer(ticket, customer, actor=actor, at=at))
    return sum(moved)


def follow_domain(contact: Contact | None, customer: Customer | None, *, at: datetime) -> None:
    """Make an unknown contact, with their tickets, the customer's to whom their email domain belongs by now.

    Locks the tickets, so call it before you lock one.
    """
    if contact is None or customer is None or contact.customer_id is not None:
        return
    _adopt({contact.pk}, customer, actor=None, at=at)
    contact.customer = customer


def follow_contact(ticket: Ticket, contact: Contact, *, at: datetime) -> None:
    """Put a ticket without a customer under the one that its contact has by now. The caller has locked the ticket."""
    if ticket.customer_id is None and contact.customer is not None and contact.pk == ticket.contact_id:
        put_under_customer(ticket, contact.customer, actor=None, at=at)


def _unknown_at(domain: str) -> set[int]:
    """Unknown contacts at a customer's domain or below it, where no nearer domain is a customer's."""
    below = Q()
    for spelling in spellings_of(domain):
        below |= Q(domain__endswith=f".{spelling}")
    nearer = set(MailDomain.objects.filter(below).values_list("domain", flat=True))
    unknown = Contact.objects.filter(at_or_below(domain), customer=None).values_list("pk", "email")
    return {pk for pk, email in unknown if nearer.isdisjoint(domains_of(email))}


def put_under_customer(
    ticket: Ticket, customer: Customer, *, actor: User | None, at: datetime, even_if_closed: bool = False
) -> bool:
    """Give a locked ticket its customer, unless it has one or is closed. True if it moved."""
    if ticket.customer_id is not None or (ticket.status == Status.CLOSED and not even_if_closed):
        return False
    ticket.customer, ticket.updated_at = customer, max(at, ticket.updated_at)
    ticket.save(update_fields=["customer", "updated_at"])
    record(ticket, Fact.CUSTOMER, at=at, actor=actor, customer=customer.pk, name=customer.name)
    before = ticket.owner
    _hand_to_account_manager(ticket, customer, actor=actor, at=at)
    publish(CustomerNamed(ticket=ticket, at=at, actor=actor, owner_before=before))
    return True


def _hand_to_account_manager(ticket: Ticket, customer: Customer, *, actor: User | None, at: datetime) -> None:
    """From whoever has it only because nobody knew the customer."""
    given = ticket.timeline.filter(fact__in=(Fact.OPENED, Fact.OWNER)).order_by("-pk").first()
    if given is None or given.data.get("rule") not in _FOR_UNKNOWN or not ticket.is_active:
        return
    first = choose_first_owner(customer=customer, at=at)
    if first.rule not in _FOR_UNKNOWN:
        hand_over(ticket, first.user, actor=actor, at=at, rule=first.rule, reason="")
