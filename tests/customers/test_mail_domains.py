"""Which customer a domain belongs to, in whatever spelling it was entered."""

import pytest

from customers.mail_domains import has_address_of_another, nearest_domain, overlapping_domains
from customers.models import Contact
from customers.public_domains import in_ascii
from tests.factories import CustomerFactory, MailDomainFactory

pytestmark = pytest.mark.django_db


def test_the_longest_domain_wins_by_its_parts_and_not_by_its_letters():
    above = MailDomainFactory(domain=in_ascii("bücher-und-spiele-zeitschriften.example"))
    below = MailDomainFactory(domain="eu.bücher-und-spiele-zeitschriften.example")
    assert nearest_domain("jo@eu.bücher-und-spiele-zeitschriften.example") == below
    assert nearest_domain("jo@asia.bücher-und-spiele-zeitschriften.example") == above


@pytest.mark.parametrize(
    ("domain", "overlaps"),
    [
        ("eu.aurora.example", True),
        ("aurora.example", True),
        ("Berlin.EU.Aurora.example.", True),
        ("notaurora.example", False),
        ("asia.aurora.example", False),
        ("example", True),
    ],
)
def test_domains_overlap_when_one_lies_in_the_other(domain, overlaps):
    MailDomainFactory(domain="eu.aurora.example")
    assert overlapping_domains(domain).exists() is overlaps


def test_two_spellings_of_an_international_domain_overlap():
    MailDomainFactory(domain="mail.bücher.example")
    assert overlapping_domains("xn--bcher-kva.example").exists()


def test_an_address_is_anothers_by_the_nearest_domain():
    aurora, bravo = CustomerFactory(), CustomerFactory()
    MailDomainFactory(customer=aurora, domain="group.example")
    MailDomainFactory(customer=bravo, domain="bravo.group.example")
    assert has_address_of_another(Contact(email="jo@bravo.group.example", customer=aurora))
    assert not has_address_of_another(Contact(email="jo@bravo.group.example", customer=bravo))
    assert not has_address_of_another(Contact(email="jo@elsewhere.example", customer=bravo))
    assert not has_address_of_another(Contact(email="", customer=bravo))


def test_a_sharp_s_is_a_letter_of_its_own():
    """By IDNA 2008, as mail servers have it; Python's own codec still writes two s."""
    street = MailDomainFactory(domain="straße.example")
    assert nearest_domain("jo@xn--strae-oqa.example") == street
    assert overlapping_domains("xn--strae-oqa.example").exists()
    assert nearest_domain("jo@strasse.example") is None
