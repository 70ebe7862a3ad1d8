"""Rows of joined models from queries by hand: equal to what Django reads, down to the types."""

import pytest
from django.contrib.auth.models import User

from customers.joined_rows import columns_of, joined_row
from customers.models import Contact, Customer
from tests.factories import ContactFactory, CustomerFactory, staff

pytestmark = pytest.mark.django_db

JOINED = f"""
    SELECT
        customers_contact.*,
        {columns_of(Customer, "company", "company__")},
        {columns_of(User, "manager", "manager__")}
    FROM customers_contact
    LEFT JOIN customers_customer AS company ON company.id = customers_contact.customer_id
    LEFT JOIN auth_user AS manager ON manager.id = company.account_manager_id
    ORDER BY customers_contact.id
"""


def columns(instance):
    return [getattr(instance, field.attname) for field in instance._meta.concrete_fields]


def test_every_column_is_what_django_reads_in_value_and_type():
    ContactFactory(customer=CustomerFactory(account_manager=staff()))
    (row,) = Contact.objects.raw(JOINED)
    customer, manager = joined_row(row, Customer, "company__"), joined_row(row, User, "manager__")
    for instance, again in ((customer, Customer.objects.get()), (manager, User.objects.get(pk=manager.pk))):
        assert columns(instance) == columns(again)
        assert [*map(type, columns(instance))] == [*map(type, columns(again))]
        assert instance._state.adding is False


def test_a_join_that_finds_nothing_gives_none_and_leaves_no_columns():
    ContactFactory(customer=None)
    (row,) = Contact.objects.raw(JOINED)
    assert joined_row(row, Customer, "company__") is None
    assert joined_row(row, User, "manager__") is None
    assert not [name for name in row.__dict__ if name.startswith(("company__", "manager__"))]
