"""Looks up contacts by their address, each with whatever else a mail of theirs asks: for one mail or for a batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.contrib.auth.models import User
from django.db import connection

from customers.access import OPENS_TICKETS
from customers.addresses import address_key, address_spellings
from customers.joined_rows import JoinedRow, as_asked, asked_rows, columns_of
from customers.models import Contact, Customer
from tickets.choices import MailPurpose
from tickets.lib.waiting_rows import forget, recall, remember
from tickets.services.automatic_mail_limits import COUNTED, LIMIT_WINDOW

OPENS = str(OPENS_TICKETS)
# What comes with a contact, under these names.
BESIDES = (
    "may_be_marked", "is_colleague", "manager_is_away", "manager_opens_tickets", "recent_tickets", COUNTED,
)  # fmt: skip


def known_contact(address: str, *, at: datetime, now: datetime) -> Any:
    """The contact with their customer, its account manager and BESIDES; None. One query, none if it is remembered.

    ``at`` is the receipt time of the mail, ``now`` the present; both are UTC.
    """
    contact = recall((Contact, address, at))
    if contact is None:
        contact = next((contact for _place, contact in _contacts([(address, at)], now=now)), None)
    if contact is not None:
        forget(contact)  # this mail will add to what was counted
    return contact


def remember_contacts(asked: Sequence[tuple[str, datetime]], *, now: datetime) -> list[Any]:
    """Look up the writers of a batch (address and receipt time of each mail) with one query, for `known_contact`.

    Who wrote several of them is left out, as the counts change with each.
    """
    often = Counter(address_key(address) for address, _at in asked)
    once = [(address, at) for address, at in asked if address and often[address_key(address)] == 1]
    contacts: dict[int, Any] = {}
    for place, contact in _contacts(once, now=now) if once else ():
        contacts.setdefault(place, contact)
    for place, contact in contacts.items():
        remember((Contact, *once[place]), contact)
    return list(contacts.values())


def _contacts(asked: Sequence[tuple[str, datetime]], *, now: datetime) -> Iterable[tuple[int, Any]]:
    """Each place in ``asked`` with a contact that has the address; the one that is spelled like it goes first."""
    as_time = connection.ops.adapt_datetimefield_value  # as this database takes times
    values = {"now": as_time(now), "last_hour": as_time(now - LIMIT_WINDOW)}
    rows = [_as_row(place, address, at) for place, (address, at) in enumerate(asked)]
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection.vendor), {**as_asked(rows), **values})
        return [(place, _contact_of(columns)) for place, *columns in cursor.fetchall()]


def _as_row(place: int, address: str, at: datetime) -> dict[str, Any]:
    written, *others = address_spellings(address)
    return {
        "place": place,
        "key": written,
        "second": others[0] if others else written,
        "third": others[-1] if others else written,
        "hour_before": connection.ops.adapt_datetimefield_value(at - LIMIT_WINDOW),
        "hour_after": connection.ops.adapt_datetimefield_value(at + LIMIT_WINDOW),
    }


def _contact_of(columns: Sequence[Any]) -> Any:
    row = JoinedRow(columns)
    contact: Any = row.take(Contact)
    contact.customer, manager = row.take(Customer), row.take(User)
    contact.__dict__.update(zip(BESIDES, row.rest(), strict=True))
    if contact.customer is not None and manager is not None:
        contact.customer.account_manager = manager
    return contact


@lru_cache(maxsize=2)
def _statement(_vendor: str) -> str:
    """By hand, as Django takes four times as long to write it."""
    asked = asked_rows(
        place="int",
        key="text",
        second="text",
        third="text",
        hour_before="timestamptz",
        hour_after="timestamptz",
    )
    return f"""
        SELECT
            asked.place,
            {columns_of(Contact, "customers_contact", "")},
            {columns_of(Customer, "company", "company__")},
            {columns_of(User, "manager", "manager__")},
            EXISTS (
                SELECT 1 FROM tickets_mailmark
                WHERE sender IN (asked.key, asked.second, asked.third) AND taken_back_at IS NULL
            ),
            EXISTS (
                SELECT 1 FROM auth_user
                WHERE LOWER(email) IN (asked.key, asked.second, asked.third) AND is_staff AND is_active
            ),
            EXISTS (
                SELECT 1 FROM customers_absence
                WHERE user_id = company.account_manager_id AND starts_at <= %(now)s AND ends_at > %(now)s
            ),
            manager.is_superuser OR EXISTS (
                SELECT 1 FROM auth_user_groups AS joined
                JOIN auth_group_permissions AS given ON given.group_id = joined.group_id
                JOIN auth_permission AS permission ON permission.id = given.permission_id
                WHERE joined.user_id = manager.id AND permission.codename IN {OPENS}
            ) OR EXISTS (
                SELECT 1 FROM auth_user_user_permissions AS own
                JOIN auth_permission AS permission ON permission.id = own.permission_id
                WHERE own.user_id = manager.id AND permission.codename IN {OPENS}
            ),
            (
                SELECT COUNT(*) FROM tickets_ticket
                WHERE contact_id = customers_contact.id
                    AND opened_at > asked.hour_before AND opened_at < asked.hour_after
            ),
            (
                SELECT COUNT(*) FROM tickets_outboundemail AS sent
                JOIN tickets_ticket AS about ON about.id = sent.ticket_id
                WHERE about.contact_id = customers_contact.id
                    AND sent.created_at > %(last_hour)s AND sent.purpose = '{MailPurpose.ACKNOWLEDGEMENT}'
            )
        FROM {asked}
        JOIN customers_contact ON customers_contact.email <> ''
            AND LOWER(customers_contact.email) IN (asked.key, asked.second, asked.third)
        LEFT JOIN customers_customer AS company ON company.id = customers_contact.customer_id
        LEFT JOIN auth_user AS manager ON manager.id = company.account_manager_id
        ORDER BY asked.place, LOWER(customers_contact.email) <> asked.key
    """  # noqa: S608 - only names of our own columns
