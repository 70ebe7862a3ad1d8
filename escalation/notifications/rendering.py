"""Renders a notification, or a digest of several, for its reader: subject, text, short text, facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.models import Customer
from customers.names import name_of
from customers.phrases import clauses, labelled, listed, noted
from customers.times import as_read_by, near_zoned, reader_of, time_left
from escalation.choices import NoticeKind
from escalation.clocks.acknowledgements import PAGES
from escalation.models import DutyRota, Notification
from escalation.notifications.acknowledge_links import ack_link
from escalation.notifications.channels.payload import MessageTexts
from escalation.notifications.group_wording import customer_text_of
from escalation.notifications.wording import (
    Notice,
    customer_of,
    link_to,
    priority_of,
    short_text_of,
    subject_of,
    text_of,
)
from escalation.policies.terms import contract_in_force
from tickets.models import Ticket

# A digest lists this many tickets, and only counts the others.
MOST_LISTED = 50
OWN = (
    NoticeKind.PAGED,
    NoticeKind.ESCALATED_TO_YOU,
)  # notices that may name their own recipient as the other person
RELATED = (
    "ticket__customer",
    "ticket__owner",
    "clock",
    "other__staff_profile",
    "escalation__by",
    "recipient",
)


@dataclass(frozen=True)
class Reader:
    """Language and zone of a reader. A customer gets nothing internal."""

    language: str
    zone: str
    is_customer: bool = False


def reader_for(of: User | DutyRota | Customer, *, at: datetime) -> Reader:
    """The reader of a notification. For a customer: language and zone of the contract in force at ``at`` (UTC)."""
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


def render(rows: Sequence[Notification], reader: Reader, *, at: datetime) -> MessageTexts:
    """Render one notification, or several as a digest, with the time left at ``at`` (UTC)."""
    with as_read_by(reader.language, reader.zone):
        return _render_one(rows[0], reader, at) if len(rows) == 1 else _render_digest(rows, reader, at)


def _render_one(row: Notification, reader: Reader, at: datetime) -> MessageTexts:
    row = Notification.objects.select_related(*RELATED).get(pk=row.pk)
    notice = _notice_of(row)
    if reader.is_customer:
        text = customer_text_of(notice, at=row.created_at)
        return _for_customer(row.ticket.subject if row.ticket else "", text, urgent=row.is_urgent)
    links = _links_of(row)
    subject, text = subject_of(notice, at=at), text_of(notice, at=at, links=links)
    lines = [_TicketLine(row.ticket, [notice])] if row.ticket is not None else []
    facts = _facts(row.kind, subject, text, lines, urgent=row.is_urgent)
    return MessageTexts(subject, text, short_text_of(notice, at=at), facts, _tokens(links))


def _notice_of(row: Notification) -> Notice:
    fired = row.escalation
    by, reason = (fired.by, fired.reason) if fired is not None else (None, "")
    is_own = row.kind in OWN and row.other_id == row.recipient_id
    other = None if is_own else row.other
    return Notice(NoticeKind(row.kind), row.ticket, row.clock, other, row.detail or reason, by)


def _links_of(row: Notification) -> tuple[str, ...]:
    """The acknowledgement link, as a line of its own; none if the reader is not paged."""
    if row.recipient is None or row.escalation is None or row.kind not in PAGES:
        return ()
    return (_("Acknowledge: %(link)s") % {"link": ack_link(user=row.recipient, escalation=row.escalation)},)


def _for_customer(subject: str, text: str, *, urgent: bool) -> MessageTexts:
    """The customer's text. The webhook of a customer gets it too, but no tickets."""
    return MessageTexts(subject, text, text, _facts("notice", subject, text, [], urgent=urgent))


@dataclass
class _TicketLine:
    """The data of a ticket that a message shows."""

    ticket: Ticket
    notices: list[Notice] = field(default_factory=list)
    links: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.number, self.priority = self.ticket.number, priority_of(self.ticket)
        self.url = link_to(self.ticket)

    @property
    def name(self) -> str:
        return f"{self.priority} {self.number}"

    @property
    def due_at(self) -> datetime | None:
        return min((notice.clock.due_at for notice in self.notices if notice.clock is not None), default=None)

    @property
    def what(self) -> str:
        return listed(dict.fromkeys(str(notice.kind.label) for notice in self.notices))


def _render_digest(rows: Sequence[Notification], reader: Reader, at: datetime) -> MessageTexts:
    keys, urgent = [row.pk for row in rows], any(row.is_urgent for row in rows)
    tickets = _most_pressing(keys)
    lines = _lines(keys, tickets[:MOST_LISTED])
    if reader.is_customer:
        text = "\n".join(customer_text_of(line.notices[-1], at=rows[-1].created_at) for line in lines)
        subject = ngettext("%(count)s ticket", "%(count)s tickets", len(tickets)) % {"count": len(tickets)}
        return _for_customer(subject, text, urgent=urgent)
    # Replaces the ticket's subject, which may contain anything, in an SMS or a call.
    short = ngettext("%(count)s notification", "%(count)s notifications", len(rows)) % {"count": len(rows)}
    if lines:
        short = labelled(short, lines[0].name)
    subject = f"{short} {lines[0].ticket.subject}" if lines else short
    without_ticket = [text_of(_notice_of(row), at=at) for row in rows if row.ticket_id is None]
    paragraphs = [*(_paragraph(line, at) for line in lines), *without_ticket[:MOST_LISTED]]
    unlisted = len(tickets) - MOST_LISTED
    if unlisted > 0:
        words = ngettext("and %(count)s more ticket", "and %(count)s more tickets", unlisted) % {
            "count": unlisted
        }
        paragraphs.append(labelled(words, settings.SITE_URL + reverse("admin:index")))
    text = "\n\n".join(paragraphs)
    facts = _facts("digest", subject, text, lines, urgent=urgent)
    return MessageTexts(subject, text, short, facts, _tokens([link for line in lines for link in line.links]))


def _most_pressing(keys: Sequence[int]) -> list[int]:
    """The tickets of these notifications: P0 first, then by due time."""
    rows = Notification.objects.filter(pk__in=keys, ticket__isnull=False)
    tickets = sorted(
        rows.values_list("ticket__priority", "clock__due_at", "ticket_id"),
        key=lambda row: (row[0], row[1] is None, row[1] or 0, row[2]),
    )
    return list(dict.fromkeys(pk for _priority, _due, pk in tickets))


def _lines(keys: Sequence[int], tickets: Sequence[int]) -> list[_TicketLine]:
    """A line for each ticket, in the order given."""
    rows = Notification.objects.filter(pk__in=keys, ticket__in=tickets).order_by("pk")
    lines: dict[int, _TicketLine | None] = dict.fromkeys(tickets)
    for row in rows.select_related(*RELATED):
        if row.ticket is not None:
            line = lines[row.ticket.pk] = lines[row.ticket.pk] or _TicketLine(row.ticket)
            line.notices.append(_notice_of(row))
            line.links = _links_of(row) or line.links
    return [line for line in lines.values() if line is not None]


def _paragraph(line: _TicketLine, at: datetime) -> str:
    ticket = line.ticket
    head = noted(f"{line.name} {ticket.subject}", customer_of(ticket))
    facts = [line.what, _("Owner: %(name)s") % {"name": name_of(ticket.owner)}]
    if line.due_at is not None:
        due = clauses([near_zoned(line.due_at, at), time_left(line.due_at, at)])
        facts.append(_("Due: %(time)s") % {"time": due})
    return "\n".join((head, " · ".join(facts), line.url, *line.links))


def _tokens(links: Sequence[str]) -> tuple[str, ...]:
    """The last part of each link, a secret: chat services may repeat a message, and colleagues read their responses."""
    return tuple(link.rstrip("/").rpartition("/")[2] for link in links)


def _facts(
    kind: str, subject: str, text: str, lines: Sequence[_TicketLine], *, urgent: bool
) -> dict[str, Any]:
    """The body of a webhook; channels.webhook documents its fields."""
    tickets = [
        {
            "number": line.number,
            "priority": line.priority,
            "subject": line.ticket.subject,
            "customer": line.ticket.customer.name if line.ticket.customer else "",
            "url": line.url,
            "due_at": line.due_at.isoformat() if line.due_at is not None else None,
            "what": line.what,
        }
        for line in lines
    ]
    return {
        "version": 1,
        "event": "notification",
        "kind": kind,
        "urgent": urgent,
        "subject": subject,
        "text": text,
        "tickets": tickets,
    }
