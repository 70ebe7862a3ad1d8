"""The words of a notification or of a digest of many, as their reader reads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Customer
from escalation.choices import NoticeKind
from escalation.clocks.acknowledgements import PAGES
from escalation.models import DutyRota, Notification
from escalation.notifications.acknowledge_links import ack_link
from escalation.notifications.channels.payload import MessageTexts
from escalation.notifications.group_wording import customer_text_of
from escalation.notifications.wording import (
    Notice,
    as_read_by,
    link_to,
    moment,
    priority_of,
    reader_of,
    short_text_of,
    subject_of,
    text_of,
)
from escalation.policies.terms import contract_in_force
from tickets.models import Ticket

# A digest lists so many tickets, and counts the others.
MOST_LISTED = 50
OWN = (NoticeKind.PAGED, NoticeKind.ESCALATED_TO_YOU)  # may name as the other one who is told
TOLD = ("ticket__customer", "clock", "other__staff_profile", "escalation__by", "recipient")


@dataclass(frozen=True)
class Reader:
    """Language and zone; a customer reads nothing internal."""

    language: str
    zone: str
    is_customer: bool = False


def reader(of: User | DutyRota | Customer, *, at: datetime) -> Reader:
    """A customer reads as the contract in force says."""
    match of:
        case User():
            return Reader(*reader_of(of))
        case DutyRota():
            return Reader(settings.LANGUAGE_CODE, of.time_zone)
        case Customer():
            contract = contract_in_force(of, at)
            if contract is not None:
                return Reader(contract.spoken_language, contract.zone, is_customer=True)
            return Reader(of.language, of.time_zone, is_customer=True)


def words_of(rows: Sequence[Notification], reader: Reader) -> MessageTexts:
    """One notification's own words, or the digest of several."""
    with as_read_by(reader.language, reader.zone):
        if len(rows) == 1:
            return _one(_complete([rows[0].pk])[0], reader)
        return _many(rows, reader)


def notice_of(row: Notification) -> Notice:
    fired = row.escalation
    by, reason = (fired.by, fired.reason) if fired is not None else (None, "")
    is_own = row.kind in OWN and row.other_id == row.recipient_id
    other = None if is_own else row.other
    return Notice(NoticeKind(row.kind), row.ticket, row.clock, other, row.detail or reason, by)


def links_of(row: Notification) -> tuple[str, ...]:
    """Lines below the text of a notification to one person: the link by which whoever is paged takes it."""
    if row.recipient is None or row.escalation is None or row.kind not in PAGES:
        return ()
    return (_("I have it: %(link)s") % {"link": ack_link(user=row.recipient, escalation=row.escalation)},)


def _tokens(links: Iterable[str]) -> tuple[str, ...]:
    """The last part of each address: chat services repeat what they were sent, and colleagues read their answers."""
    return tuple(link.rstrip("/").rpartition("/")[2] for link in links)


def _complete(keys: Iterable[int]) -> list[Notification]:
    rows = Notification.objects.filter(pk__in=list(keys))
    return list(rows.select_related(*TOLD))


def _one(row: Notification, reader: Reader) -> MessageTexts:
    notice = notice_of(row)
    if reader.is_customer:
        text = customer_text_of(notice, at=row.created_at)
        return _for_customer(row.ticket.subject if row.ticket else "", text, urgent=row.is_urgent)
    links = links_of(row)
    subject, text = subject_of(notice), text_of(notice, links=links)
    tickets = [_fact(_DigestLine(row.ticket, [notice]))] if row.ticket is not None else []
    facts = _facts(row.kind, subject, text, tickets, urgent=row.is_urgent)
    return MessageTexts(subject, text, short_text_of(notice), facts, _tokens(links))


def _for_customer(subject: str, text: str, *, urgent: bool) -> MessageTexts:
    """Their webhook gets the words and no facts."""
    return MessageTexts(subject, text, text, _facts("notice", subject, text, [], urgent=urgent))


@dataclass
class _DigestLine:
    """What a digest says of one ticket."""

    ticket: Ticket
    notices: list[Notice] = field(default_factory=list)
    links: tuple[str, ...] = ()

    @property
    def due_at(self) -> datetime | None:
        return min((one.clock.due_at for one in self.notices if one.clock is not None), default=None)

    @property
    def what(self) -> str:
        return ", ".join(dict.fromkeys(str(one.kind.label) for one in self.notices))


def _many(rows: Sequence[Notification], reader: Reader) -> MessageTexts:
    keys = [row.pk for row in rows]
    tickets = _most_pressing(keys)
    shown = tickets[:MOST_LISTED]
    lines = _lines(keys, shown)
    if reader.is_customer:
        text = "\n".join(customer_text_of(line.notices[-1], at=rows[-1].created_at) for line in lines)
        subject = ngettext("%(count)s ticket", "%(count)s tickets", len(tickets)) % {"count": len(tickets)}
        return _for_customer(subject, text, urgent=any(row.is_urgent for row in rows))
    subject = _digest_subject(len(rows), lines)
    others = [row.detail for row in rows if row.ticket_id is None]
    parts = [
        *(_paragraph(line) for line in lines),
        *others[:MOST_LISTED],
        *_and_more(len(tickets) - len(shown)),
    ]
    text = "\n\n".join(parts)
    facts = _facts(
        "digest", subject, text, [_fact(line) for line in lines], urgent=any(row.is_urgent for row in rows)
    )
    tokens = _tokens(link for line in lines for link in line.links)
    return MessageTexts(subject, text, _digest_in_short(len(rows), lines), facts, tokens)


def _most_pressing(keys: Sequence[int]) -> list[int]:
    """The tickets of these notifications: P0 first, then what falls due first."""
    told = Notification.objects.filter(pk__in=keys, ticket__isnull=False)
    found = told.values_list("ticket__priority", "clock__due_at", "ticket_id")
    pressing = sorted(found, key=lambda one: (one[0], one[1] is None, one[1] or 0, one[2]))
    return list(dict.fromkeys(pk for _priority, _due, pk in pressing))


def _lines(keys: Sequence[int], tickets: Sequence[int]) -> list[_DigestLine]:
    told = Notification.objects.filter(pk__in=keys, ticket__in=tickets).order_by("pk")
    lines: dict[int, _DigestLine | None] = dict.fromkeys(tickets)
    for row in told.select_related(*TOLD):
        if row.ticket is not None:
            line = lines[row.ticket.pk] = lines[row.ticket.pk] or _DigestLine(row.ticket)
            line.notices.append(notice_of(row))
            line.links = links_of(row) or line.links
    return [line for line in lines.values() if line is not None]


def _digest_subject(count: int, lines: Sequence[_DigestLine]) -> str:
    short = _digest_in_short(count, lines)
    return f"{short} {lines[0].ticket.subject}" if lines else short


def _digest_in_short(count: int, lines: Sequence[_DigestLine]) -> str:
    """For an SMS or a call: no subject, which may hold anything."""
    words = ngettext("%(count)s notification", "%(count)s notifications", count) % {"count": count}
    if not lines:
        return words
    first = lines[0].ticket
    return f"{words}: {priority_of(first)} {first.number}"


def _paragraph(line: _DigestLine) -> str:
    ticket = line.ticket
    customer = ticket.customer.name if ticket.customer else _("unknown company")
    what = line.what
    if line.due_at is not None:
        what = f"{what} · " + _("Due: %(time)s") % {"time": moment(line.due_at)}
    head = f"{priority_of(ticket)} {ticket.number} {ticket.subject} ({customer})"
    return "\n".join((head, what, link_to(ticket), *line.links))


def _and_more(count: int) -> list[str]:
    if count <= 0:
        return []
    words = ngettext("and %(count)s more ticket", "and %(count)s more tickets", count) % {"count": count}
    return [f"{words}: {settings.SITE_URL}{reverse('admin:index')}"]


def _facts(
    kind: str, subject: str, text: str, tickets: list[dict[str, Any]], *, urgent: bool
) -> dict[str, Any]:
    """The body of a webhook; sending.webhook says what its fields mean."""
    return {
        "version": 1,
        "event": "notification",
        "kind": kind,
        "urgent": urgent,
        "subject": subject,
        "text": text,
        "tickets": tickets,
    }


def _fact(line: _DigestLine) -> dict[str, Any]:
    ticket, due_at = line.ticket, line.due_at
    return {
        "number": ticket.number,
        "priority": priority_of(ticket),
        "subject": ticket.subject,
        "customer": ticket.customer.name if ticket.customer else "",
        "url": link_to(ticket),
        "due_at": due_at.isoformat() if due_at is not None else None,
        "what": line.what,
    }
