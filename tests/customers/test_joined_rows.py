"""Rows of joined models from queries by hand: equal to what Django reads, down to the types."""

import pytest
from django.contrib.auth.models import User
from django.db import connection

from customers.joined_rows import JoinedRow, as_asked, asked_rows, columns_of
from customers.models import Contact, Customer
from tests.factories import ContactFactory, CustomerFactory, staff

pytestmark = pytest.mark.django_db


def joined(names):
    """A row for each name: its place, the contact of that name with customer and manager, and a column at the end."""
    statement = f"""
        SELECT
            asked.place,
            {columns_of(Contact, "customers_contact", "")},
            {columns_of(Customer, "company", "company__")},
            {columns_of(User, "manager", "manager__")},
            asked.name
        FROM {asked_rows(place="int", name="text")}
        JOIN customers_contact ON customers_contact.name = asked.name
        LEFT JOIN customers_customer AS company ON company.id = customers_contact.customer_id
        LEFT JOIN auth_user AS manager ON manager.id = company.account_manager_id
        ORDER BY asked.place
    """
    asked = [{"place": place, "name": name} for place, name in enumerate(names)]
    with connection.cursor() as cursor:
        cursor.execute(statement, as_asked(asked))
        for place, *columns in cursor.fetchall():
            row = JoinedRow(columns)
            yield place, row.take(Contact), row.take(Customer), row.take(User), *row.rest()


def columns(instance):
    return [getattr(instance, field.attname) for field in instance._meta.concrete_fields]


def test_every_column_is_what_django_reads_in_value_and_type():
    contact = ContactFactory(name="Ann", customer=CustomerFactory(account_manager=staff()))
    ((_place, *read, name),) = joined(["Ann"])
    again = (
        Contact.objects.get(),
        Customer.objects.get(),
        User.objects.get(pk=contact.customer.account_manager.pk),
    )
    for instance, expected in zip(read, again, strict=True):
        assert columns(instance) == columns(expected)
        assert [*map(type, columns(instance))] == [*map(type, columns(expected))]
        assert (instance._state.adding, instance._state.db) == (False, "default")
    assert name == "Ann"


def test_a_join_that_finds_nothing_gives_none():
    ContactFactory(name="Ann", customer=None)
    ((_place, contact, customer, manager, name),) = joined(["Ann"])
    assert (contact.name, customer, manager, name) == ("Ann", None, None, "Ann")


def test_many_are_asked_at_once_and_told_apart_by_their_place():
    odd = "黑屏 '\" \\ {} %s \u2028"
    for name in ("Ann", odd):
        ContactFactory(name=name)
    found = [(place, contact.name) for place, contact, *_more in joined([odd, "nobody", "Ann", odd])]
    assert found == [(0, odd), (2, "Ann"), (3, odd)]
