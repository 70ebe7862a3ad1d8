"""Finds rows by an email address, whichever spelling they have."""

from django.db.models import Q

from customers.addresses import address_spellings


def spelled(field: str, address: str) -> Q:
    """The condition that a field holds the address, regardless of case and of the spelling of its domain."""
    found = Q()
    for spelling in address_spellings(address):
        found |= Q(**{f"{field}__iexact": spelling})
    return found
