"""Who wrote a mail: a known contact, somebody of a known company, a colleague, a stranger."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Length, Lower

from customers.choices import Language
from customers.models import Contact, Customer, MailDomain
from customers.public_domains import is_public_domain
from tickets.models import Ticket

LONGEST_ADDRESS = 254
LIMIT_WINDOW = timedelta(hours=1)


@dataclass(frozen=True)
class Sender:
    """The person behind an address. ``is_known``: a contact of a company who was here before this mail.

    ``opened_lately`` counts the tickets of the contact within LATELY before the mail.
    """

    address: str
    contact: Contact | None = None
    customer: Customer | None = None
    staff: User | None = None
    is_known: bool = False
    opened_lately: int = 0


def find_sender(address: str, *, at: datetime) -> Sender:
    """Look an address up without changing anything: contacts, the company's mail domains, colleagues.

    ``at`` is the receipt of the mail.
    """
    contact = _contacts(address).annotate(opened_lately=_opened_lately(at)).first() if address else None
    opened_lately = contact.opened_lately if contact else 0
    if contact is not None and contact.customer is not None:
        known = contact.is_active
        return Sender(address, contact, contact.customer, is_known=known, opened_lately=opened_lately)
    return Sender(address, contact, customer_of(address), staff_of(address), opened_lately=opened_lately)


def ensure_contact(writer: Sender, *, name: str, language: str, at: datetime) -> Sender:
    """The writer with a contact row: made when there is none, and told its company when that is known by now.

    Somebody who writes has a working mailbox: a failure noted earlier is forgotten.
    """
    contact = writer.contact
    if contact is None:
        return replace(writer, contact=_new_contact(writer, name=name, language=language))
    changed = []
    if contact.customer is None and writer.customer is not None:
        contact.customer = writer.customer
        changed.append("customer")
    if contact.mail_failed_at is not None and contact.mail_failed_at < at:
        contact.mail_failed_at = None
        changed.append("mail_failed_at")
    if changed:
        contact.save(update_fields=changed)
    return writer


def _contacts(address: str) -> QuerySet[Contact]:
    """Spelled so that the unique index on the lower-case address serves it."""
    contacts = Contact.objects.select_related("customer").alias(key=Lower("email")).exclude(email="")
    return contacts.filter(key=address.lower())


def _opened_lately(at: datetime) -> Coalesce:
    opened = Ticket.objects.filter(contact=OuterRef("pk"), opened_at__gt=at - LIMIT_WINDOW, opened_at__lte=at)
    counted = opened.order_by().values("contact").annotate(tickets=Count("pk")).values("tickets")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def customer_of(address: str) -> Customer | None:
    """The company of the address's mail domain, or of the nearest domain above it. Public providers name nobody."""
    domains = _domains_of(address)
    if not domains:
        return None
    known = MailDomain.objects.filter(domain__in=domains).select_related("customer")
    nearest = known.order_by(Length("domain").desc()).first()
    return nearest.customer if nearest else None


def staff_of(address: str) -> User | None:
    if not address:
        return None
    colleagues = get_user_model().objects.filter(is_active=True, is_staff=True)
    return colleagues.alias(key=Lower("email")).filter(key=address.lower()).order_by("pk").first()


def _domains_of(address: str) -> list[str]:
    """``a.b.example.com`` and what it lies under, without the top level; IDN as written and in ASCII."""
    written = address.rpartition("@")[2].lower().rstrip(".")
    found = []
    for spelling in dict.fromkeys([written, _in_ascii(written)]):
        labels = spelling.split(".")
        found += [".".join(labels[place:]) for place in range(len(labels) - 1)]
    return [] if any(map(is_public_domain, found)) else found


def _in_ascii(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def _new_contact(writer: Sender, *, name: str, language: str) -> Contact | None:
    """None for an address that no contact can have; the ticket then stands without one."""
    if not writer.address or len(writer.address) > LONGEST_ADDRESS:
        return None
    own_language = "" if writer.customer or language not in Language.values else language
    try:
        with transaction.atomic():
            return Contact.objects.create(
                customer=writer.customer, name=_person(name), email=writer.address, language=own_language
            )
    except IntegrityError:  # another mail of theirs was quicker
        return _contacts(writer.address).first()


def _person(name: str) -> str:
    """A display name with an address in it names nobody, and may pose as somebody else."""
    return "" if "@" in name else name[:200]
