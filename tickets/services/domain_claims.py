"""Which email domain a customer may be given: nobody learns from a refusal whose it is."""

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.access import sees_all
from customers.mail_domains import (
    at_or_below,
    has_address_of_another,
    hold_domains,
    nearest_domain,
    overlapping_domains,
)
from customers.models import Contact, Customer, MailDomain
from customers.public_domains import company_domain, domains_of, is_public_suffix, share_a_domain
from tickets.errors import DeskError
from tickets.services.mailboxes import own_addresses


def may_name_domain(address: str) -> bool:
    """True if the address's domain could stand for one customer: no public provider's, ours, or a customer's."""
    return not refusal_of(address, None)


def claim_domain(address: str, customer: Customer) -> MailDomain:
    """The customer's domain for such an address, a new one if need be. Holds the domains.

    Raises DeskError without saying whose domain it is: the actor may not know that customer.
    """
    hold_domains()
    nearest = nearest_domain(address)
    if nearest is not None and nearest.customer_id == customer.pk:
        return nearest
    refusal = refusal_of(address, customer)
    if refusal:
        raise DeskError(refusal)
    return MailDomain.objects.create(customer=customer, domain=company_domain(address))


def refusal_of(address: str, customer: Customer | None) -> str:
    """Why the customer, or a new one, cannot have the domain of the address; empty if they can."""
    domain = company_domain(address)
    is_open = not domains_of(address) or is_public_suffix(domain)
    if is_open or is_ours(address) or _is_shared(domain, customer):
        return _("The domain of this address does not stand for one customer alone. Name only this person.")
    return ""


def _is_shared(domain: str, customer: Customer | None) -> bool:
    """True if somebody else has a domain that overlaps it, or a contact there."""
    known = Contact.objects.exclude(customer=None)
    if customer is None:
        return overlapping_domains(domain).exists() or known.filter(at_or_below(domain)).exists()
    others = overlapping_domains(domain).exclude(customer=customer.pk)
    return others.exists() or known.filter(at_or_below(domain)).exclude(customer=customer.pk).exists()


def is_ours(address: str) -> bool:
    """True if the desk or a colleague has an address in this domain, above it or below it."""
    staff = User.objects.filter(is_staff=True, is_active=True).exclude(email="")
    ours = {*own_addresses(), *staff.values_list("email", flat=True)}
    is_above_ours = any(share_a_domain(address, each) for each in ours)
    return is_above_ours or not {company_domain(each) for each in ours}.isdisjoint(domains_of(address))


def refuse_address_of_another(contact: Contact, actor: User) -> None:
    """Raise DeskError if the address lies in another customer's domain, unless the actor sees all customers.

    Mail is routed by the contact first, so such a contact would bring one customer's words before another's people.
    """
    if has_address_of_another(contact) and not sees_all(actor):
        raise DeskError(_("This address belongs to the domain of another customer."))
