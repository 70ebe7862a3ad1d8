"""Who wrote a mail: a known contact, somebody at a known company, a colleague or a stranger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length, Lower

from customers.choices import Language
from customers.models import Contact, Customer, MailDomain
from customers.public_domains import company_domain, domains_of
from tickets.models import MailMark, Ticket
from tickets.services.automatic_mail_limits import LIMIT_WINDOW, new_writers
from tickets.services.participants import LONGEST_ADDRESS


@dataclass(frozen=True)
class Sender:
    """The person behind an address. ``is_known``: an active contact of a company, who existed before this mail.

    ``recent_tickets`` counts the tickets that the contact opened within LIMIT_WINDOW before the mail. If this address
    never wrote before, ``recent_in_domain`` counts those of all such addresses of its domain. Unless
    ``may_be_marked``, no mail of theirs was marked as a person's or as automatic.
    """

    address: str
    contact: Contact | None = None
    customer: Customer | None = None
    staff: User | None = None
    is_known: bool = False
    recent_tickets: int = 0
    recent_in_domain: int = 0
    may_be_marked: bool = True

    @property
    def is_ours_or_a_customer_s(self) -> bool:
        return self.is_known or self.customer is not None or self.staff is not None


def find_sender(address: str, *, at: datetime) -> Sender:
    """Look an address up among contacts, the companies' mail domains and colleagues. Changes nothing.

    ``at`` is the receipt time of the mail.
    """
    opened = Ticket.objects.filter(contact=OuterRef("pk"), opened_at__gt=at - LIMIT_WINDOW, opened_at__lte=at)
    counted = opened.order_by().values("contact").annotate(tickets=Count("pk")).values("tickets")
    recent = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
    marks = MailMark.objects.filter(sender=address.casefold(), taken_back_at=None)
    known = _contacts(address).annotate(recent_tickets=recent, may_be_marked=Exists(marks))
    contact = known.first() if address else None
    tickets = contact.recent_tickets if contact else 0
    may_be_marked = contact.may_be_marked if contact else True
    customer, staff = (contact.customer, None) if contact is not None else (None, None)
    if customer is None:
        customer, staff = customer_of(address), staff_of(address)
    return Sender(
        address,
        contact,
        customer,
        staff,
        is_known=contact is not None and contact.customer is not None and contact.is_active,
        recent_tickets=tickets,
        recent_in_domain=_recent_in_domain(address, at) if contact is None else 0,
        may_be_marked=may_be_marked,
    )


def _recent_in_domain(address: str, at: datetime) -> int:
    domain = company_domain(address)
    if not domain:
        return 0
    opened = Ticket.objects.filter(new_writers(at, "contact__"), contact__email__iendswith=f"@{domain}")
    return opened.filter(opened_at__gt=at - LIMIT_WINDOW, opened_at__lte=at).count()


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
    return contacts.filter(key=address.lower())


def customer_of(address: str) -> Customer | None:
    """The customer with the address's mail domain, or with the nearest domain above it; None for public providers."""
    domains = domains_of(address)
    if not domains:
        return None
    matches = MailDomain.objects.filter(domain__in=domains).select_related("customer")
    nearest = matches.order_by(Length("domain").desc()).first()
    return nearest.customer if nearest else None


def staff_of(address: str) -> User | None:
    if not address:
        return None
    colleagues = get_user_model().objects.filter(is_active=True, is_staff=True)
    return colleagues.alias(key=Lower("email")).filter(key=address.lower()).order_by("pk").first()


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
