"""Which ticket a mail belongs to, and whether its sender may append to it. Never by the text of a subject alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from customers.addresses import address_key
from tickets.choices import MailPurpose, MessageKind
from tickets.mail.threading import ThreadClues, signing_keys, thread_clues
from tickets.models import Message, OutboundEmail, Ticket
from tickets.services.intake.authentication import has_failed, is_verified_staff
from tickets.services.intake.incoming_mail import IncomingMail
from tickets.services.intake.senders import Sender
from tickets.services.spelled_addresses import spelled

MOST_MERGES = 20


@dataclass(frozen=True)
class ThreadTarget:
    """The ticket to append to. Unconfirmed: the mail proves the thread, but its sender does not take part in it."""

    ticket: Ticket
    is_unconfirmed: bool


@dataclass(frozen=True)
class _Candidate:
    """``is_proven``: the clue is known only to people who received the desk's or the customer's mail."""

    ticket: Ticket
    is_proven: bool


def find_target(incoming: IncomingMail, sender: Sender) -> ThreadTarget | None:
    """Follow the strongest clue that leads to a ticket. A bare number counts only from a participant.

    The sender of a mail that failed our own server's DMARC check is never a participant.
    """
    is_forged = has_failed(incoming.mail, incoming.mailbox)
    clues = thread_clues(incoming.mail, secrets=signing_keys(), envelope_to=incoming.row.envelope_to)
    for candidate in (*_returned_to(incoming), *_candidates(clues)):
        ticket = end_of_merges(candidate.ticket)
        if ticket.is_drill and sender.staff is None:
            continue  # a customer's words must not end up in an exercise
        if is_verified_staff(incoming, sender) or (may_append(ticket, sender) and not is_forged):
            return ThreadTarget(ticket, is_unconfirmed=False)
        if candidate.is_proven:
            return ThreadTarget(ticket, is_unconfirmed=True)
    return None


def end_of_merges(ticket: Ticket) -> Ticket:
    """The ticket that a merged one became part of, through several merges if need be; otherwise the same ticket."""
    for _step in range(MOST_MERGES):
        if ticket.merged_into is None:
            break
        ticket = ticket.merged_into
    return ticket


def is_past_grace(ticket: Ticket, at: datetime) -> bool:
    """True if the ticket ended more than REOPEN_DAYS before ``at``: a mail that comes now is a new matter."""
    ended = ticket.resolved_at or ticket.closed_at
    if ticket.is_active or ended is None:
        return False
    return at - ended > timedelta(days=settings.REOPEN_DAYS)


def is_requester(ticket: Ticket, sender: Sender) -> bool:
    return sender.contact is not None and sender.contact.pk == ticket.contact_id


def may_append(ticket: Ticket, sender: Sender) -> bool:
    """True for the requester, a known contact of the same customer, and anybody who took part in the conversation."""
    if is_requester(ticket, sender):
        return True
    if sender.is_known and sender.customer is not None and sender.customer.pk == ticket.customer_id:
        return True
    return bool(sender.address) and _took_part(ticket, sender.address)


def _returned_to(incoming: IncomingMail) -> Iterator[_Candidate]:
    """The ticket of the mail of ours to whose signed envelope sender this one went, as automatic replies do."""
    if incoming.bounce_tag is None:
        return
    tagged = OutboundEmail.objects.filter(pk=incoming.bounce_tag.mail).exclude(ticket=None)
    mail = tagged.select_related("ticket__merged_into").first()
    if mail is not None and mail.ticket is not None:
        yield _Candidate(mail.ticket, True)


def _candidates(clues: ThreadClues) -> Iterator[_Candidate]:
    proven = [*clues.reply_tokens, *(own_id.ticket_number for own_id in clues.own_ids)]
    numbers = clues.subject_numbers if len(clues.subject_numbers) == 1 else ()
    tickets = Ticket.objects.select_related("merged_into").in_bulk({*proven, *numbers} - {0})
    yield from (_Candidate(tickets[number], True) for number in proven if number in tickets)
    yield from (_Candidate(ticket, True) for ticket in _tickets_holding(clues.foreign_ids))
    yield from (_Candidate(tickets[number], False) for number in numbers if number in tickets)


def _tickets_holding(ids: tuple[str, ...]) -> list[Ticket]:
    """The tickets with a mail that has one of these Message-IDs, the nearest ancestor's first."""
    if not ids:
        return []
    messages = Message.objects.filter(rfc_message_id__in=ids).select_related("ticket__merged_into")
    by_id = {message.rfc_message_id: message.ticket for message in messages.order_by("-pk")}
    return list(dict.fromkeys(by_id[message_id] for message_id in ids if message_id in by_id))


def _took_part(ticket: Ticket, address: str) -> bool:
    """True for a participant, for a confirmed sender of a message here, and for whoever got a reply of ours."""
    if ticket.participants.filter(spelled("address", address)).exists():
        return True
    from_address = spelled("sender_address", address) & Q(is_unconfirmed=False, kind=MessageKind.INBOUND)
    if ticket.messages.filter(from_address).exists():
        return True
    replies = OutboundEmail.objects.filter(ticket=ticket, purpose=MailPurpose.REPLY)
    lists = replies.values_list("recipients", "copies")
    return address_key(address) in {address_key(receiver) for to, cc in lists for receiver in (*to, *cc)}
