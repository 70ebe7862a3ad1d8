"""The text of a hand-over: the rota's open promises, the outgoing person's tickets, and who was told about them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from customers.names import name_of
from customers.phrases import listed
from customers.times import moment, near_zoned, time_left
from escalation.choices import ClockState
from escalation.models import Clock, DutyRota, Notification
from escalation.notifications.wording import customer_of
from tickets.access import visible_tickets
from tickets.choices import Priority
from tickets.models import Ticket

MOST = 40  # tickets in one mail
URGENT = (Priority.P0, Priority.P1)


@dataclass(frozen=True)
class DigestTicket:
    """One ticket, the promise on it that falls due next, if any, and the names of the people told about it.

    ``of_rota``: a P0 or P1 under a policy of this rota, which concerns everybody on duty.
    """

    ticket: Ticket
    clock: Clock | None = None
    told: Sequence[str] = field(default=())
    of_rota: bool = False


@dataclass(frozen=True)
class Digest:
    """Urgent tickets come first; ``more`` tickets did not fit."""

    rota: DutyRota
    at: datetime
    outgoing: User
    incoming: User
    items: Sequence[DigestTicket]
    more: int = 0


def digest_of(rota: DutyRota, at: datetime, outgoing: User, incoming: User) -> Digest:
    """The digest for both readers; ``for_reader`` leaves out the tickets that one may not see. Three queries."""
    clocks = _nearest_clocks(rota, outgoing)
    held = Ticket.objects.active().filter(owner=outgoing).exclude(pk__in=clocks.keys())
    held = held.select_related("customer", "owner").order_by("priority", "opened_at")
    tickets = [*(clock.ticket for clock in clocks.values()), *held[: MOST + 1]]
    tickets.sort(key=lambda ticket: _urgency(ticket, clocks.get(ticket.pk)))
    shown = tickets[:MOST]
    informed = _informed_people({ticket.pk for ticket in shown})
    items = [_item_of(ticket, clocks.get(ticket.pk), informed.get(ticket.pk, ()), rota) for ticket in shown]
    return Digest(rota, at, outgoing, incoming, items, more=len(tickets) - len(shown))


def _item_of(ticket: Ticket, clock: Clock | None, informed: Sequence[str], rota: DutyRota) -> DigestTicket:
    served = clock is not None and clock.policy_version.policy.duty_rota_id == rota.pk
    return DigestTicket(ticket, clock, informed, of_rota=served and ticket.priority in URGENT)


def for_reader(digest: Digest, reader: User) -> Digest:
    """The rota's urgent tickets, and those of the others that the reader may see in the desk."""
    others = [item.ticket.pk for item in digest.items if not item.of_rota]
    if not others or reader == digest.outgoing:
        return digest
    seen = set(visible_tickets(reader).filter(pk__in=others).values_list("pk", flat=True))
    items = [item for item in digest.items if item.of_rota or item.ticket.pk in seen]
    return replace(digest, items=items, more=0)


def _nearest_clocks(rota: DutyRota, outgoing: User) -> Mapping[int, Clock]:
    """For tickets of the outgoing person and the rota's P0 and P1: by ticket, the promise that falls due first."""
    urgent = Q(policy_version__policy__duty_rota=rota, ticket__priority__in=URGENT)
    clocks = Clock.objects.ticking().filter(Q(ticket__owner=outgoing) | urgent)
    clocks = clocks.select_related("ticket__customer", "ticket__owner", "policy_version__policy")
    nearest: dict[int, Clock] = {}
    for clock in clocks.order_by("ticket__priority", "due_at", "pk")[: 10 * MOST]:
        nearest.setdefault(clock.ticket_id, clock)
    return nearest


def _urgency(ticket: Ticket, clock: Clock | None) -> tuple[object, ...]:
    due = clock.due_at if clock is not None else ticket.opened_at
    return ticket.priority not in URGENT, ticket.priority, clock is None, due


def _informed_people(tickets: Collection[int]) -> Mapping[int, list[str]]:
    """The names of the people told of each ticket, once each and in order."""
    rows = (
        Notification.objects.filter(ticket__in=tickets)
        .select_related("recipient")
        .order_by("created_at", "pk")
    )
    names: defaultdict[int, dict[str, None]] = defaultdict(dict)
    for row in rows:
        if row.recipient is not None:
            names[row.ticket_id or 0][name_of(row.recipient)] = None
    return {ticket: list(informed) for ticket, informed in names.items()}


def subject_of(digest: Digest) -> str:
    names = {
        "rota": digest.rota.name,
        "before": name_of(digest.outgoing),
        "after": name_of(digest.incoming),
    }
    return _("Handover: %(rota)s, %(before)s → %(after)s") % names


def text_of(digest: Digest) -> str:
    """The whole text, in the active language and zone."""
    return "\n".join(_lines(digest))


def _lines(digest: Digest) -> Iterator[str]:
    yield _("%(after)s has been on duty for %(rota)s since %(time)s, taking over from %(before)s.") % {
        "after": name_of(digest.incoming),
        "before": name_of(digest.outgoing),
        "rota": digest.rota.name,
        "time": moment(digest.at),
    }
    yield ""
    urgent = [item for item in digest.items if item.ticket.priority in URGENT]
    others = [item for item in digest.items if item.ticket.priority not in URGENT]
    if not digest.items:
        yield _("There is nothing open to hand over.")
    if urgent:
        yield _("P0 and P1:")
        yield from _ticket_lines(urgent, digest.at)
    if others:
        yield _("Other tickets owned by %(name)s:") % {"name": name_of(digest.outgoing)}
        yield from _ticket_lines(others, digest.at)
    if digest.more:
        yield ngettext("and %(count)s more.", "and %(count)s more.", digest.more) % {"count": digest.more}
        yield ""
    yield settings.SITE_URL + reverse("admin:escalation_dutyrota_calendar", args=[digest.rota.pk])


def _ticket_lines(items: Sequence[DigestTicket], at: datetime) -> Iterator[str]:
    for item in items:
        yield from _item(item, at)
        yield ""


def _item(item: DigestTicket, at: datetime) -> Iterator[str]:
    ticket = item.ticket
    yield f"{ticket.number} · P{ticket.priority} · {customer_of(ticket)} · {ticket.subject}"
    yield "  " + _("Owner: %(name)s") % {"name": name_of(ticket.owner)}
    yield "  " + _due(item.clock, at)
    if item.told:
        yield "  " + _("Notified: %(names)s") % {"names": listed(item.told)}
    yield "  " + settings.SITE_URL + reverse("admin:tickets_ticket_change", args=[ticket.pk])


def _due(clock: Clock | None, at: datetime) -> str:
    if clock is None:
        return _("Nothing is due: waiting on the customer.")
    words = {
        "promise": clock.get_kind_display(),
        "time": near_zoned(clock.due_at, at),
        "left": time_left(clock.due_at, at),
    }
    if clock.state == ClockState.BREACHED:
        return _("%(promise)s was due at %(time)s, %(left)s.") % words
    return _("%(promise)s is due at %(time)s, %(left)s.") % words
