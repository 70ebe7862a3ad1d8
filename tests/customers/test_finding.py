"""Customers and contacts are found by words in any order, by numbers and by addresses."""

import pytest

from customers.finding import contacts_named, customers_named
from tests.factories import ContactFactory, CustomerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact():
    ContactFactory(name="Bob", email="bob@other.example", phone="+1 555 0100")
    return ContactFactory(name="何思琪 Siqi", email="siqi.he@acme.example", phone="+86 138-0013-8091")


@pytest.mark.parametrize(
    "text",
    [
        "何思", "琪", "siqi 何", "Siq", "siqi.he@acme.example", "siqi.he@ac", "@acme.example", "13800138091",
        "138 0013 8091", "+8613800138091", "8091", "0013809",
    ],
)  # fmt: skip
def test_a_contact_is_found_by(contact, text):
    assert list(contacts_named(text)) == [contact]


@pytest.mark.parametrize("text", ["", "思何", "he@acme", "5550109", "bob siqi"])
def test_nobody_else_is(contact, text):
    assert not contacts_named(text).exists()


def test_words_follow_a_change_and_only_a_change(contact, django_assert_num_queries):
    contact.name = "Ann"
    contact.save(update_fields=["name"])
    assert list(contacts_named("ann")) == [contact]
    assert not contacts_named("何思").exists()
    with django_assert_num_queries(1):
        contact.save(update_fields=["language"])


def test_a_customer_is_found_by_parts_of_its_name_its_code_or_a_domain():
    customer = CustomerFactory(name="Aurora 科技有限公司", code="aur-1")
    customer.domains.create(domain="aurora.example")
    CustomerFactory(name="Borealis", code="bor")
    for text in ("科技", "rora", "有限 aurora", "aur-1", "aurora.example", "li@aurora.example"):
        assert list(customers_named(text)) == [customer], text
    for text in ("", " ", "borealis aurora", "example", "\0"):
        assert not customers_named(text).exists(), text
