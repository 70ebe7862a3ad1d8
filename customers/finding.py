"""Finds customers and contacts by what people remember: part of a company's name, a person's name or number."""

from django.db.models import Q, QuerySet

from customers.models import Contact, Customer
from customers.search.wanted import MOST_ASKED, wanted_words

MOST_WORDS = 10


def customers_named(text: str) -> QuerySet[Customer]:
    """Customers with each word of the text, in any order, anywhere in their name, code or one of their domains."""
    words = text[:MOST_ASKED].replace("\0", "").split()[:MOST_WORDS]
    if not words:
        return Customer.objects.none()
    named = Q()
    for word in words:
        named &= Q(name__icontains=word) | Q(code__icontains=word)
    at_domain = Q(domains__domain=words[0].rpartition("@")[2].lower()) if len(words) == 1 else Q(pk=None)
    by_domain = Customer.objects.filter(at_domain).order_by()
    return Customer.objects.filter(named | Q(pk__in=by_domain.values("pk")))


def contacts_named(text: str) -> QuerySet[Contact]:
    """Contacts with each word of the text in their name or address, or with the number in their telephone number."""
    return Contact.objects.filter(tokens__tokens__has=wanted_words(text))
