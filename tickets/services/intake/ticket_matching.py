"""Which ticket a mail belongs to, and whether its writer may append there. Never by the text of a subject alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from tickets.choices import MailPurpose, MessageKind
from tickets.mail.threading import ThreadClues
from tickets.mail.values import ParsedMail
from tickets.models import Mailbox, Message, OutboundEmail, Ticket
from tickets.services.intake.incoming_mail import IncomingMail
from tickets.services.intake.senders import Sender
from tickets.services.outgoing.threads import clues_of

MOST_MERGES = 20


@dataclass(frozen=True)
class ThreadTarget:
    """The ticket to append to. Unconfirmed: the mail proves the thread, but its writer is a stranger to it."""

    ticket: Ticket
    is_unconfirmed: bool


@dataclass(frozen=True)
class _Candidate:
    """``is_proven``: named by something that only those who got the desk's or the customer's mail can know."""

    ticket: Ticket
    is_proven: bool


def find_target(arrival: IncomingMail, writer: Sender) -> ThreadTarget | None:
    """The strongest clue that leads to a ticket wins; a bare number counts only from those who take part."""
    clues = clues_of(arrival.mail, envelope_to=arrival.row.envelope_to)
    for candidate in _candidates(clues):
        ticket = end_of_merges(candidate.ticket)
        if ticket.is_drill and writer.staff is None:
            continue  # a customer's words must not end up in an exercise
        if may_append(ticket, writer) or is_verified_staff(arrival, writer):
            return ThreadTarget(ticket, is_unconfirmed=False)
        if candidate.is_proven:
            return ThreadTarget(ticket, is_unconfirmed=True)
    return None


def end_of_merges(ticket: Ticket) -> Ticket:
    """A merged ticket leads to the one it was merged into."""
    for _step in range(MOST_MERGES):
        if ticket.merged_into is None:
            break
        ticket = ticket.merged_into
    return ticket


def is_past_grace(ticket: Ticket, at: datetime) -> bool:
    """Resolved or closed longer than REOPEN_DAYS before ``at``: what comes now is a new matter."""
    ended = ticket.resolved_at or ticket.closed_at
    if ticket.is_active or ended is None:
        return False
    return at - ended > timedelta(days=settings.REOPEN_DAYS)


def may_append(ticket: Ticket, writer: Sender) -> bool:
    """The requester, a contact of the same customer, or somebody who took part in the conversation."""
    if writer.contact is not None and writer.contact.pk == ticket.contact_id:
        return True
    if writer.is_known and writer.customer is not None and writer.customer.pk == ticket.customer_id:
        return True
    return bool(writer.address) and _took_part(ticket, writer.address)


def is_verified_staff(arrival: IncomingMail, writer: Sender) -> bool:
    """A colleague's address, and our own mail server says that the mail truly comes from its domain."""
    if writer.staff is None:
        return False
    own = arrival.boxes.by_id(arrival.row.mailbox_id)
    return own is not None and _passed(arrival.mail, own, domain=writer.address.rpartition("@")[2].lower())


def _candidates(clues: ThreadClues) -> Iterator[_Candidate]:
    proven = [*clues.reply_tokens, *(one.ticket_number for one in clues.own_ids)]
    numbers = clues.subject_numbers if len(clues.subject_numbers) == 1 else ()
    tickets = Ticket.objects.select_related("merged_into").in_bulk({*proven, *numbers} - {0})
    yield from (_Candidate(tickets[number], True) for number in proven if number in tickets)
    yield from (_Candidate(ticket, True) for ticket in _tickets_of_foreign(clues.foreign_ids))
    yield from (_Candidate(tickets[number], False) for number in numbers if number in tickets)


def _tickets_of_foreign(ids: tuple[str, ...]) -> list[Ticket]:
    """Tickets that hold a mail with one of these ids, the nearest ancestor's first."""
    if not ids:
        return []
    found = Message.objects.filter(rfc_message_id__in=ids).select_related("ticket__merged_into")
    by_id = {message.rfc_message_id: message.ticket for message in found.order_by("-pk")}
    return list(dict.fromkeys(by_id[one] for one in ids if one in by_id))


def _took_part(ticket: Ticket, address: str) -> bool:
    """Wrote here as a confirmed sender, or was written to by us."""
    said = Q(sender_address__iexact=address, is_unconfirmed=False, kind=MessageKind.INBOUND)
    if ticket.messages.filter(said).exists():
        return True
    ours = OutboundEmail.objects.filter(ticket=ticket, purpose=MailPurpose.REPLY)
    written_to = {one.casefold() for to, cc in ours.values_list("recipients", "copies") for one in (*to, *cc)}
    return address.casefold() in written_to


def _passed(mail: ParsedMail, own: Mailbox, *, domain: str) -> bool:
    """RFC 8601: only the topmost field counts, and only when it names our server; a sender can write the others."""
    first = next(iter(mail.authentication_results), "").lower()
    server, _semicolon, results = first.partition(";")
    names = {own.host.lower(), own.address.rpartition("@")[2].lower()} - {""}
    if not any(f".{server.strip().partition(' ')[0]}".endswith(f".{name}") for name in names):
        return False
    signed = re.search(rf"dkim=pass\b[^;]*header\.[di]=@?{re.escape(domain)}(?![\w.-])", results)
    return bool(signed) or bool(re.search(r"dmarc=pass\b", results))
