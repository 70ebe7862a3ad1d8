"""Which customer an email domain belongs to. Two spellings of an international domain are one domain."""

from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from customers.models import Contact, Desk, MailDomain
from customers.public_domains import domains_of, spellings_of


def nearest_domain(address: str) -> MailDomain | None:
    """The customer's domain that the address lies in, the longest if several do; None for public providers."""
    domains = domains_of(address)
    rows = MailDomain.objects.filter(domain__in=domains).select_related("customer") if domains else ()
    return max(rows, key=lambda row: row.domain.count("."), default=None)


def overlapping_domains(domain: str) -> QuerySet[MailDomain]:
    """The customers' domains that are this one, lie above it or lie below it."""
    below = reduce(or_, (Q(domain__endswith=f".{spelling}") for spelling in spellings_of(domain)))
    return MailDomain.objects.filter(Q(domain__in=domains_of(f"@{domain}")) | below)


def at_or_below(domain: str) -> Q:
    """A condition on contacts: their address lies in the domain, in whatever spelling."""
    ends = [f"{sign}{spelling}" for spelling in spellings_of(domain) for sign in "@."]
    return reduce(or_, (Q(email__iendswith=end) for end in ends))


def hold_domains() -> None:
    """Let nobody else give a customer a domain until this transaction ends, so that none overlaps another."""
    Desk.objects.select_for_update().get_or_create(pk=1)


def has_address_of_another(contact: Contact) -> bool:
    """True if the address lies in the domain of a customer who is not the contact's."""
    nearest = nearest_domain(contact.email) if contact.email else None
    return nearest is not None and nearest.customer_id != contact.customer_id
