"""Who wrote a mail: a known contact, somebody at a known company, a colleague or a stranger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Case, Model, QuerySet, When
from django.db.models.functions import Lower

from customers.addresses import address_spellings
from customers.choices import Language
from customers.mail_domains import nearest_domain
from customers.models import Contact, Customer
from customers.public_domains import company_domain
from tickets.models import Ticket
from tickets.services.automatic_mail_limits import LIMIT_WINDOW, new_writers
from tickets.services.intake.known_contacts import known_contact
from tickets.services.participants import LONGEST_ADDRESS

RowT = TypeVar("RowT", bound=Model)


@dataclass(frozen=True)
class Sender:
    """The person behind an address. ``is_known``: an active contact of a company, who existed before this mail.

    A colleague who is also a contact of a company has both.
    ``recent_tickets`` counts the tickets that the contact opened within LIMIT_WINDOW before the mail, and after it if
    later mails were faster. If this address never wrote before, ``recent_in_domain`` counts those of all such addresses
    of its domain. Unless ``may_be_marked``, no mail of theirs was marked as a person's or as automatic. ``manager`` is
    the customer's account manager, if the contact is known and the manager is present.
    """

    address: str
    contact: Contact | None = None
    customer: Customer | None = None
    staff: User | None = None
    is_known: bool = False
    manager: User | None = None
    recent_tickets: int = 0
    recent_in_domain: int = 0
    may_be_marked: bool = True

    @property
    def is_ours_or_a_customer_s(self) -> bool:
        return self.is_known or self.customer is not None or self.staff is not None


def find_sender(address: str, *, at: datetime, now: datetime) -> Sender:
    """Look an address up among contacts, the companies' mail domains and colleagues. Changes nothing.

    ``at`` is the receipt time of the mail, ``now`` the present; both are UTC.
    """
    contact: Any = known_contact(address, at=at, now=now) if address else None
    customer: Customer | None = contact.customer if contact is not None else None
    is_maybe_colleague = contact is None or contact.is_colleague
    return Sender(
        address,
        contact,
        customer or customer_of(address),
        staff_of(address) if is_maybe_colleague else None,
        is_known=contact is not None and contact.customer is not None and contact.is_active,
        manager=_present_manager(contact) if contact is not None else None,
        recent_tickets=contact.recent_tickets if contact is not None else 0,
        recent_in_domain=_recent_in_domain(address, at) if contact is None else 0,
        may_be_marked=bool(contact.may_be_marked) if contact is not None else True,
    )


def _present_manager(contact: Any) -> User | None:
    manager: User | None = contact.customer.account_manager if contact.customer is not None else None
    if manager is None or contact.manager_is_away or not contact.manager_opens_tickets:
        return None
    if not (manager.is_active and manager.is_staff):
        return None
    return manager


def _recent_in_domain(address: str, at: datetime) -> int:
    domain = company_domain(address)
    if not domain:
        return 0
    opened = Ticket.objects.filter(new_writers(at, "contact__"), contact__email__iendswith=f"@{domain}")
    return opened.filter(opened_at__gt=at - LIMIT_WINDOW, opened_at__lt=at + LIMIT_WINDOW).count()


def ensure_contact(sender: Sender, *, name: str, language: str, at: datetime) -> Sender:
    """Create a contact for the sender if there is none, and fill in its customer if that has become known.

    A sender has a working mailbox, so an earlier mail failure is cleared.
    """
    contact = sender.contact
    if contact is None:
        return replace(sender, contact=_create_contact(sender, name=name, language=language))
    changed = []
    if contact.customer is None and sender.customer is not None:
        contact.customer = sender.customer
        changed.append("customer")
    if contact.mail_failed_at is not None and contact.mail_failed_at < at:
        contact.mail_failed_at = None
        changed.append("mail_failed_at")
    if changed:
        contact.save(update_fields=changed)
    return sender


def hold_unknown(sender: Sender) -> Sender:
    """The sender of a new ticket, with the customer that somebody has named meanwhile.

    Locks the contact if there is none, so that whoever names the customer now waits and finds the new ticket.
    """
    if sender.contact is None or sender.customer is not None:
        return sender
    contacts = Contact.objects.select_for_update(of=("self",)).select_related("customer")
    contact = contacts.get(pk=sender.contact.pk)
    return replace(sender, contact=contact, customer=contact.customer)


def _contacts(address: str) -> QuerySet[Contact]:
    """Contacts with this address, by a query that the unique index on the lower-case address serves."""
    contacts = Contact.objects.select_related("customer").alias(key=Lower("email")).exclude(email="")
    return _as_written_first(contacts, address)


def customer_of(address: str) -> Customer | None:
    """The customer with the address's mail domain, or with the nearest domain above it; None for public providers."""
    nearest = nearest_domain(address)
    return nearest.customer if nearest else None


def staff_of(address: str) -> User | None:
    return _colleagues(address).first() if address else None


def _colleagues(address: str) -> QuerySet[User]:
    colleagues = get_user_model().objects.filter(is_active=True, is_staff=True)
    return _as_written_first(colleagues.alias(key=Lower("email")), address)


def _as_written_first(rows: QuerySet[RowT], address: str) -> QuerySet[RowT]:
    """Rows whose ``key`` is a spelling of the address. Older rows may have one each: the given spelling goes first."""
    spellings = address_spellings(address)
    if len(spellings) == 1:
        return rows.filter(key=spellings[0]).order_by("pk")
    as_written = Case(When(key=spellings[0], then=0), default=1)
    return rows.filter(key__in=spellings).order_by(as_written, "pk")


def _create_contact(sender: Sender, *, name: str, language: str) -> Contact | None:
    """Create the contact; None for an address that no contact can have, whose ticket then has no contact."""
    if not sender.address or len(sender.address) > LONGEST_ADDRESS:
        return None
    own_language = "" if sender.customer or language not in Language.values else language
    shown_name = "" if "@" in name else name[:200]  # a name like an address may impersonate somebody
    try:
        with transaction.atomic():
            return Contact.objects.create(
                customer=sender.customer,
                name=shown_name,
                email=sender.address,
                language=own_language,
                is_from_mail=True,
            )
    except IntegrityError:  # another mail of the same sender was processed first
        return _contacts(sender.address).first()
