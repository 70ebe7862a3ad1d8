"""Whom a customer's mail brings into the conversation: the people in its To and Cc."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db.models.functions import Lower

from customers.addresses import address_key, address_spellings
from tickets.mail.classify import MailKind
from tickets.mail.values import Address, MailNote
from tickets.services.intake.authentication import has_failed
from tickets.services.intake.incoming_mail import IncomingMail
from tickets.services.participants import MOST_PARTICIPANTS, may_take_part


def copied_people(incoming: IncomingMail) -> list[Address]:
    """Those beside the writer, at most MOST_PARTICIPANTS; without us, colleagues, mailing lists and no-reply addresses.

    Only a person's own mail brings in anybody: no forwarded one, none through a list, and none that failed DMARC.
    """
    if not _may_bring_in(incoming):
        return []
    people = {person.key: person for person in _written_to(incoming)}
    if not people:
        return []
    staff = User.objects.filter(is_staff=True, is_active=True).annotate(key=Lower("email"))
    spellings = [spelling for person in people.values() for spelling in address_spellings(person.email)]
    ours = set(map(address_key, staff.filter(key__in=spellings).values_list("email", flat=True)))
    return [person for key, person in people.items() if key not in ours]


def notes_on(incoming: IncomingMail) -> list[MailNote]:
    """What is remarked about the mail: also that more people got it than a mail may bring into the conversation."""
    mail = incoming.mail
    people = {person.key for person in (*mail.to, *mail.cc) if not incoming.mailboxes.is_own(person.email)}
    too_many = [MailNote.RECIPIENTS_LEFT_OUT] if len(people) > MOST_PARTICIPANTS else []
    return list(dict.fromkeys((*mail.notes, *too_many)))


def _may_bring_in(incoming: IncomingMail) -> bool:
    mail = incoming.mail
    is_own_mail = mail.sender is not None and mail.sender.key in (
        incoming.author.key,
        address_key(incoming.sent_through),
    )
    is_person = incoming.classification.kind is MailKind.PERSON
    return is_own_mail and is_person and not has_failed(mail, incoming.mailbox)


def _written_to(incoming: IncomingMail) -> Iterator[Address]:
    """An address that the mail was delivered to is ours, such as an alias of a mailbox."""
    writer = {incoming.author.key, address_key(incoming.reply_to), address_key(incoming.sent_through)}
    ours = {address_key(address) for address in (*incoming.row.envelope_to, *incoming.mail.delivered_to)}
    found = 0
    for person in (*incoming.mail.to, *incoming.mail.cc):
        if person.key in writer | ours or incoming.mailboxes.is_own(person.email):
            continue
        if not may_take_part(person.email):
            continue
        yield person
        found += 1
        if found == MOST_PARTICIPANTS:
            return
