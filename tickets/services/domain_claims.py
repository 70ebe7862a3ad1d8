"""Which email domain a customer may be given: nobody learns from a refusal whose it is."""

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from customers.access import sees_all
from customers.mail_domains import has_address_of_another, hold_domains, nearest_domain, overlapping_domains
from customers.models import Contact, Customer, MailDomain
from customers.public_domains import company_domain, domains_of, share_a_domain
from tickets.errors import DeskError
from tickets.services.mailboxes import own_addresses


def may_name_domain(address: str) -> bool:
    """True if the address's domain could stand for one customer: no public provider's, ours, or a customer's."""
    domain = company_domain(address)
    return bool(domains_of(address)) and not is_ours(address) and not overlapping_domains(domain).exists()


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


def refusal_of(address: str, customer: Customer) -> str:
    """Why the customer cannot have the domain of the address, in the active language; empty if they can."""
    if not domains_of(address) or is_ours(address) or _is_shared(address, customer):
        return _("The domain of this address does not stand for one customer alone. Name only this person.")
    return ""


def _is_shared(address: str, customer: Customer) -> bool:
    return overlapping_domains(company_domain(address)).exclude(customer=customer.pk).exists()


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
