"""Whose personal data it is: a contact or a whole customer, their tickets, and what they can be found by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from customers.models import Contact, Customer, MailDomain
from customers.names import name_of
from customers.traces import Traces, names_of, phones_of
from supportdesk.models import ErasedKind
from tickets.choices import MessageKind
from tickets.models import InboundEmail, Mailbox, Message, Participant, Ticket
from tickets.models.ticket import TicketQuerySet

BY_THEM = (MessageKind.INBOUND, MessageKind.AUTOMATIC)


def mark_of(kind: str, number: int) -> str:
    """What stands for them, the same in every language: [#12], and [C#3] for a customer."""
    return f"[#{number}]" if kind == ErasedKind.CONTACT else f"[C#{number}]"


@dataclass(frozen=True)
class Subject:
    kind: ErasedKind
    number: int

    @classmethod
    def of(cls, row: Contact | Customer) -> Subject:
        kind = ErasedKind.CONTACT if isinstance(row, Contact) else ErasedKind.CUSTOMER
        return cls(kind, row.pk)

    @property
    def mark(self) -> str:
        return mark_of(self.kind, self.number)

    @property
    def model(self) -> type[Contact] | type[Customer]:
        return Contact if self.kind == ErasedKind.CONTACT else Customer

    def row(self) -> Any:
        return self.model._base_manager.filter(pk=self.number).first()

    @property
    def contacts(self) -> QuerySet[Contact]:
        if self.kind == ErasedKind.CONTACT:
            return Contact.objects.filter(pk=self.number).order_by()
        return Contact.objects.filter(customer=self.number).order_by()

    @property
    def tickets(self) -> TicketQuerySet:
        """Theirs, and those merged into them: the conversation is one."""
        keys = self.contacts.values("pk")
        theirs = Q(contact__in=keys)
        if self.kind == ErasedKind.CUSTOMER:
            theirs |= Q(customer=self.number)
        own = Ticket.objects.filter(theirs).order_by()
        return Ticket.objects.filter(theirs | Q(merged_into__in=own.values("pk"))).order_by("pk")

    @property
    def customer(self) -> int | None:
        if self.kind == ErasedKind.CUSTOMER:
            return self.number
        return Contact.objects.filter(pk=self.number).values_list("customer", flat=True).first()

    def messages_elsewhere(self, traces: Traces) -> QuerySet[Message]:
        """What they wrote in other people's tickets."""
        theirs = Q(contact__in=self.contacts.values("pk"))
        for address in traces.addresses:
            theirs |= Q(sender_address__iexact=address)
        return Message.objects.filter(theirs).exclude(ticket__in=self.tickets.order_by().values("pk"))

    def mails_without_ticket(self, traces: Traces) -> QuerySet[InboundEmail]:
        """Held, failed and dismissed mail of theirs."""
        theirs = Q(pk=None)
        for address in traces.addresses:
            theirs |= Q(sender__iexact=address) | Q(envelope_from__iexact=address)
        for domain in traces.domains:
            theirs |= Q(sender__iendswith=f"@{domain}")
        return InboundEmail.objects.filter(theirs, message=None)


def traces_of(subject: Subject) -> Traces:
    """What they can be found by, without what also stands for others: our own addresses, a number that others share."""
    contacts = list(subject.contacts)
    keys = [contact.pk for contact in contacts]
    domains: tuple[str, ...] = ()
    names = [contact.name for contact in contacts]
    phones = [contact.phone for contact in contacts]
    if subject.kind == ErasedKind.CUSTOMER:
        customer = subject.row()
        domains = tuple(MailDomain.objects.filter(customer=customer).values_list("domain", flat=True))
        names += [customer.name, customer.code]
        phones.append(customer.hotline)
    written = Message.objects.filter(contact__in=keys, kind__in=BY_THEM).order_by()
    addresses = [contact.email for contact in contacts]
    for column in ("sender_address", "reply_to"):
        addresses += written.values_list(column, flat=True).distinct()
    names += written.values_list("sender_name", flat=True).distinct()
    addresses = _only_theirs(addresses, keys)
    called = Participant.objects.annotate(lower=Lower("address")).filter(lower__in=addresses).order_by()
    names += called.values_list("name", flat=True).distinct()
    return Traces(
        subject.mark,
        tuple(addresses),
        domains,
        phones_of(*_not_shared(phones, keys)),
        names_of(*_nobody_elses(names)),
    )


def _only_theirs(addresses: Iterable[str], contacts: list[int]) -> list[str]:
    wanted = dict.fromkeys(address.strip().lower() for address in addresses)
    lower = Lower("email")
    others = Contact.objects.exclude(pk__in=contacts).annotate(lower=lower).filter(lower__in=wanted)
    ours = User.objects.annotate(lower=lower).filter(lower__in=wanted)
    boxes = Mailbox.objects.annotate(lower=Lower("address")).filter(lower__in=wanted)
    written = Message.objects.filter(kind__in=BY_THEM).exclude(contact=None).exclude(contact__in=contacts)
    shared = written.annotate(lower=Lower("sender_address")).filter(lower__in=wanted)
    rows_of_others = (others, ours, boxes, shared)
    taken = {
        text for rows in rows_of_others for text in rows.order_by().values_list("lower", flat=True).distinct()
    }
    return [address for address in wanted if "@" in address and address not in taken]


def _not_shared(phones: Iterable[str], contacts: list[int]) -> list[str]:
    others = Contact.objects.exclude(pk__in=contacts)
    return [phone for phone in phones if phone and not others.filter(phone=phone).exists()]


def _nobody_elses(names: Iterable[str]) -> list[str]:
    """Without the names of colleagues, whose words these often are."""
    ours = {text.casefold() for user in User.objects.all() for text in (name_of(user), user.username)}
    return [name for name in names if name.strip().casefold() not in ours]
